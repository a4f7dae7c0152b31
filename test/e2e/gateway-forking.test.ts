// Somebody who has a desk phone and a page: both ring, each with a description that it understands, and whoever answers is heard.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Baresip } from '../support/baresip.ts';
import { startGateway, startPhone } from '../support/gateway-stage.ts';
import { PagePhone } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import { type ScriptPages, serveScripts } from '../support/script-pages.ts';
import { launchChromium } from './person.ts';

describeWith(['chromium', 'baresip'], 'a phone and a page of one account', () => {
  let gateway: Awaited<ReturnType<typeof startGateway>>;
  let browser: Browser;
  let pages: ScriptPages;
  let alice: PagePhone;
  let bob: PagePhone;
  let phone: Baresip;

  beforeAll(async () => {
    [gateway, browser, pages] = await Promise.all([
      startGateway(),
      launchChromium(),
      serveScripts(['chappe-phone', 'jssip-phone']),
    ]);
    bob = await open('chappe-phone', 'bob');
    phone = await startPhone(gateway, { phone: 'SDES-SRTP' });
  });
  afterEach(() => alice?.stop().catch(() => {}));
  afterAll(async () => {
    await phone?.stop();
    await browser?.close();
    pages?.close();
    await gateway?.chappe.stop();
  });

  async function open(library: string, name: string): Promise<PagePhone> {
    const tab = await browser.newPage();
    await tab.goto(pages.url(library));
    const page = new PagePhone(name, tab);
    const uri = `sip:${name}@${gateway.domain}`;
    await page.start({ uri, ...gateway.page(name), video: false, answer: 'manual' });
    return page;
  }

  for (const library of ['chappe-phone', 'jssip-phone']) {
    test(`${library} calls, the phone answers: it is heard through the relay, and the page stops ringing`, async () => {
      alice = await open(library, 'alice');
      const from = [await bob.mark(), phone.mark()] as const;
      const call = await alice.call(`sip:bob@${gateway.domain}`);
      const [ringing] = await Promise.all([
        bob.until(/^call \d+ from alice/, from[0]),
        phone.event('CALL_INCOMING', from[1]),
      ]);
      await phone.command('accept');
      await alice.until(new RegExp(`^established ${call}$`));
      await bob.until(new RegExp(`^ended ${/\d+/.exec(ringing)![0]}`), from[0]);
      await Promise.all([alice.expectSound(call), phone.hears(0.7)]);
      await phone.command('hangup');
      await alice.until(new RegExp(`^ended ${call}`));
    });

    test(`${library} calls, the page answers: the two talk without the relay, and the phone stops ringing`, async () => {
      alice = await open(library, 'alice');
      const from = [await bob.mark(), phone.mark()] as const;
      const call = await alice.call(`sip:bob@${gateway.domain}`);
      const [ringing] = await Promise.all([
        bob.until(/^call \d+ from alice/, from[0]),
        phone.event('CALL_INCOMING', from[1]),
      ]);
      const called = Number(/\d+/.exec(ringing)![0]);
      await bob.answer(called);
      await Promise.all([
        alice.until(new RegExp(`^established ${call}$`)),
        bob.until(new RegExp(`^established ${called}$`)),
        phone.event('CALL_CLOSED', from[1]),
      ]);
      await Promise.all([alice.expectSound(call), bob.expectSound(called)]);
      const [atAlice, atBob] = await Promise.all([alice.media(call), bob.media(called)]);
      expect(atAlice.remote).toBe(atBob.local);
      await alice.hangUp(call);
      await bob.until(new RegExp(`^ended ${called}`));
    });
  }
});
