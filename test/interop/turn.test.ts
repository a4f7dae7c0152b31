// coturn's test client against the running server, and what both servers answer to the same requests.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as turn from '../../src/protocol/turn/numbers.ts';
import { type Chappe, secret, startChappe } from '../support/chappe.ts';
import { type Coturn, runUclient, startCoturn, startUdpEcho } from '../support/coturn.ts';
import { describeWith } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { echoPeer, TurnTestClient, tcpWire, udpWire, type Wire, webSocketWire } from '../support/turn-client.ts';
import {
  channel,
  channelData,
  ephemeralUser,
  evenPort,
  family,
  request,
  requestedTransport,
  seconds,
} from '../support/turn-messages.ts';

const PEERS = ['turnutils_uclient', 'turnutils_peer', 'turnserver'] as const;

function turnConfig(port: number, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { turn: { listen: [`udp:127.0.0.1:${port}`, `tcp:127.0.0.1:${port}`], ...more } };
}

describeWith(PEERS, "coturn's client", () => {
  let port: number;
  let server: Chappe;
  let echo: Awaited<ReturnType<typeof startUdpEcho>>;
  beforeAll(async () => {
    port = await freePort();
    // Both families: with -Z the client refreshes now the one, now the other, and 443 is for one that was not allocated.
    const relay = { address: ['127.0.0.1', '::1'] };
    server = await startChappe({ config: turnConfig(port, { relay, allowPeers: ['127.0.0.0/8'] }) });
    echo = await startUdpEcho();
  });
  afterAll(async () => {
    await Promise.all([server?.stop(), echo?.stop()]);
  });

  for (const [title, flags] of [
    ['over UDP by channels', '-c'],
    ['over UDP by indications', '-s -c'],
    ['over UDP with DONT-FRAGMENT', '-s -c -g'],
    ['over TCP by channels', '-t -c'],
    ['over TCP by indications', '-t -s -c'],
    ['over UDP with even ports and RTCP', ''],
    ['over UDP with both address families', '-Z'],
    ['over UDP with padded channels', '-c -D'],
  ] as const) {
    test(`${title}: every message comes back from the peer`, async () => {
      const result = await runUclient({ port, flags: `${flags} -e 127.0.0.1 -r ${echo.port}`.trim(), secret });
      expect(result, result.output).toMatchObject({ code: 0, sent: 100, received: 100 });
    });
  }

  test('over UDP with many more requests: every message comes back from the peer', async () => {
    // It also binds channels of random numbers, and gives up if one of them is bound already: a 400 (RFC 8656 section 12.2), one
    // run in some dozens. Then it draws again.
    const taken = /channel bind: error 400/;
    const draw = () => runUclient({ port, flags: `-c -G -e 127.0.0.1 -r ${echo.port}`, secret });
    let result = await draw();
    for (let again = 0; again < 3 && taken.test(result.output); again++) result = await draw();
    expect(result, result.output).toMatchObject({ code: 0, sent: 100, received: 100 });
  });

  for (const [title, flags] of [
    ['over UDP by channels', '-y -c'],
    ['over UDP by indications', '-y -s -c'],
    ['over TCP by channels', '-y -t -c'],
    ['over UDP with even ports and RTCP', '-y'],
  ] as const) {
    test(`${title}: client to client, every message arrives`, async () => {
      const result = await runUclient({ port, flags, secret });
      expect(result.received, result.output).toBe(result.sent);
      expect(result.received).toBeGreaterThanOrEqual(100);
    });
  }

  test('an account gets in with its password, and not with another', async () => {
    const good = await runUclient({ port, flags: '-y -c', user: 'alice', password: 'alice-password' });
    expect(good.received, good.output).toBe(100);
    const bad = await runUclient({ port, flags: '-y -c', user: 'alice', password: 'bob-password' });
    expect(bad.received).toBe(0);
    expect(bad.output).toContain('Cannot complete Allocation');
  });
});

test('over a WebSocket, whatever its path, a client is relayed to a peer and back', async () => {
  const server = await startChappe({ config: turnConfig(await freePort(), { allowPeers: ['127.0.0.0/8'] }) });
  const peer = await echoPeer();
  const wire = await webSocketWire(`${server.ready.ws}/anything`);
  try {
    const client = new TurnTestClient(wire, { username: 'alice', password: 'alice-password' });
    expect((await client.allocate()).relayed.address).toBe('127.0.0.1');
    expect((await client.permit(peer)).isSuccess).toBe(true);
    expect((await client.ask(turn.CHANNEL_BIND, [channel(0x4001), { peer }])).isSuccess).toBe(true);
    for (let i = 0; i < 100; i++) {
      wire.send(channelData(0x4001, `message ${i}`));
      expect(Buffer.from(await client.next())).toEqual(channelData(0x4001, `MESSAGE ${i}`));
    }
  } finally {
    wire.close();
    peer.close();
    await server.stop();
  }
});

describeWith(PEERS, "coturn's client over TLS and on the web port", () => {
  let tlsPort: number;
  let webPort: number;
  let server: Chappe;
  const file = (name: string) => fileURLToPath(new URL(`../fixtures/tls/localhost.${name}.pem`, import.meta.url));
  beforeAll(async () => {
    tlsPort = await freePort();
    webPort = await freePort();
    server = await startChappe({
      config: {
        web: { listen: `127.0.0.1:${webPort}`, tls: { cert: file('cert'), key: file('key') } },
        turn: { listen: ['udp:127.0.0.1:0', `tls:127.0.0.1:${tlsPort}`] },
      },
    });
  });
  afterAll(() => server?.stop());

  for (const [title, flags, port] of [
    ['TLS', '-y -c -t -S', () => tlsPort],
    ['TLS on the web port', '-y -c -t -S', () => webPort],
    ['TCP on the web port', '-y -c -t', () => webPort],
  ] as const) {
    test(`${title}: client to client`, async () => {
      const result = await runUclient({ port: port(), flags, secret });
      expect(result, result.output).toMatchObject({ code: 0, sent: 100 });
      // Over TLS this client itself loses what comes close together, from coturn (9 to 18 of 100) as from us.
      expect(result.received, result.output).toBeGreaterThanOrEqual(flags.includes('-S') ? 50 : 100);
    });
  }
});

describeWith(PEERS, 'Chappe and coturn, without allowed peers', () => {
  let port: number;
  let server: Chappe;
  let coturn: Coturn;
  beforeAll(async () => {
    port = await freePort();
    server = await startChappe({ config: turnConfig(port) });
    coturn = await startCoturn({ secret, realm: server.ready.domain });
  });
  afterAll(async () => {
    await Promise.all([server?.stop(), coturn?.stop()]);
  });

  test('clients of ours reach each other all the same, but nothing else here', async () => {
    const result = await runUclient({ port, flags: '-y -c', secret });
    expect(result, result.output).toMatchObject({ code: 0, sent: 100, received: 100 });
  });

  /** The codes of a conversation. Both servers are asked the same. */
  type Conversation = (client: TurnTestClient) => Promise<Array<number | string>>;
  const peer = { address: '198.51.100.9', port: 9 };
  const conversations: Record<string, Conversation> = {
    'a request without a credential': async (client) => [
      (await client.exchange(request(turn.ALLOCATE, [requestedTransport()]))).code,
      (await client.exchange(request(turn.REFRESH))).code,
    ],
    'an allocation, asked for twice, refreshed and deleted': async (client) => [
      (await client.allocate()).code,
      (await client.allocate()).code,
      (await client.ask(turn.REFRESH, [seconds(777)])).lifetime,
      (await client.ask(turn.REFRESH, [seconds(0)])).code,
    ],
    'no or another transport': async (client) => [
      (await client.ask(turn.ALLOCATE)).code,
      (await client.ask(turn.ALLOCATE, [requestedTransport(1)])).code,
    ],
    'requests without an allocation': async (client) => [
      (await client.ask(turn.REFRESH)).code,
      (await client.permit(peer)).code,
      (await client.ask(turn.CHANNEL_BIND, [channel(0x4001), { peer }])).code,
    ],
    permissions: async (client) => [
      (await client.allocate()).code,
      (await client.permit(peer)).code,
      (await client.ask(turn.CREATE_PERMISSION)).code,
      (await client.permit({ address: '127.0.0.1', port: 1 })).code,
      (await client.permit({ address: '2001:db8::1', port: 1 })).code,
    ],
    channels: async (client) => [
      (await client.allocate()).code,
      (await client.ask(turn.CHANNEL_BIND, [channel(0x4001), { peer }])).code,
      (await client.ask(turn.CHANNEL_BIND, [channel(0x4001), { peer }])).code,
      (await client.ask(turn.CHANNEL_BIND, [channel(0x4001), { peer: { ...peer, port: 10 } }])).code,
      (await client.ask(turn.CHANNEL_BIND, [channel(0x4002), { peer }])).code,
      (await client.ask(turn.CHANNEL_BIND, [channel(0x3000), { peer: { ...peer, port: 11 } }])).code,
      (await client.ask(turn.CHANNEL_BIND, [{ peer }])).code,
    ],
    'an even port with its neighbour reserved': async (client) => {
      const answer = await client.allocate([evenPort(true)]);
      return [answer.code, answer.relayed.port % 2, answer.octets(turn.RESERVATION_TOKEN)?.length ?? 'none'];
    },
    'an unknown attribute and an unknown family': async (client) => [
      (await client.ask(turn.ALLOCATE, [requestedTransport(), { type: 0x7ff0, value: new Uint8Array(4) }])).code,
      (await client.ask(turn.ALLOCATE, [requestedTransport(), family(9)])).code,
    ],
    'a stranger in the allocation': async (client) => {
      const first = (await client.allocate()).code;
      client.user = { ...client.user, ...ephemeralUser(secret, 'mallory', 2_000_000_000) };
      return [first, (await client.ask(turn.REFRESH)).code];
    },
  };
  /** Where we do what RFC 8656 says and coturn 4.6 does not: it answers 400 each time. */
  const differences: Record<string, Array<number | string>> = {
    'no or another transport': [400, 442], // section 7.2 step 3
    'requests without an allocation': [437, 437, 437], // section 5
  };

  for (const [transport, wire] of [
    ['UDP', udpWire],
    ['TCP', tcpWire],
  ] as const) {
    describe(transport, () => {
      for (const [title, converse] of Object.entries(conversations)) {
        test(`${title}: the same answers`, async () => {
          const ask = async (at: number): Promise<Array<number | string>> => {
            const connected: Wire = await wire(at);
            try {
              return await converse(new TurnTestClient(connected, ephemeralUser(secret, 'alice', 2_000_000_000)));
            } finally {
              connected.close();
            }
          };
          const ours = await ask(port);
          const theirs = await ask(coturn.port);
          expect(ours).toEqual(differences[title] ?? theirs);
        });
      }
    });
  }
});
