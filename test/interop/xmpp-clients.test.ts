// Clients of others over each transport: @xmpp/client over WebSocket and TCP, slixmpp over TCP, STARTTLS and TLS.
import { createHmac } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { client, xml } from '@xmpp/client';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { testCertificate } from '../support/certificate.ts';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { describeWith } from '../support/peer.ts';
import { Slixmpp } from '../support/slixmpp.ts';

type Stanza = ReturnType<typeof xml>;

interface XmppJs {
  on(event: 'stanza', listener: (stanza: Stanza) => void): void;
  on(event: 'error', listener: (error: Error) => void): void;
  start(): Promise<{ toString(): string }>;
  stop(): Promise<unknown>;
  send(stanza: Stanza): Promise<unknown>;
  streamManagement: { on(event: 'resumed', listener: (value: unknown) => void): void };
  socket: { socket: { close(): void } };
}

const makeClient = client as unknown as (options: Record<string, string>) => XmppJs;

const folder = mkdtempSync(join(tmpdir(), 'chappe-xmpp-'));
const certificate = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
let server: Chappe;
/** Without a certificate, which @xmpp/client over TCP would want to be a known one's. */
let plain: Chappe;
const ends: Array<() => Promise<unknown>> = [];

beforeAll(async () => {
  const { cert, key } = testCertificate();
  writeFileSync(certificate.cert, cert);
  writeFileSync(certificate.key, key);
  server = await startChappe({
    config: { xmpp: { listen: ['tcp:127.0.0.1:0', 'tls:127.0.0.1:0'], tls: certificate } },
  });
  plain = await startChappe();
});
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});
afterAll(async () => {
  await Promise.all([server?.stop(), plain?.stop()]);
  rmSync(folder, { recursive: true, force: true });
});

function port(transport: 'tcp' | 'tls', of = server): number {
  const listening = of.ready.xmpp.find((text) => text.startsWith(`${transport}:`));
  return Number(listening?.split(':').at(-1));
}

/** What a client has heard, and what comes next. */
class Heard {
  readonly stanzas: Stanza[] = [];
  #look: () => void = () => {};

  add(stanza: Stanza): void {
    this.stanzas.push(stanza);
    this.#look();
  }

  first(fits: (stanza: Stanza) => boolean): Promise<Stanza> {
    return new Promise((resolve, reject) => {
      const late = setTimeout(() => reject(new Error(`never came: ${fits}\n${this.stanzas.join('\n')}`)), 10_000);
      this.#look = () => {
        const found = this.stanzas.find(fits);
        if (found === undefined) return;
        clearTimeout(late);
        resolve(found);
      };
      this.#look();
    });
  }
}

async function xmppJs(service: string, username: string, password = `${username}-password`) {
  const heard = new Heard();
  const made = makeClient({ service, domain: 'example.test', username, password });
  made.on('error', () => {});
  made.on('stanza', (stanza: Stanza) => heard.add(stanza));
  ends.push(() => made.stop());
  const jid = await made.start();
  await made.send(xml('presence'));
  return { client: made, heard, jid: jid.toString() };
}

const body = (text: string) => (stanza: Stanza) => stanza.is('message') && stanza.getChildText('body') === text;

test.each(['WebSocket', 'TCP'])('@xmpp/client over %s: logs in, binds, and is written to', async (transport) => {
  const service = transport === 'TCP' ? `xmpp://127.0.0.1:${port('tcp', plain)}` : plain.ready.ws;
  const alice = await xmppJs(service, 'alice');
  const bob = await xmppJs(service, 'bob');
  expect(alice.jid).toMatch(/^alice@example\.test\/[\w-]+$/);
  await alice.client.send(
    xml('message', { to: 'bob@example.test', type: 'chat' }, xml('body', {}, `over ${transport}`)),
  );
  const message = await bob.heard.first(body(`over ${transport}`));
  expect(message.attrs['from']).toBe(alice.jid);
});

test('@xmpp/client that is cut off logs in by its token, resumes, and has missed nothing', async () => {
  const alice = await xmppJs(server.ready.ws, 'alice');
  const bob = await xmppJs(server.ready.ws, 'bob');
  const resumed = new Promise((resolve) => bob.client.streamManagement.on('resumed', resolve));
  bob.client.socket.socket.close();
  await alice.client.send(xml('message', { to: bob.jid, type: 'chat' }, xml('body', {}, 'while you were away')));
  await resumed;
  await bob.heard.first(body('while you were away'));
  expect(bob.heard.stanzas.filter(body('while you were away'))).toHaveLength(1);
});

test('an ephemeral credential logs in, over TCP and over WebSocket, whoever has an account', async () => {
  const { username, password } = credential('guest.zoe');
  const zoe = await xmppJs(plain.ready.ws, username, password);
  expect(zoe.jid).toMatch(/^guest\.zoe@example\.test\//);
  const there = await xmppJs(`xmpp://127.0.0.1:${port('tcp', plain)}`, username, password);
  expect(there.jid).toMatch(/^guest\.zoe@example\.test\//);
});

function credential(name: string): { username: string; password: string } {
  const username = `${Math.floor(Date.now() / 1000) + 600}:${name}`;
  return { username, password: createHmac('sha1', 'the-arms-of-the-telegraph').update(username).digest('base64') };
}

describeWith(['slixmpp'], 'slixmpp', () => {
  async function slixmpp(name: string, security: 'starttls' | 'tls' | 'plain', mechanism?: string): Promise<Slixmpp> {
    const made = new Slixmpp({
      jid: `${name}@example.test`,
      password: `${name}-password`,
      host: '127.0.0.1',
      port: port(security === 'tls' ? 'tls' : 'tcp'),
      security,
      authority: certificate.cert,
      ...(mechanism !== undefined && { mechanism }),
    });
    ends.push(() => made.stop());
    return made;
  }

  test.each([
    ['starttls', 'SCRAM-SHA-256-PLUS'],
    ['tls', 'SCRAM-SHA-256-PLUS'],
    ['plain', 'SCRAM-SHA-256'],
  ] as const)('over TCP, %s: logs in by %s and talks with @xmpp/client', async (security, mechanism) => {
    const bob = await slixmpp('bob', security);
    expect(await bob.event('ready')).toMatchObject({ tls: security !== 'plain', mechanism, managed: true });
    const alice = await xmppJs(server.ready.ws, 'alice');
    bob.say(`send alice@example.test from slixmpp by ${security}`);
    await alice.heard.first(body(`from slixmpp by ${security}`));
    await alice.client.send(xml('message', { to: 'bob@example.test', type: 'chat' }, xml('body', {}, 'and back')));
    expect(await bob.event('message')).toMatchObject({ body: 'and back' });
    bob.say('ping example.test');
    await bob.event('pong');
  });

  test('has contacts, sees them, and reads its history', async () => {
    const [bob, carol] = [await slixmpp('bob', 'starttls'), await slixmpp('carol', 'plain')];
    const { jid } = await bob.event('ready');
    await carol.event('ready');
    carol.say('subscribe bob@example.test'); // who is asked agrees, and asks back
    await carol.eventOf('available', { sender: jid });
    await carol.eventOf('roster', { both: ['bob@example.test'] });
    carol.say('send bob@example.test first');
    await bob.eventOf('message', { body: 'first' });
    bob.say('send carol@example.test second');
    await carol.eventOf('message', { body: 'second' });
    bob.say('history carol@example.test');
    expect(await bob.event('history')).toMatchObject({ bodies: ['first', 'second'] });
  });

  test('that is cut off resumes, and has missed nothing', async () => {
    const dave = await slixmpp('dave', 'starttls');
    await dave.event('ready');
    const alice = await xmppJs(server.ready.ws, 'alice');
    dave.say('cut');
    await dave.event('disconnected');
    await alice.client.send(
      xml('message', { to: 'dave@example.test', type: 'chat' }, xml('body', {}, 'while you were away')),
    );
    await dave.event('resumed');
    await dave.eventOf('message', { body: 'while you were away' });
    dave.say('send alice@example.test I am back');
    await alice.heard.first(body('I am back'));
    expect(dave.program.stdout.match(/"while you were away"/g)).toHaveLength(1);
  });

  test.each([
    ['SCRAM-SHA-1', 'plain'],
    ['SCRAM-SHA-1-PLUS', 'starttls'],
    ['PLAIN', 'starttls'],
  ] as const)('logs in by %s', async (mechanism, security) => {
    const bob = await slixmpp('bob', security, mechanism);
    expect(await bob.event('ready')).toMatchObject({ mechanism });
  });

  test('a wrong password is refused', async () => {
    const eve = new Slixmpp({
      jid: 'bob@example.test',
      password: 'wrong',
      host: '127.0.0.1',
      port: port('tcp'),
      security: 'starttls',
      authority: certificate.cert,
    });
    ends.push(() => eve.stop());
    await eve.event('refused');
  });
});
