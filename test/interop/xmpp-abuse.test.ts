// What strangers and bad clients can do to XMPP streams of a running server: end their own, and nothing else. All the while
// two others talk.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { testCertificate } from '../support/certificate.ts';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { RawXmpp } from '../support/raw-xmpp.ts';

const folder = mkdtempSync(join(tmpdir(), 'chappe-xmpp-'));
const tls = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
let server: Chappe;
let port: number;
let [carol, dave]: [RawXmpp, RawXmpp] = [] as never;

beforeAll(async () => {
  const { cert, key } = testCertificate();
  writeFileSync(tls.cert, cert);
  writeFileSync(tls.key, key);
  server = await startChappe({
    config: {
      xmpp: { listen: ['tcp:127.0.0.1:0'], tls },
      limits: { transport: { firstByteTimeout: 500 }, xmpp: { negotiationTimeout: 1_500 } },
    },
  });
  port = Number(server.ready.xmpp[0]?.split(':').at(-1));
  [carol, dave] = await Promise.all([RawXmpp.bind(port, 'carol', 'a'), RawXmpp.bind(port, 'dave', 'b')]);
});
// Whatever happened, those two have felt nothing.
afterEach(async () => {
  const began = performance.now();
  carol.say(`<message to='dave@example.test/b' type='chat' id='w'><body>still here</body></message>`);
  await dave.hear(/still here<\/body>.*?<\/message>/s);
  expect(performance.now() - began).toBeLessThan(500);
});
afterAll(async () => {
  for (const client of [carol, dave]) client?.end();
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const bomb =
  '<!DOCTYPE lolz [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;">]>';
const attributes = Array.from({ length: 20_000 }, (_, i) => ` a${i}='1'`).join('');
const before: Array<[string, string, string]> = [
  ['an entity bomb', `<?xml version='1.0'?>${bomb}<stream:stream>&c;</stream:stream>`, 'restricted-xml'],
  ['a DTD of elsewhere', `<!DOCTYPE x SYSTEM 'http://127.0.0.1/x'>`, 'restricted-xml'],
  ['a stream of another namespace', `<stream:stream xmlns:stream='urn:x' to='example.test'>`, 'invalid-namespace'],
  ['HTTP', 'GET / HTTP/1.1\r\nHost: example.test\r\n\r\n', 'bad-format'],
  ['what is not UTF-8', '\xff\xfe<stream', 'unsupported-encoding'],
];

test.each(before)('before a stream: %s', async (_, text, condition) => {
  const client = await RawXmpp.connect(port);
  client.say(Buffer.from(text, 'latin1'));
  expect(await client.error()).toBe(condition);
  await client.closed();
});

const within: Array<[string, string, string]> = [
  ['a stanza before the login', `<message to='dave@example.test/b'><body>let me in</body></message>`, 'not-authorized'],
  ['an entity', '<message><body>&lol;</body></message>', 'restricted-xml'],
  ['a comment', '<!-- hello -->', 'restricted-xml'],
  ['a processing instruction', '<?php system("id") ?>', 'restricted-xml'],
  ['10,000 elements inside one another', '<a>'.repeat(10_000), 'policy-violation'],
  ['20,000 attributes', `<message${attributes}/>`, 'policy-violation'],
  ['a stanza that is too large', `<message><body>${'x'.repeat(300_000)}`, 'policy-violation'],
  ['text between stanzas', 'hello', 'bad-format'],
  ['a prefix that nobody declared', '<evil:message/>', 'not-well-formed'],
  ['an unknown element', `<hello xmlns='urn:x'/>`, 'not-authorized'],
];

test.each(within)('before the login: %s', async (_, text, condition) => {
  const client = await RawXmpp.open(port);
  client.say(text);
  expect(await client.error()).toBe(condition);
  await client.closed();
});

test.each(within.filter(([, , condition]) => condition !== 'not-authorized'))(
  'from a client that is logged in: %s',
  async (_, text, condition) => {
    const client = await RawXmpp.bind(port, 'alice', 'bad');
    client.say(text);
    expect(await client.error()).toBe(condition);
    await client.closed();
  },
);

test('a sender that somebody else is ends the stream, and nothing is delivered', async () => {
  const eve = await RawXmpp.bind(port, 'alice', 'eve');
  eve.say(`<message from='carol@example.test/a' to='dave@example.test/b'><body>send me money</body></message>`);
  expect(await eve.error()).toBe('invalid-from');
});

test('connections on which nothing comes, or one octet a moment, are cut', async () => {
  const silent = await RawXmpp.connect(port);
  const dripping = await RawXmpp.connect(port);
  const drip = setInterval(() => dripping.say(' '), 100);
  const header = await RawXmpp.open(port);
  await silent.closed();
  await Promise.all([dripping.closed(), header.closed()]);
  clearInterval(drip);
});

test('what was sent in the clear behind <starttls/> is not taken for what came inside TLS', async () => {
  const client = await RawXmpp.open(port);
  const initial = Buffer.from('\0alice\0alice-password').toString('base64');
  client.say(
    `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>` +
      `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${initial}</auth>`,
  );
  await client.hear(/<proceed[^>]*>/);
  await client.closed();
  expect(await client.hear(/<success/).catch(() => 'nothing more')).toBe('nothing more');
});

test('whoever does not read is cut, and the sender is not held up', async () => {
  const sleepy = await RawXmpp.bind(port, 'bob', 'sleepy');
  sleepy.raw.socket.pause();
  const sender = await RawXmpp.bind(port, 'alice', 'loud');
  const body = 'x'.repeat(50_000);
  for (let i = 0; i < 400; i++)
    sender.say(`<message to='bob@example.test/sleepy' type='headline'><body>${body}</body></message>`);
  sender.say(`<iq type='get' to='example.test' id='after'><ping xmlns='urn:xmpp:ping'/></iq>`);
  await sender.hear(/id='after'/);
  sleepy.raw.socket.resume();
  await sleepy.closed();
  sender.end();
});

test('passwords are guessed at a rate that makes no sense of guessing', async () => {
  let guesses = 0;
  let throttled = 0;
  for (let stream = 0; stream < 6; stream++) {
    const client = await RawXmpp.open(port);
    for (let attempt = 0; attempt < 5; attempt++) {
      const initial = Buffer.from(`\0bob\0guess-${stream}-${attempt}`).toString('base64');
      client.say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${initial}</auth>`);
      const answer = await client.hear(/<\/failure>/);
      guesses += answer.includes('not-authorized') ? 1 : 0;
      throttled += answer.includes('temporary-auth-failure') ? 1 : 0;
    }
    expect(await client.error()).toBe('policy-violation');
  }
  expect(guesses).toBeLessThanOrEqual(11);
  expect(throttled).toBeGreaterThanOrEqual(19);
});
