// Messages and presence between phones of different makes: kept while nobody is there, counted, seen and watched.
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Baresip } from '../support/baresip.ts';
import { type Chappe, secret, startChappe } from '../support/chappe.ts';
import { overUdp } from '../support/line.ts';
import { describeWith } from '../support/peer.ts';
import { runSipp, startSipp } from '../support/sipp.ts';
import { busyLamp, publishes } from '../support/sipp-scenarios.ts';
import { bodyOf, header, lineWithCredential, status, User } from '../support/user.ts';
import { XmppUser } from '../support/xmpp-user.ts';

const domain = 'example.test';

describeWith(['baresip', 'sipp'], 'SIP messages and presence', () => {
  let server: Chappe;
  const open: Array<{ close(): void } | { stop(): Promise<void> }> = [];
  beforeEach(async () => {
    // A scenario of SIPp's knows its own messages, and takes an OPTIONS for a failure.
    server = await startChappe({ config: { media: { probe: false } } });
  });
  afterEach(async () => {
    for (const one of open.splice(0)) await ('stop' in one ? one.stop() : one.close());
    await server?.stop();
  });

  async function page(name: string): Promise<User> {
    const line = await lineWithCredential(server.ready.ws, secret, name);
    open.push(line);
    const user = new User(line, { name, domain });
    expect(status(await user.register())).toBe(200);
    return user;
  }

  async function desk(name: string): Promise<User> {
    const line = await overUdp('127.0.0.1', server.sip('udp').port);
    open.push(line);
    const user = new User(line, { name, domain, password: `${name}-password` });
    expect(status(await user.register())).toBe(200);
    return user;
  }

  async function phone(name: string, contacts: string[], modules: string[] = [], account = ''): Promise<Baresip> {
    const options = { name, password: `${name}-password`, domain, server: server.sip('udp').text };
    const baresip = await Baresip.start({ ...options, contacts, modules, account });
    open.push(baresip);
    return baresip;
  }

  test('what was written while the phone was off is on it when it registers, and what it writes arrives', async () => {
    const alice = await page('alice');
    expect(status(await alice.message(`sip:bob@${domain}`, 'are you there?'))).toBe(202);
    const bob = await phone('bob', [`"Alice" <sip:alice@${domain}>`]);
    await bob.program.waitFor(/are you there\?/);
    const mark = alice.line.received.length;
    await bob.command('message', 'now I am');
    const message = await alice.incoming('MESSAGE', mark);
    expect(message).toMatch(/\r\n\r\nnow I am$/);
    expect(header(message, 'From')).toMatch(/<sip:bob@example\.test>/);
    alice.answer(message, '200 OK');
    expect(status(await alice.message(`sip:bob@${domain}`, 'good'))).toBe(200);
    await bob.program.waitFor(/good/);
    expect(bob.program.output.match(/are you there\?/g)).toHaveLength(1);
  });

  test('one id for two people, both on their way: each has his own message', async () => {
    const [alice, bob, carol] = [await page('alice'), await page('bob'), await page('carol')];
    for (const { address, account } of [bob, carol])
      alice.line.send(
        `MESSAGE ${address} SIP/2.0\r\nVia: SIP/2.0/WS ${alice.line.sentBy};branch=z9hG4bK${account.name}\r\nMax-Forwards: 70\r\n` +
          `From: <${alice.address}>;tag=${account.name}\r\nTo: <${address}>\r\nCall-ID: both\r\nCSeq: 1 MESSAGE\r\n` +
          `Content-Type: text/plain\r\nContent-Length: ${account.name.length}\r\n\r\n${account.name}`,
      );
    for (const user of [bob, carol]) {
      const message = await user.incoming('MESSAGE');
      expect([header(message, 'To'), bodyOf(message)]).toEqual([`<${user.address}>`, user.account.name]);
      user.answer(message, '200 OK');
    }
  });

  test('a phone publishes, another watches it, and is told how many messages wait', async () => {
    const watching = [`"Dave" <sip:dave@${domain}>`, `"Carol" <sip:carol@${domain}>;presence=p2p`];
    const carol = await phone('carol', watching, ['presence'], ';pubint=60');
    await carol.shows('carol@', 'Online');
    await carol.command('message', 'call me');
    const dave = await phone('dave', [], ['mwi'], ';mwi=yes');
    await dave.program.waitFor(/call me/);
  });

  test("a busy lamp of SIPp's follows a call", async () => {
    const [alice, bob] = [await desk('alice'), await desk('bob')];
    const lamp = await startSipp({
      scenario: busyLamp(domain, 'bob', ['trying', 'early', 'confirmed', 'terminated']),
      server: server.sip('udp').text,
      users: [{ name: 'carol', password: 'carol-password' }],
      calls: 1,
    });
    // Who has no permission yet waits for it: bob's own client gives it.
    const bobXmpp = await XmppUser.signIn({ ws: server.ready.ws, name: 'bob' });
    await bobXmpp.next((stanza) => stanza.is('presence') && stanza.attrs['type'] === 'subscribe');
    bobXmpp.approve(`carol@${domain}`);
    await lamp.registered();
    const second = () => new Promise((resolve) => setTimeout(resolve, 1_100)); // no more than one NOTIFY a second
    await second();
    const call = alice.call(bob.address);
    const invite = await bob.incoming('INVITE');
    bob.answer(invite, '180 Ringing', { tag: 'bob' });
    await second();
    bob.answer(invite, '200 OK', { tag: 'bob' });
    const { answer, dialog } = await call;
    expect(status(answer), answer).toBe(200);
    await second();
    const bye = alice.within(dialog!, 'BYE');
    bob.answer(await bob.incoming('BYE'), '200 OK');
    await bye;
    const result = await lamp.result;
    expect(result, result.errors).toMatchObject({ successful: 1, failed: 0 });
    await bobXmpp.close();
  });

  test("SIPp's phones publish, refresh and remove", async () => {
    const result = await runSipp({
      scenario: publishes(domain),
      server: server.sip('udp').text,
      users: ['alice', 'bob', 'carol', 'dave'].map((name) => ({ name, password: `${name}-password` })),
      calls: 20,
    });
    expect(result, result.errors).toMatchObject({ successful: 20, failed: 0 });
  });
});
