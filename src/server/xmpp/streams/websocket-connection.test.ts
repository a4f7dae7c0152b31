import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { DOMAIN, StreamWorld } from '../../../../test/support/stream-world.ts';
import { parseElement } from '../../../protocol/xmpp/tokenizer.ts';
import type { TransportLimits } from '../../../transport/limits.ts';
import { WebPort } from '../../../transport/web-port.ts';

const OPEN = `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${DOMAIN}' version='1.0'/>`;
const CLOSE = `<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>`;
const PLAIN = Buffer.from('\0alice\0alice-password').toString('base64');
const ends: Array<() => unknown> = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

class Page {
  readonly socket: WebSocket;
  readonly closed: Promise<{ code: number; reason: string }>;
  readonly #heard: string[] = [];
  #wake: () => void = () => {};

  constructor(url: string) {
    this.socket = new WebSocket(url, 'xmpp');
    this.socket.on('message', (data) => {
      this.#heard.push(String(data));
      this.#wake();
    });
    this.socket.on('error', () => {});
    this.closed = new Promise((resolve) =>
      this.socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })),
    );
  }

  say(text: string | Buffer): void {
    this.socket.send(text);
  }

  async hear(): Promise<string> {
    while (this.#heard.length === 0)
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    return this.#heard.shift() as string;
  }

  async bind(): Promise<void> {
    this.say(OPEN);
    await this.hear();
    await this.hear();
    this.say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${PLAIN}</auth>`);
    await this.hear();
    this.say(OPEN);
    await this.hear();
    await this.hear();
    const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>desk</resource></bind>`;
    this.say(`<iq xmlns='jabber:client' type='set' id='b'>${bind}</iq>`);
    await this.hear();
  }
}

async function serve(transport: Partial<TransportLimits> = {}) {
  const world = await StreamWorld.make({}, transport);
  const port = new WebPort({ origins: [], handshake: 'optional', verify: () => undefined });
  port.registerSubprotocol('xmpp', world.streams.webSockets);
  const bound = await port.listen({ address: '127.0.0.1', port: 0 });
  ends.push(
    () => port.close(),
    () => world.streams.close(),
  );
  const connect = async () => {
    const page = new Page(`ws://127.0.0.1:${bound.port}/`);
    ends.push(() => page.socket.terminate());
    await once(page.socket, 'open');
    return page;
  };
  return { world, connect };
}

const session = (world: StreamWorld) => world.router.bound.get(`alice@${DOMAIN}/desk`)!;
const stanza = (body: string) =>
  parseElement(
    `<message xmlns='jabber:client' from='bob@${DOMAIN}' to='alice@${DOMAIN}/desk'><body>${body}</body></message>`,
  );

test('a page logs in, speaks and is spoken to, each element in a message that stands for itself', async () => {
  const { world, connect } = await serve();
  const page = await connect();
  await page.bind();
  page.say(`<message xmlns='jabber:client' to='bob@${DOMAIN}'><body>Grüße, 世界 🎈</body></message>`);
  page.say(`<iq xmlns='jabber:client' type='set' id='s'><session xmlns='urn:ietf:params:xml:ns:xmpp-session'/></iq>`);
  expect(await page.hear()).toContain(`id='s'`);
  expect(world.router.received[0]?.childText('body')).toBe('Grüße, 世界 🎈');
  for (const length of [10, 500, 70_000]) {
    session(world).send(stanza('ü'.repeat(length)));
    const heard = parseElement(await page.hear());
    expect(heard.is('message', 'jabber:client')).toBe(true);
    expect(heard.childText('body')).toBe('ü'.repeat(length));
  }
});

test('the features and errors of a stream have the prefix that clients look for', async () => {
  const { connect } = await serve();
  const page = await connect();
  page.say(OPEN);
  expect(await page.hear()).toMatch(/^<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' .*version='1.0'/);
  expect(await page.hear()).toMatch(/^<stream:features xmlns:stream='http:\/\/etherx.jabber.org\/streams'>/);
  page.say(`<message xmlns='jabber:client'/>`);
  expect(await page.hear()).toMatch(/^<stream:error xmlns:stream=/);
  expect(await page.hear()).toBe(CLOSE);
  expect((await page.closed).code).toBe(1000);
});

test('a page that closes its stream is answered, and the session ends', async () => {
  const { world, connect } = await serve();
  const page = await connect();
  await page.bind();
  page.say(CLOSE);
  expect(await page.hear()).toBe(CLOSE);
  await page.closed;
  expect(world.router.log.at(-1)).toBe(`ended alice@${DOMAIN}/desk`);
});

test.each([
  ['binary', Buffer.from(OPEN), 'bad-format'],
  ['no XML', 'hello', 'not-well-formed'],
  ['two elements', `${OPEN}${OPEN}`, 'not-well-formed'],
  ['a declaration', `<?xml version='1.0'?>${OPEN}`, 'not-well-formed'],
  [
    'a stream of TCP',
    `<stream:stream xmlns:stream='http://etherx.jabber.org/streams' to='${DOMAIN}'>`,
    'not-well-formed',
  ],
])('a message that is %s ends the stream, after a stream header of ours', async (_, message, condition) => {
  const { connect } = await serve();
  const page = await connect();
  page.say(message);
  expect(await page.hear()).toMatch(/^<open /);
  expect(await page.hear()).toContain(`<${condition} `);
  expect((await page.closed).code).toBe(1000);
});

test('a page that does not read is cut with 1008, and the rest is not held up', async () => {
  const { world, connect } = await serve({ queuedBytes: 100_000 });
  const page = await connect();
  await page.bind();
  page.socket.pause();
  for (let i = 0; i < 200 && session(world) !== undefined; i++) {
    session(world).send(stanza('x'.repeat(50_000)));
    if (i % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  expect(session(world)).toBeUndefined();
  page.socket.resume();
  expect(await page.closed).toEqual({ code: 1008, reason: 'You do not read what is sent to you.' });
});

test('a page is pinged, and is gone when it does not answer', async () => {
  const { world, connect } = await serve({ pingInterval: 100 });
  const page = await connect();
  await page.bind();
  await once(page.socket, 'ping');
  expect(world.streams.metrics()).toMatchObject({ connections: 1, sessions: 1, held: 0 });
  page.socket.pause();
  const gone = Date.now() + 5_000;
  while (world.router.bound.size > 0 && Date.now() < gone) await new Promise((resolve) => setTimeout(resolve, 20));
  expect(world.router.bound.size).toBe(0);
});

test('while a login is being judged nothing else is read, and nothing is lost', async () => {
  const { connect } = await serve();
  const page = await connect();
  page.say(OPEN);
  page.say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${PLAIN}</auth>`);
  page.say(OPEN);
  page.say(`<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`);
  const names: string[] = [];
  while (names.at(-1) !== 'iq') names.push(parseElement(await page.hear()).name);
  expect(names).toEqual(['open', 'features', 'success', 'open', 'features', 'iq']);
});
