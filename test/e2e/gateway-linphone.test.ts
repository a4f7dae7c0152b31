// linphone as a second make of phone, in the clear, with SDES and with DTLS, and a page in Chromium.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, test } from 'vitest';
import { startGateway, startPage } from '../support/gateway-stage.ts';
import { Linphone, type LinphoneOptions } from '../support/linphone.ts';
import type { PagePhone } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import { type ScriptPages, serveScripts } from '../support/script-pages.ts';
import { launchChromium } from './person.ts';

describeWith(['chromium', 'linphonec'], 'a page and linphone', () => {
  let gateway: Awaited<ReturnType<typeof startGateway>>;
  let browser: Browser;
  let pages: ScriptPages;
  let page: PagePhone;
  let phone: Linphone | undefined;

  beforeAll(async () => {
    [gateway, browser, pages] = await Promise.all([startGateway(), launchChromium(), serveScripts(['chappe-phone'])]);
    const tab = await browser.newPage();
    await tab.goto(pages.url('chappe-phone'));
    page = await startPage(gateway, tab);
  });
  afterEach(async () => {
    await phone?.stop();
    phone = undefined;
  });
  afterAll(async () => {
    await page?.stop().catch(() => {});
    await browser?.close();
    pages?.close();
    await gateway?.chappe.stop();
  });

  const start = async (encryption?: LinphoneOptions['encryption']): Promise<Linphone> => {
    phone = await Linphone.start({
      name: 'bob',
      domain: gateway.domain,
      server: gateway.sip('udp'),
      ...gateway.phone('bob'),
      ...(encryption ? { encryption } : {}),
    });
    return phone;
  };

  test.each([undefined, 'srtp', 'dtls'] as const)('the page calls linphone, encryption: %s', async (encryption) => {
    const bob = await start(encryption);
    const from = bob.mark();
    const call = await page.call(`sip:bob@${gateway.domain}`);
    await bob.answer(from);
    await page.until(new RegExp(`^established ${call}$`));
    await Promise.all([page.expectSound(call), bob.hears()]);
    const events = await page.mark();
    await bob.command('pause', /\bLinphoneCallPaused\b/);
    await page.until(new RegExp(`^held ${call}$`), events);
    await bob.command('resume', /\bLinphoneCallStreamsRunning\b/);
    await page.until(new RegExp(`^resumed ${call}$`), events);
    await page.expectSound(call);
    await page.hangUp(call);
    await bob.ended(from);
  });

  test.each([undefined, 'srtp', 'dtls'] as const)('linphone calls the page, encryption: %s', async (encryption) => {
    const bob = await start(encryption);
    const [from, events] = [bob.mark(), await page.mark()];
    await bob.command(`call sip:alice@${gateway.domain}`, /\bLinphoneCallStreamsRunning\b/);
    const call = Number(/^established (\d+)/.exec(await page.until(/^established/, events))![1]);
    await Promise.all([page.expectSound(call), bob.hears()]);
    await bob.command('terminate', /\bLinphoneCallReleased\b/);
    await page.until(new RegExp(`^ended ${call}`), events);
    await bob.ended(from);
  });
});
