// BOSH over real HTTP, on connections that break wherever they like, and with those who mean harm.
import { connect, createServer, type Server } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { parseElement } from '../../src/protocol/xmpp/tokenizer.ts';
import { BoshClient } from '../support/bosh-client.ts';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { RawXmpp } from '../support/raw-xmpp.ts';

let server: Chappe;
let proxy: Server;
let bob: RawXmpp;
/** Octets of the server's that the next connections through the proxy let pass before they break; none: all. */
const cuts: number[] = [];

beforeAll(async () => {
  server = await startChappe();
  const { hostname, port } = new URL(server.ready.web);
  proxy = createServer((near) => {
    const far = connect(Number(port), hostname);
    let left = cuts.shift() ?? Number.POSITIVE_INFINITY;
    const cut = () => {
      near.destroy();
      far.destroy();
    };
    near
      .on('data', (data) => far.write(data))
      .on('close', cut)
      .on('error', cut);
    far
      .on('close', cut)
      .on('error', cut)
      .on('data', (data) => {
        near.write(data.subarray(0, left));
        left -= data.length;
        if (left <= 0) near.end(cut);
      });
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  const xmpp = Number(server.ready.xmpp[0]?.split(':').at(-1));
  bob = await RawXmpp.bind(xmpp, 'bob', 'tcp');
});
afterAll(async () => {
  bob?.end();
  proxy?.close();
  await server?.stop();
});

const post = (port: number) => async (body: string) => {
  const response = await fetch(`http://127.0.0.1:${port}/http-bind`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'text/xml; charset=utf-8', connection: 'close' },
  });
  return response.text();
};
const direct = (body: string) => post(Number(new URL(server.ready.web).port))(body);
const throughProxy = (body: string) => post((proxy.address() as { port: number }).port)(body);

test('on connections that break anywhere in a response, every message arrives once and in order, both ways', async () => {
  const alice = new BoshClient(throughProxy);
  await alice.bind('example.test', 'alice', 'alice-password', 'page');
  await alice.ask('', "<presence xmlns='jabber:client'/>");
  const count = 60;
  const responses = new Map<number, string>();
  let breaks = 0;
  /** As a client does: the same request again, until its response is whole. */
  const request = async (payload = '') => {
    const rid = alice.rid;
    const body = alice.body('', payload);
    for (;;) {
      try {
        responses.set(rid, await alice.post(body));
        return;
      } catch {
        breaks += 1;
      }
    }
  };
  const texts = () =>
    [...responses]
      .sort(([a], [b]) => a - b)
      .flatMap(([, text]) => parseElement(text).elements('message', 'jabber:client'))
      .map((message) => message.childText('body') ?? '');
  // Before a response, within its head, within its body; and none.
  for (let i = 0; i < count; i++) cuts.push([1, 40, 400, 100_000, 560][i % 5] as number);
  let poll = request();
  for (let i = 0; i < count; i++) {
    bob.say(`<message to='alice@example.test/page' type='chat' id='d${i}'><body>down ${i}</body></message>`);
    const up = request(
      `<message xmlns='jabber:client' to='bob@example.test/tcp' type='chat' id='u${i}'><body>up ${i}</body></message>`,
    );
    await poll;
    poll = up;
  }
  while (texts().length < count) {
    const next = request();
    await poll;
    poll = next;
  }
  expect(breaks).toBeGreaterThan(count / 4);
  expect(texts()).toEqual(Array.from({ length: count }, (_, i) => `down ${i}`));
  const heard = await bob.hear(new RegExp(`up ${count - 1}</body>`));
  const all = [...heard.matchAll(/<body>up (\d+)<\/body>/g)].map((match) => Number(match[1]));
  expect(all).toEqual(Array.from({ length: count }, (_, i) => i));
  const end = alice.ask("type='terminate'");
  await poll;
  await end;
});

test('a session that is used by two at once ends for both, and nobody else feels it', async () => {
  const alice = new BoshClient(direct);
  await alice.bind('example.test', 'alice', 'alice-password', 'page');
  const thief = new BoshClient(direct);
  thief.sid = alice.sid;
  thief.rid = alice.rid + 100;
  const poll = alice.ask();
  expect((await thief.ask('', '<a/>')).attributes['condition']).toBe('item-not-found');
  await poll;
  expect((await alice.ask()).attributes['type']).toBe('terminate');
  bob.say(`<iq type='get' id='still' to='example.test'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await bob.hear(/id='still'/);
});

test('many sessions that never log in, and requests that never end, cost others nothing', async () => {
  const { hostname, port } = new URL(server.ready.web);
  const halves = Array.from({ length: 50 }, () => {
    const socket = connect(Number(port), hostname);
    socket.on('error', () => {});
    socket.write(
      `POST /http-bind HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\nContent-Length: 1000\r\n\r\n<body`,
    );
    return socket;
  });
  await Promise.all(Array.from({ length: 300 }, () => new BoshClient(direct).begin('example.test')));
  const began = performance.now();
  const alice = new BoshClient(direct);
  expect(await alice.bind('example.test', 'alice', 'alice-password', 'page')).toBe('alice@example.test/page');
  expect(performance.now() - began).toBeLessThan(2_000);
  for (const socket of halves) socket.destroy();
});
