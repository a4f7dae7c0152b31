// Messages and presence between phones of different makes: kept while nobody is there, counted, seen and watched.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Baresip } from '../support/baresip.ts';
import { type Chappe, secret, startChappe } from '../support/chappe.ts';
import { describeWith } from '../support/peer.ts';
import { header, lineWithCredential, status, User } from '../support/user.ts';

const domain = 'example.test';

describeWith(['baresip'], 'SIP messages and presence', () => {
  let server: Chappe;
  const open: Array<{ close(): void } | { stop(): Promise<void> }> = [];
  beforeAll(async () => {
    server = await startChappe();
  });
  afterAll(async () => {
    for (const one of open) await ('stop' in one ? one.stop() : one.close());
    await server?.stop();
  });

  async function page(name: string): Promise<User> {
    const line = await lineWithCredential(server.ready.ws, secret, name);
    open.push(line);
    const user = new User(line, { name, domain });
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

  test('a phone publishes, another watches it, and is told how many messages wait', async () => {
    const watching = [`"Dave" <sip:dave@${domain}>`, `"Carol" <sip:carol@${domain}>;presence=p2p`];
    const carol = await phone('carol', watching, ['presence'], ';pubint=60');
    await carol.shows('carol@', 'Online');
    await carol.command('message', 'call me');
    const dave = await phone('dave', [], ['mwi'], ';mwi=yes');
    await dave.program.waitFor(/call me/);
  });
});
