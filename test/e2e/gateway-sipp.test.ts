// SIPp as a user agent of another domain, which knows nothing but plain RTP and says so by 488: it is asked again.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startGateway, startPage } from '../support/gateway-stage.ts';
import type { PagePhone } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { type ScriptPages, serveScripts } from '../support/script-pages.ts';
import { type SippRun, startSipp } from '../support/sipp.ts';
import { callee } from '../support/sipp-scenarios.ts';
import { launchChromium } from './person.ts';

describeWith(['chromium', 'sipp'], 'a page and SIPp', () => {
  let gateway: Awaited<ReturnType<typeof startGateway>>;
  let browser: Browser;
  let pages: ScriptPages;
  let page: PagePhone;
  let sipp: SippRun;

  beforeAll(async () => {
    const port = await freePort();
    sipp = await startSipp({ scenario: callee({ refuses: true }), port, calls: 1, echo: true });
    const routes = [{ domain: 'other.test', to: `udp:127.0.0.1:${port}` }];
    [gateway, browser, pages] = await Promise.all([
      startGateway({}, { sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'], routes } }),
      launchChromium(),
      serveScripts(['chappe-phone']),
    ]);
    const tab = await browser.newPage();
    await tab.goto(pages.url('chappe-phone'));
    page = await startPage(gateway, tab);
  });
  afterAll(async () => {
    await page?.stop().catch(() => {});
    await browser?.close();
    pages?.close();
    await gateway?.chappe.stop();
    await sipp?.stop();
  });

  test('its 488 to a browser’s offer is followed by an offer of plain RTP, and what the page says comes back', async () => {
    const call = await page.call('sip:desk@other.test');
    await page.until(new RegExp(`^established ${call}$`));
    await page.expectSound(call);
    await page.hangUp(call);
    const result = await sipp.result;
    expect(result, result.errors).toMatchObject({ successful: 1, failed: 0 });
  });
});
