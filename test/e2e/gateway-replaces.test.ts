// Attended transfers with a phone that knows Replaces (RFC 3891), as desk phones do: with real RTP, message by message.
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { callBetween, ended, established, type PagePhone } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import type { RtpEndpoint } from '../support/rtp-endpoint.ts';
import { ScriptedPhone } from '../support/scripted-phone.ts';
import { openTwoPages, type TwoPages } from '../support/two-pages.ts';
import { bodyOf, type Dialog, header } from '../support/user.ts';

const KNOWS_REPLACES = 'Supported: replaces\r\n';

describeWith(['chromium'], 'transfers among two pages and a phone that knows Replaces', () => {
  let stage: TwoPages;
  let alice: PagePhone;
  let carol: PagePhone;
  let phone: ScriptedPhone;

  beforeAll(async () => {
    stage = await openTwoPages();
    ({ alice, carol } = stage);
  });
  beforeEach(async () => {
    const { chappe, domain } = stage.gateway;
    const options = (rtp: RtpEndpoint) => ({ line: '200 OK', body: rtp.sdp() });
    phone = await ScriptedPhone.open(chappe.sip('udp'), { name: 'bob', domain }, options);
    await stage.begin();
  });
  afterEach(async () => {
    await stage.expectNothingLeft();
    await phone.close();
  });
  afterAll(() => stage?.close());

  /** A page calls the phone, and they hear each other. */
  async function callPhone(page: PagePhone): Promise<{ call: number; dialog: Dialog }> {
    const from = [await page.mark(), phone.mark()] as const;
    const call = await page.call(stage.address('bob'));
    const dialog = phone.accept(await phone.incoming('INVITE', from[1]), { extra: KNOWS_REPLACES });
    await established(page, from[0]);
    await Promise.all([page.expectSound(call), phone.rtp.hears()]);
    return { call, dialog };
  }

  /** The value that names a dialog of ours to its other side, as a header of a URI. */
  const replaces = ({ callId, local, remote }: Dialog): string =>
    encodeURIComponent(`${callId};to-tag=${tagOf(remote)};from-tag=${tagOf(local)}`);

  test('a page that asked the phone connects it with a page, which takes the place', async () => {
    const { calling: first, called } = await callBetween(alice, carol, stage.address('carol'));
    await alice.hold(first);
    const { call: second, dialog } = await callPhone(alice);
    const from = [await carol.mark(), phone.mark()] as const;
    const done = alice.connect(first, second);
    const invite = await phone.incoming('INVITE', from[1]);
    const { callId, local, remote } = dialog;
    expect(header(invite, 'Replaces')).toBe(`${callId};to-tag=${tagOf(local)};from-tag=${tagOf(remote)}`);
    const taken = phone.accept(invite, { extra: KNOWS_REPLACES });
    await phone.user.within(dialog, 'BYE');
    await Promise.all([done, ended(alice, first, second), ended(carol, called)]);
    const call = await established(carol, from[0]);
    await Promise.all([carol.expectSound(call), phone.rtp.hears()]);
    await phone.user.within(taken, 'BYE');
    await ended(carol, call);
    await stage.expectRecords(
      'alice carol 200 direct, by caller',
      'alice bob 200 embedded, by callee',
      'carol bob 200 embedded, by callee',
    );
  });

  test('a page that asked a page sends the phone there, which takes the place', async () => {
    const { call: first, dialog } = await callPhone(alice);
    const { calling: second, called } = await callBetween(alice, carol, stage.address('carol'));
    const from = [await carol.mark(), phone.mark()] as const;
    const done = alice.connect(first, second);
    const refer = await phone.incoming('REFER', from[1]);
    phone.user.answer(refer, '202 Accepted');
    const [, target = '', value = ''] = /<([^?>]+)\?Replaces=([^>]+)>/.exec(header(refer, 'Refer-To')) ?? [];
    const taken = await phone.call(target, `${KNOWS_REPLACES}Replaces: ${decodeURIComponent(value)}\r\n`);
    const success =
      'Event: refer\r\nSubscription-State: terminated;reason=noresource\r\nContent-Type: message/sipfrag\r\n';
    await phone.user.within(dialog, 'NOTIFY', 'SIP/2.0 200 OK\r\n', `Contact: ${phone.user.contact}\r\n${success}`);
    phone.user.answer(await phone.incoming('BYE', from[1]), '200 OK');
    await Promise.all([done, ended(alice, first, second), ended(carol, called)]);
    const call = await established(carol, from[0]);
    await Promise.all([carol.expectSound(call), phone.rtp.hears()]);
    await phone.user.within(taken, 'BYE');
    await ended(carol, call);
    await stage.expectRecords(
      'alice bob 200 embedded, by caller',
      'alice carol 200 direct, by callee',
      'bob carol 200 embedded, by caller',
    );
  });

  test('the phone that talks with both pages connects them, and they are on their own', async () => {
    const from = [await alice.mark(), await carol.mark()] as const;
    const first = await phone.call(stage.address('alice'), KNOWS_REPLACES);
    const second = await phone.call(stage.address('carol'), KNOWS_REPLACES);
    const [atAlice, atCarol] = [await established(alice, from[0]), await established(carol, from[1])];
    await Promise.all([carol.expectSound(atCarol), phone.rtp.hears()]);

    const at = [await alice.mark(), await carol.mark(), phone.mark()] as const;
    phone.answerEach('NOTIFY', { line: '200 OK' });
    const refer = `Contact: ${phone.user.contact}\r\nRefer-To: <${stage.address('carol')}?Replaces=${replaces(second)}>\r\n`;
    expect(await phone.user.within(first, 'REFER', '', refer)).toMatch(/^SIP\/2.0 202/);
    phone.user.answer(await phone.incoming('BYE', at[2]), '200 OK'); // Carol's: its place is taken
    const success = (text: string): boolean => text.startsWith('NOTIFY ') && bodyOf(text).startsWith('SIP/2.0 200');
    await phone.user.line.next(success, { from: at[2], what: 'report of success' });
    await phone.user.within(first, 'BYE');
    await Promise.all([ended(alice, atAlice), ended(carol, atCarol)]);
    const [calling, called] = [await established(alice, at[0]), await established(carol, at[1])];
    await Promise.all([alice.expectSound(calling), carol.expectSound(called)]);
    expect(await stage.gauges()).toEqual({ calls: 1, relayed: 0 });
    await alice.hangUp(calling);
    await ended(carol, called);
    await stage.expectRecords(
      'bob alice 200 embedded, by caller',
      'bob carol 200 embedded, by callee',
      'alice carol 200 direct, by caller',
    );
  });

  test('a phone that is busy for the one who is sent there: both calls are as they were', async () => {
    const { calling: first, called } = await callBetween(alice, carol, stage.address('carol'));
    await alice.hold(first);
    const { call: second, dialog } = await callPhone(alice);
    const at = phone.mark();
    const refused = expect(alice.connect(first, second)).rejects.toThrow('the transfer failed: Busy Here');
    phone.user.answer(await phone.incoming('INVITE', at), '486 Busy Here');
    await refused;
    await Promise.all([alice.expectSound(second), phone.rtp.hears()]);
    await alice.resume(first);
    await Promise.all([alice.expectSound(first), carol.expectSound(called)]);
    await phone.user.within(dialog, 'BYE');
    await carol.hangUp(called);
    await ended(alice, first, second);
    await stage.expectRecords(
      'alice carol 200 direct, by callee',
      'alice bob 200 embedded, by callee',
      'carol bob 486 embedded, by callee',
    );
  });
});

function tagOf(address: string): string {
  return /;tag=([^;>\s]+)/.exec(address)![1]!;
}
