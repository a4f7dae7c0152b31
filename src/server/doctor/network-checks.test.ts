import { X509Certificate } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { testCertificate } from '../../../test/support/certificate.ts';
import { healthyHost, OUTWARD } from '../../../test/support/healthy-host.ts';
import { nativeClock } from '../../transport/clock.ts';
import { primitives } from '../../transport/primitives.ts';
import { StunServer } from '../turn/stun-server.ts';
import { TurnServer, type TurnServerOptions } from '../turn/turn-server.ts';
import type { Check, Examination, Port } from './examination.ts';
import { media } from './media.ts';
import { ports } from './ports.ts';
import { pingRtpengine } from './rtpengine-ping.ts';
import { hostSystem, type System } from './system.ts';
import { tls } from './tls.ts';
import { turn } from './turn.ts';

const closers: Array<() => unknown> = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const titles = async (check: Check, examination: Examination) =>
  (await check(examination)).map(({ outcome, title }) => `${outcome}: ${title}`);

/** A TURN server on UDP and TCP of loopback, and the examination of its host. */
async function turnHost(options: Partial<TurnServerOptions> = {}, software = 'Chappe 0'): Promise<Examination> {
  const server = new TurnServer({
    realm: 'example.test',
    credentials: {
      keys: (username) =>
        username === 'doctor'
          ? { keys: [primitives.hash('md5', 'doctor:example.test:right')], account: 'doctor' }
          : undefined,
    },
    primitives,
    clock: nativeClock,
    binding: new StunServer({ software }).respond,
    relay: {
      addresses: [{ family: 4, bind: '127.0.0.1', advertised: '127.0.0.1' }],
      ports: { first: 30_000, last: 39_999 },
    },
    ...options,
  });
  closers.push(() => server.close());
  const at = { address: '127.0.0.1', port: 0 };
  const udp = (await server.listenUdp(at)).endpoint;
  const tcp = (await server.listenTcp(at)).endpoint;
  const port = (transport: string, endpoint: { address: string; port: number }): Port => ({
    key: 'turn.listen',
    listen: { transport, ...endpoint },
    configured: true,
  });
  return {
    ...healthyHost(),
    system: hostSystem,
    ports: [port('udp', udp), port('tcp', tcp)],
    running: true,
    inside: false,
    credential: { username: 'doctor', password: 'right' },
  };
}

test('TURN relays a packet over UDP and TCP', async () => {
  const host = await turnHost();
  const found = await turn(host);
  expect(found).toMatchObject([{ outcome: 'ok', title: 'TURN relays' }]);
  for (const { listen } of host.ports)
    expect(found[0]?.meaning).toContain(`${listen.transport}:127.0.0.1:${listen.port}`);
  expect(await titles(ports, host)).toEqual(['ok: Every port answers']);
});

test('TURN that refuses the credential, has no port left, may not reach itself, or says nothing', async () => {
  const host = await turnHost();
  const wrong = { ...host, credential: { username: 'doctor', password: 'wrong' } };
  const twice = (title: string) => [`${title}`, `${title}`];
  expect(await titles(turn, wrong)).toEqual(twice('problem: TURN refuses its own credential'));
  expect(await titles(turn, await turnHost({ denyPeers: ['127.0.0.1'] }))).toEqual(
    twice('warning: TURN may not relay to itself'),
  );
  expect(await titles(turn, await turnHost({ limits: { allocationsPerAccount: 0 } }))).toEqual(
    twice('problem: TURN has no room'),
  );
  closers[0]!(); // the first server
  expect(await titles(turn, { ...host, ports: host.ports.slice(0, 1) })).toEqual(['problem: TURN does not answer']);
});

test('packets that are relayed nowhere are told', async () => {
  const host = await turnHost();
  const open: System['open'] = async (target) => {
    const wire = await hostSystem.open(target);
    const isSend = (octets: Uint8Array) => octets[0] === 0 && octets[1] === 0x16;
    const { send } = wire;
    wire.send = (octets) => void (isSend(octets) || send(octets));
    return wire;
  };
  const found = await turn({ ...host, system: { ...hostSystem, open }, ports: host.ports.slice(0, 1) });
  expect(found).toMatchObject([{ outcome: 'problem', title: 'Relayed packets do not come back' }]);
});

test('no server runs: nothing is asked', async () => {
  expect(await titles(turn, healthyHost())).toEqual(['ok: TURN is not looked at']);
});

test('ports: free, taken by others, another Chappe, not this machine’s', async () => {
  const stranger = createServer((socket) =>
    socket
      .on('error', () => {})
      .resume()
      .end('220 mail\r\n'),
  );
  stranger.listen(0, '127.0.0.1');
  await once(stranger, 'listening');
  closers.push(() => stranger.close());
  const host = await turnHost();
  const at = (address: string, port: number, configured = true): Port => ({
    key: 'sip.listen',
    listen: { transport: 'tcp', address, port },
    configured,
  });
  const taken = at('127.0.0.1', (stranger.address() as AddressInfo).port);
  const idle = { ...host, running: false };
  expect(await titles(ports, { ...idle, ports: [taken] })).toEqual(['problem: A port is taken']);
  expect(await titles(ports, { ...idle, ports: [{ ...taken, configured: false }] })).toEqual([
    'warning: A port is taken',
  ]);
  expect(await titles(ports, { ...idle, ports: [host.ports[0]!] })).toEqual(['problem: Another server is at a port']);
  expect(await titles(ports, { ...idle, ports: [at('192.0.2.1', 5060)] })).toEqual([
    "problem: An address is not this machine's",
  ]);
  expect(await titles(ports, { ...idle, ports: [at('127.0.0.1', 0)] })).toEqual(['ok: Any port will do']);
  expect(await titles(ports, { ...host, ports: [taken] })).toEqual(['problem: A port is taken']);
  stranger.close();
  await once(stranger, 'close');
  expect(await titles(ports, { ...idle, ports: [taken] })).toEqual(['ok: Every port is free']);
  expect(await titles(ports, { ...host, ports: [taken] })).toEqual(['problem: A port is not served']);
  expect(await titles(ports, { ...host, inside: true, ports: [taken] })).toEqual(['problem: A port does not answer']);
});

test('a STUN server of another make is not taken for this one', async () => {
  const host = await turnHost({}, 'Coturn-4.6');
  expect(await titles(ports, { ...host, ports: host.ports.slice(0, 1) })).toEqual(['problem: A port is taken']);
});

test('an rtpengine that answers, and one that does not', async () => {
  const daemon = createSocket('udp4');
  daemon.on('message', (message, { port }) => {
    const cookie = String(message).split(' ')[0];
    daemon.send(`${cookie} d6:result4:ponge`, port, '127.0.0.1');
  });
  daemon.bind(0, '127.0.0.1');
  await once(daemon, 'listening');
  closers.push(() => daemon.close());
  const url = `udp://127.0.0.1:${daemon.address().port}`;
  const host = healthyHost({ CHAPPE_MEDIA_ENGINE: 'rtpengine', CHAPPE_MEDIA_URL: url }, { pingRtpengine });
  expect(await titles(media, host)).toEqual(['ok: rtpengine answers']);
  const both = healthyHost(
    { CHAPPE_MEDIA_ENGINE: 'rtpengine', CHAPPE_MEDIA_URL: [url, 'udp://127.0.0.1:9'] },
    { pingRtpengine: async (each) => each === url },
  );
  expect(await titles(media, both)).toEqual(['ok: rtpengine answers', 'warning: rtpengine does not answer']);
  daemon.removeAllListeners('message');
  expect(await titles(media, host)).toEqual(['problem: rtpengine does not answer']);
});

const { cert, key } = testCertificate();
const begun = new X509Certificate(cert).validFromDate.getTime();
const DAY = 24 * 3_600_000;

function tlsHost(now: number, config: Record<string, unknown> = {}, files: Record<string, string> = {}): Examination {
  const read = (path: string) =>
    files[path] ?? ({ '/cert.pem': cert, '/key.pem': key } as Record<string, string>)[path];
  const host = healthyHost({ ...OUTWARD, CHAPPE_PUBLIC_HOST: 'example.test', ...config }, { now: () => now, read });
  return {
    ...host,
    configuration: {
      ...host.configuration,
      web: { ...host.configuration.web, tls: { cert: '/cert.pem', key: '/key.pem' } },
    },
  };
}

test('a certificate signed by itself, for its names, in its time', async () => {
  const own = 'warning: The certificate is signed by itself';
  expect(await titles(tls, tlsHost(begun + DAY))).toEqual([own]);
  expect(await titles(tls, tlsHost(begun - DAY))).toEqual(['problem: The certificate is not valid yet', own]);
  expect(await titles(tls, tlsHost(begun + 20 * DAY))).toEqual(['warning: The certificate expires soon', own]);
  expect(await titles(tls, tlsHost(begun + 60 * DAY))).toEqual(['problem: The certificate has expired', own]);
  expect(await titles(tls, tlsHost(begun + DAY, { CHAPPE_PUBLIC_HOST: 'other.test' }))).toEqual([
    'problem: The certificate is for another name',
    own,
  ]);
  expect(await titles(tls, tlsHost(begun + DAY, {}, { '/cert.pem': 'nothing' }))).toEqual([
    'problem: The certificate cannot be read',
  ]);
});

test('plain HTTP that others reach is warned of', async () => {
  expect(await titles(tls, healthyHost(OUTWARD))).toEqual(['warning: The web port speaks plain HTTP']);
  expect(await titles(tls, healthyHost())).toEqual(['ok: No TLS is needed']);
});

test('a public address that does not lead back is one finding, whatever the number of ports', async () => {
  const host = healthyHost({ ...OUTWARD, CHAPPE_PUBLIC_ADDRESS: '198.51.100.1' });
  const found = await turn({ ...host, running: true, credential: { username: 'a', password: 'b' } });
  const [first, ...more] = found.filter(({ title }) => title === 'The public address does not lead back here');
  expect(more).toEqual([]);
  for (const place of ['tcp:198.51.100.1:443', 'ws:198.51.100.1:443', 'udp:198.51.100.1:3478', 'tcp:198.51.100.1:3478'])
    expect(first?.meaning).toContain(place);
});
