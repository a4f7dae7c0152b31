// What phones say in ways of their own - 488, early media, no offer, another answer than before - between them and a page in
// Chromium: a phone of plain text with real RTP, so that each message is as the test wants it.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { callRecords, startGateway, startPage } from '../support/gateway-stage.ts';
import type { PagePhone } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import { addressIn, RtpEndpoint } from '../support/rtp-endpoint.ts';
import { type ScriptPages, serveScripts } from '../support/script-pages.ts';
import { ScriptedPhone } from '../support/scripted-phone.ts';
import { bodyOf, type Dialog } from '../support/user.ts';
import { launchChromium } from './person.ts';

const accounts = ['alice', 'bob'].map((name) => ({ name, password: `${name}-password`, admin: name === 'alice' }));

function manners(library: 'chappe-phone' | 'jssip-phone'): void {
  let gateway: Awaited<ReturnType<typeof startGateway>>;
  let browser: Browser;
  let pages: ScriptPages;
  let page: PagePhone;
  let phone: ScriptedPhone;

  beforeAll(async () => {
    [gateway, browser, pages] = await Promise.all([
      startGateway({}, { accounts }),
      launchChromium(),
      serveScripts([library]),
    ]);
    const tab = await browser.newPage();
    await tab.goto(pages.url(library));
    page = await startPage(gateway, tab);
  });
  afterEach(() => phone?.close());
  afterAll(async () => {
    await page?.stop().catch(() => {});
    await browser?.close();
    pages?.close();
    await gateway?.chappe.stop();
  });

  const open = async (options?: Parameters<typeof ScriptedPhone.open>[2]): Promise<ScriptedPhone> => {
    // Each is another device that nothing is known of.
    phone = await ScriptedPhone.open(gateway.chappe.sip('udp'), { name: 'bob', domain: gateway.domain }, options);
    return phone;
  };
  const call = () => page.call(`sip:bob@${gateway.domain}`);
  const profileOf = (invite: string): string => /^m=audio \d+ (\S+)/m.exec(invite)![1]!;
  const established = (call: number) => page.until(new RegExp(`^established ${call}$`));

  async function hearEachOther(call: number): Promise<void> {
    await Promise.all([page.expectSound(call), phone.rtp.hears()]);
  }

  async function hangUp(call: number): Promise<void> {
    const from = phone.mark();
    await page.hangUp(call);
    phone.user.answer(await phone.incoming('BYE', from), '200 OK');
  }

  /** What the next INVITE of that call asks for, after the last was refused with `status`. */
  async function refuse(invite: string, status: string): Promise<string> {
    const from = phone.mark();
    phone.user.answer(invite, status);
    await phone.incoming('ACK', from);
    return phone.incoming('INVITE', from);
  }

  for (const status of ['488 Not Acceptable Here', '415 Unsupported Media Type', '606 Not Acceptable']) {
    test(`a phone that answers ${status} to WebRTC is asked again with plain RTP, and the call works`, async () => {
      await open();
      const number = await call();
      const first = await phone.incoming('INVITE');
      expect(profileOf(first)).toBe('UDP/TLS/RTP/SAVPF');
      const second = await refuse(first, status);
      expect(profileOf(second)).toBe('RTP/AVP');
      phone.accept(second);
      await established(number);
      await hearEachOther(number);
      await hangUp(number);
      const legs = [
        { side: 'caller', kind: 'audio', profile: 'UDP/TLS/RTP/SAVPF' },
        { side: 'callee', kind: 'audio', codec: 'PCMU', profile: 'RTP/AVP' },
      ];
      await expect
        .poll(async () => (await callRecords(gateway.chappe.ready.web))[0], { timeout: 10_000 })
        .toMatchObject({ caller: 'alice', callee: 'bob', status: 200, endedBy: 'caller', media: 'embedded', legs });
    });
  }

  for (const refuses of [false, true]) {
    const when = refuses ? ', of a phone that had to be asked again too' : '';
    test(`early media of a 183 is heard in the page before anybody has answered${when}`, async () => {
      await (refuses ? open() : open((rtp) => ({ line: '200 OK', body: rtp.sdp() })));
      const number = await call();
      const first = await phone.incoming('INVITE');
      const invite = refuses ? await refuse(first, '488 Not Acceptable Here') : first;
      phone.user.answer(invite, '183 Session Progress', { body: phone.rtp.sdp(), tag: 'early' });
      phone.rtp.play(bodyOf(invite));
      await page.expectSound(number);
      phone.accept(invite, { tag: 'early' });
      await established(number);
      await hearEachOther(number);
      await hangUp(number);
    });
  }

  // The rest says nothing of the library in the page.
  if (library !== 'chappe-phone') return;

  test('a phone that refuses plain RTP as well is asked with SRTP and at last with DTLS; all refused, the caller is told 488', async () => {
    await open();
    const number = await call();
    let invite = await phone.incoming('INVITE');
    const asked = [profileOf(invite)];
    for (let attempt = 0; attempt < 3; attempt++) {
      invite = await refuse(invite, '488 Not Acceptable Here');
      asked.push(profileOf(invite));
    }
    expect(asked).toEqual(['UDP/TLS/RTP/SAVPF', 'RTP/AVP', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF']);
    phone.user.answer(invite, '488 Not Acceptable Here');
    await page.until(new RegExp(`^ended ${number} 488`));
  });

  test('a phone that tells its way when it registers is asked so at once', async () => {
    await open((rtp) => ({ line: '200 OK', body: rtp.sdp() }));
    const number = await call();
    const invite = await phone.incoming('INVITE');
    expect(profileOf(invite)).toBe('RTP/AVP');
    phone.accept(invite);
    await established(number);
    await hearEachOther(number);
    phone.rtp.press(7);
    await page.dtmf(number, '3');
    await phone.rtp.key(3);
    await hangUp(number);
  });

  test('a 183 without a description, then 200 with one', async () => {
    await open((rtp) => ({ line: '200 OK', body: rtp.sdp() }));
    const number = await call();
    const invite = await phone.incoming('INVITE');
    phone.user.answer(invite, '183 Session Progress', { tag: 'quiet' });
    phone.accept(invite, { tag: 'quiet' });
    await established(number);
    await hearEachOther(number);
    await hangUp(number);
  });

  test('early media of one place and then the answer of another: the one who answered is heard', async () => {
    await open((rtp) => ({ line: '200 OK', body: rtp.sdp() }));
    const announcement = await RtpEndpoint.open();
    try {
      const number = await call();
      const invite = await phone.incoming('INVITE');
      phone.user.answer(invite, '183 Session Progress', { body: announcement.sdp(), tag: 'announcement' });
      announcement.play(bodyOf(invite));
      await page.expectSound(number);
      announcement.silence();
      phone.accept(invite, { tag: 'person' });
      await established(number);
      await hearEachOther(number);
      await hangUp(number);
    } finally {
      announcement.close();
    }
  });

  test('a phone that calls without an offer gets one that it can take, and answers in the ACK', async () => {
    await open((rtp) => ({ line: '200 OK', body: rtp.sdp() }));
    const from = await page.mark();
    let offered = '';
    const { answer, dialog } = await phone.user.call(`sip:alice@${gateway.domain}`, {
      offer: '',
      answerTo: (offer) => {
        offered = offer;
        return phone.rtp.sdp();
      },
    });
    expect(dialog, answer).toBeDefined();
    expect(profileOf(offered)).toBe('RTP/AVP');
    phone.rtp.play(offered);
    const number = Number(/^established (\d+)/.exec(await page.until(/^established/, from))![1]);
    await hearEachOther(number);
    await hangUp(number);
  });

  test('a phone calls, holds by an address of zeros as in RFC 2543, moves to another port, and hangs up', async () => {
    await open((rtp) => ({ line: '200 OK', body: rtp.sdp() }));
    const from = await page.mark();
    const dialog: Dialog = await phone.call(`sip:alice@${gateway.domain}`);
    const number = Number(/^established (\d+)/.exec(await page.until(/^established/, from))![1]);
    await hearEachOther(number);
    phone.rtp.silence();
    await phone.user.within(dialog, 'INVITE', phone.rtp.sdp({ version: 2 }).replace(/c=IN IP4 .*/, 'c=IN IP4 0.0.0.0'));
    await page.until(new RegExp(`^held ${number}`), from);
    await page.expectSilence(number);

    const moved = await RtpEndpoint.open();
    try {
      const answer = await phone.user.within(dialog, 'INVITE', moved.sdp({ version: 3 }));
      await page.until(new RegExp(`^resumed ${number}`), from);
      moved.play(bodyOf(answer));
      expect(addressIn(bodyOf(answer)).port).toBeGreaterThan(0);
      await Promise.all([page.expectSound(number), moved.hears()]);
    } finally {
      moved.close();
    }
    await phone.user.within(dialog, 'BYE');
    await page.until(new RegExp(`^ended ${number}`), from);
  });
}

describeWith(['chromium'], 'a page and phones of every manner', () => manners('chappe-phone'));

describeWith(['chromium'], 'a page with JsSIP and phones that refuse what it offers, or announce', () =>
  manners('jssip-phone'),
);
