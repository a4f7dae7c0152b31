// The trapezoid (RFC 3261 section 4): users of this domain on WebSockets, users of other.test at a Kamailio, which reaches us over
// UDP and which we reach by `sip.routes`. Calls and messages in both directions, and requests inside the calls from both ends.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Chappe, secret, startChappe } from '../support/chappe.ts';
import { type Kamailio, startKamailio } from '../support/kamailio.ts';
import { overTcp, overUdp } from '../support/line.ts';
import { describeWith } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { runSipp, startSipp } from '../support/sipp.ts';
import { callee, caller, register } from '../support/sipp-scenarios.ts';
import { type Dialog, header, headers, lineWithCredential, status, User } from '../support/user.ts';

describeWith(['kamailio', 'sipp'], 'A call to and from another domain', () => {
  let chappe: Chappe;
  let kamailio: Kamailio;
  const users: User[] = [];

  beforeAll(async () => {
    // Each needs the other's port: ours is chosen first.
    const port = await freePort();
    kamailio = await startKamailio({ domain: 'other.test', routes: { 'example.test': `127.0.0.1:${port}` } });
    chappe = await startChappe({
      config: {
        media: { policy: 'never' }, // their descriptions are those of phones, on WebSockets too
        sip: {
          listen: [`udp:127.0.0.1:${port}`, `tcp:127.0.0.1:${port}`],
          routes: [{ domain: 'other.test', to: `udp:${kamailio.endpoint}` }],
        },
      },
    });
  });
  // A contact that nobody answers at would ring in the next test.
  afterEach(async () => {
    for (const user of users.splice(0)) {
      if (user.registered) await user.register(0);
      user.line.close();
    }
  });
  afterAll(async () => {
    await chappe?.stop();
    await kamailio?.stop();
  });

  async function here(name: string): Promise<User> {
    const line = await lineWithCredential(chappe.ready.ws, secret, name);
    const user = new User(line, { name, domain: 'example.test' });
    users.push(user);
    expect(status(await user.register())).toBe(200);
    return user;
  }

  async function there(name: string, transport: 'udp' | 'tcp' = 'udp'): Promise<User> {
    const line = await (transport === 'udp' ? overUdp : overTcp)('127.0.0.1', kamailio.port);
    const user = new User(line, { name, domain: 'other.test' });
    users.push(user);
    expect(status(await user.register())).toBe(200);
    return user;
  }

  /** The callee rings and answers; both dialogs. */
  async function call(from: User, to: User): Promise<{ calling: Dialog; called: Dialog }> {
    const mark = to.line.received.length;
    const outcome = from.call(to.address);
    const invite = await to.incoming('INVITE', mark);
    to.answer(invite, '180 Ringing');
    const called = to.answer(invite, '200 OK');
    const { answer, dialog } = await outcome;
    expect(status(answer), answer).toBe(200);
    await to.incoming('ACK', mark);
    return { calling: dialog!, called };
  }

  /** One side sends a request inside the dialog, the other answers it. */
  async function inDialog(sender: User, dialog: Dialog, receiver: User, method: string): Promise<void> {
    const mark = receiver.line.received.length;
    const answer = sender.within(dialog, method);
    const request = await receiver.incoming(method, mark);
    receiver.answer(request, '200 OK');
    expect(status(await answer), await answer).toBe(200);
    if (method === 'INVITE') await receiver.incoming('ACK', mark);
  }

  test('a WebSocket user here calls a user there; re-INVITE from both, the callee hangs up', async () => {
    const [alice, bob] = [await here('alice'), await there('bob')];
    const { calling, called } = await call(alice, bob);
    await inDialog(alice, calling, bob, 'INVITE');
    await inDialog(bob, called, alice, 'INVITE');
    await inDialog(bob, called, alice, 'BYE');
  });

  test('a user there calls a WebSocket user here; re-INVITE from both, the caller hangs up', async () => {
    const [alice, bob] = [await here('alice'), await there('bob')];
    const { calling, called } = await call(bob, alice);
    await inDialog(alice, called, bob, 'INVITE');
    await inDialog(bob, calling, alice, 'INVITE');
    await inDialog(bob, calling, alice, 'BYE');
  });

  test('a user there on TCP is reached too, and hung up on from here', async () => {
    const [alice, carol] = [await here('alice'), await there('carol', 'tcp')];
    const { calling } = await call(alice, carol);
    await inDialog(alice, calling, carol, 'BYE');
    const back = await call(carol, alice);
    await inDialog(alice, back.called, carol, 'BYE');
  });

  test('messages go both ways', async () => {
    const [alice, bob] = [await here('alice'), await there('bob')];
    for (const [sender, receiver] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const mark = receiver.line.received.length;
      const answer = sender.message(receiver.address, 'Paris to Lille in two minutes');
      const message = await receiver.incoming('MESSAGE', mark);
      expect(message).toContain('Paris to Lille in two minutes');
      expect(header(message, 'From')).toContain(sender.address);
      receiver.answer(message, '200 OK');
      expect(status(await answer)).toBe(200);
    }
  });

  test('the caller here gives up: CANCEL reaches the user there', async () => {
    const [alice, bob] = [await here('alice'), await there('bob')];
    const mark = bob.line.received.length;
    const outcome = alice.call(bob.address);
    const invite = await bob.incoming('INVITE', mark);
    bob.answer(invite, '180 Ringing');
    await alice.line.next((text) => text.startsWith('SIP/2.0 180'));
    alice.cancel(alice.lastRequest('INVITE'));
    const cancel = await bob.incoming('CANCEL', mark);
    bob.answer(cancel, '200 OK');
    bob.answer(invite, '487 Request Terminated');
    expect(status((await outcome).answer)).toBe(487);
  });

  test('an unknown user here is 404 for a caller there, and one there for a caller here', async () => {
    const [alice, bob] = [await here('alice'), await there('bob')];
    expect(status((await bob.call('sip:nobody@example.test')).answer)).toBe(404);
    expect(status((await alice.call('sip:nobody@other.test')).answer)).toBe(404);
  });

  test('from another domain only users here are reached: no third domain, and no user here is impersonated', async () => {
    const bob = await there('bob');
    // Kamailio sends what is for example.test; here a stranger writes to us directly.
    const line = await overUdp('127.0.0.1', chappe.sip('udp').port);
    const stranger = new User(line, { name: 'mallory', domain: 'other.test' });
    users.push(stranger);
    expect([403, 404, 407, 401]).toContain(status(await stranger.message('sip:someone@third.test', 'relay me')));
    expect([403, 404, 407, 401]).toContain(status(await stranger.message(bob.address, 'relay me back')));
    const impostor = new User(line, { name: 'alice', domain: 'example.test' });
    expect([401, 403, 407]).toContain(status(await impostor.message('sip:alice@example.test', 'it is me')));
  });

  test('no address of a WebSocket user leaves this server: Via and Record-Route name the server only', async () => {
    const [alice, bob] = [await here('alice'), await there('bob')];
    const mark = bob.line.received.length;
    const { called } = await call(alice, bob);
    const invite = await bob.incoming('INVITE', mark);
    const ours = chappe.sip('udp').text;
    expect(headers(invite, 'Record-Route').some((value) => value.includes(ours))).toBe(true);
    await inDialog(bob, called, alice, 'BYE');
  });

  test('50 SIPp calls from there to here and 50 back', async () => {
    const answering = await startSipp({
      scenario: register('other.test', { stay: 60_000, authenticate: false }),
      incoming: callee({ reinvite: true }),
      server: kamailio.endpoint,
      users: [{ name: 'sipp', password: '' }],
      calls: 1,
    });
    await answering.registered();
    const result = await runSipp({
      scenario: caller('example.test', { to: 'sipp', toDomain: 'other.test', reinvite: true }),
      server: chappe.sip('udp').text,
      users: [{ name: 'bob', password: 'bob-password' }],
      calls: 50,
      rate: 25,
    });
    await answering.stop();
    expect(result, result.errors).toMatchObject({ successful: 50, failed: 0 });

    const phone = await startSipp({
      scenario: register('example.test', { stay: 60_000 }),
      incoming: callee({ reinvite: true }),
      server: chappe.sip('udp').text,
      users: [{ name: 'carol', password: 'carol-password' }],
      calls: 1,
    });
    await phone.registered();
    const back = await runSipp({
      scenario: caller('other.test', { to: 'carol', toDomain: 'example.test', reinvite: true, authenticate: false }),
      server: kamailio.endpoint,
      users: [{ name: 'anyone', password: '' }],
      calls: 50,
      rate: 25,
    });
    await phone.stop();
    expect(back, back.errors).toMatchObject({ successful: 50, failed: 0 });
  });
});
