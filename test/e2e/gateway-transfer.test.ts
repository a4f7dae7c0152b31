// Transfers among pages and phones (RFC 5589), blind and attended, whoever asks for them: those who are left hear each other,
// peer to peer or through the relay, and nothing is left of the calls before.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Baresip } from '../support/baresip.ts';
import { connect, type Gateway, startPhone } from '../support/gateway-stage.ts';
import { callBetween, ended, established, type PagePhone } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import { openTwoPages, type TwoPages } from '../support/two-pages.ts';

describeWith(['chromium', 'baresip'], 'transfers among two pages and phones', () => {
  let stage: TwoPages;
  let gateway: Gateway;
  let alice: PagePhone;
  let carol: PagePhone;
  let bob: Baresip;

  beforeAll(async () => {
    stage = await openTwoPages();
    ({ gateway, alice, carol } = stage);
  });
  beforeEach(async () => {
    bob = await startPhone(gateway, { phone: 'plain' });
    await stage.begin();
  });
  afterEach(async () => {
    await stage.expectNothingLeft();
    await bob.stop();
  });
  afterAll(() => stage?.close());

  /** The two hear each other, one hangs up, and the sound at the phone was no silence. */
  async function talkAndHangUp(page: PagePhone, call: number, phone: Baresip, end: 'page' | 'phone'): Promise<void> {
    await Promise.all([page.expectSound(call), phone.flows(0.7)]);
    const from = phone.mark();
    if (end === 'page') {
      await page.hangUp(call);
      await phone.event('CALL_CLOSED', from);
    } else {
      await phone.command('hangup');
      await ended(page, call);
    }
    expect(phone.lastLoudness(), 'loudness at the phone').toBeGreaterThan(500);
  }

  test('Alice, who talks with Carol, asks Bob at the phone, and connects the two', async () => {
    const { calling: first, called } = await callBetween(alice, carol, stage.address('carol'));
    await alice.hold(first);
    const second = await connect(gateway, alice, bob, 'page');
    await Promise.all([alice.expectSound(second), bob.flows()]);
    expect(await stage.gauges()).toEqual({ calls: 2, relayed: 1 });

    const from = [await carol.mark(), bob.mark()] as const;
    const done = alice.connect(first, second);
    expect((await bob.event('CALL_INCOMING', from[1])).peeruri).toBe(stage.address('carol'));
    await bob.command('accept');
    await Promise.all([done, ended(alice, first, second), ended(carol, called)]);
    await talkAndHangUp(carol, await established(carol, from[0]), bob, 'phone');
    await stage.expectRecords(
      'alice carol 200 direct, by caller',
      'alice bob 200 embedded, by caller',
      'carol bob 200 embedded, by callee',
    );
  });

  test('Alice, who talks with Bob at a phone that knows no Replaces, asks Carol, and connects the two', async () => {
    const first = await connect(gateway, alice, bob, 'phone');
    await Promise.all([alice.expectSound(first), bob.flows()]);
    await alice.hold(first);
    const { calling: second, called } = await callBetween(alice, carol, stage.address('carol'));
    await Promise.all([alice.expectSound(second), carol.expectSound(called)]);

    const from = [await carol.mark(), bob.mark()] as const;
    const done = alice.connect(first, second);
    expect((await bob.event('CALL_INCOMING', from[1])).peeruri).toBe(stage.address('carol'));
    await bob.command('accept');
    await Promise.all([done, ended(alice, first, second), ended(carol, called)]);
    await talkAndHangUp(carol, await established(carol, from[0]), bob, 'page');
    await stage.expectRecords(
      'bob alice 200 embedded, by callee',
      'alice carol 200 direct, by caller',
      'carol bob 200 embedded, by caller',
    );
  });

  test('Alice connects two phones, neither of which knows Replaces', async () => {
    const dave = await startPhone(gateway, { phone: 'plain' }, 'dave');
    try {
      const first = await connect(gateway, alice, bob, 'page');
      await alice.hold(first);
      const second = await connect(gateway, alice, dave, 'page');
      await Promise.all([alice.expectSound(second), dave.flows()]);

      const from = [bob.mark(), dave.mark()] as const;
      const done = alice.connect(first, second);
      expect((await dave.event('CALL_INCOMING', from[1])).peeruri).toBe(stage.address('bob'));
      await dave.command('accept');
      await Promise.all([done, ended(alice, first, second), bob.event('CALL_ESTABLISHED', from[0])]);
      await Promise.all([bob.flows(0.7), dave.flows(0.7)]);
      await bob.command('hangup');
      await dave.event('CALL_CLOSED', from[1]);
      expect(Math.min(bob.lastLoudness(), dave.lastLoudness()), 'loudness at both phones').toBeGreaterThan(500);
      await stage.expectRecords(
        'alice bob 200 embedded, by caller',
        'alice dave 200 embedded, by caller',
        'bob dave 200 direct, by caller',
      );
    } finally {
      await dave.stop();
    }
  });

  test('Alice sends Bob at the phone to Carol', async () => {
    const first = await connect(gateway, alice, bob, 'page');
    await Promise.all([alice.expectSound(first), bob.flows()]);
    const from = await carol.mark();
    await alice.transfer(first, stage.address('carol'));
    await ended(alice, first);
    await talkAndHangUp(carol, await established(carol, from), bob, 'page');
    await stage.expectRecords('alice bob 200 embedded, by caller', 'bob carol 200 embedded, by callee');
  });

  test('Bob at the phone sends Alice to Carol: the two pages are on their own', async () => {
    const first = await connect(gateway, alice, bob, 'phone');
    await Promise.all([alice.expectSound(first), bob.flows()]);
    const from = [await alice.mark(), await carol.mark(), bob.mark()] as const;
    await bob.command('transfer', stage.address('carol'));
    await Promise.all([ended(alice, first), bob.event('CALL_CLOSED', from[2])]);
    const [calling, called] = [await established(alice, from[0]), await established(carol, from[1])];
    await Promise.all([alice.expectSound(calling), carol.expectSound(called)]);
    expect(await stage.gauges()).toEqual({ calls: 1, relayed: 0 });
    await carol.hangUp(called);
    await ended(alice, calling);
    await stage.expectRecords('bob alice 200 embedded, by caller', 'alice carol 200 direct, by callee');
  });

  test('Alice sends Carol to Bob at the phone', async () => {
    const { calling: first, called } = await callBetween(alice, carol, stage.address('carol'));
    await Promise.all([alice.expectSound(first), carol.expectSound(called)]);
    const from = [await carol.mark(), bob.mark()] as const;
    const done = alice.transfer(first, stage.address('bob'));
    await bob.event('CALL_INCOMING', from[1]);
    await bob.command('accept');
    await Promise.all([done, ended(alice, first), ended(carol, called)]);
    await talkAndHangUp(carol, await established(carol, from[0]), bob, 'page');
    await stage.expectRecords('alice carol 200 direct, by caller', 'carol bob 200 embedded, by caller');
  });

  test('a transfer of the phone to nobody leaves the call as it was', async () => {
    const first = await connect(gateway, alice, bob, 'page');
    await Promise.all([alice.expectSound(first), bob.flows()]);
    await expect(alice.transfer(first, stage.address('nobody'))).rejects.toThrow('the transfer failed: Not Found');
    await talkAndHangUp(alice, first, bob, 'phone');
    await stage.expectRecords('alice bob 200 embedded, by callee', 'bob nobody 404 direct, by server');
  });
});
