// A server that is killed takes the media of relayed calls with it. When it is back, no such call stays up in silence.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Baresip } from '../support/baresip.ts';
import { callGauges, connect, startGateway, startPage, startPhone } from '../support/gateway-stage.ts';
import type { PagePhone } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { type ScriptPages, serveScripts } from '../support/script-pages.ts';
import { launchChromium } from './person.ts';

describeWith(['chromium', 'baresip'], 'a page and a phone whose server is killed', () => {
  const data = mkdtempSync(join(tmpdir(), 'chappe-restart-'));
  let start: () => ReturnType<typeof startGateway>;
  let gateway: Awaited<ReturnType<typeof startGateway>>;
  let browser: Browser;
  let pages: ScriptPages;
  let page: PagePhone;
  let phone: Baresip;

  beforeAll(async () => {
    const [web, sip] = [await freePort(), await freePort()];
    const listen = {
      web: { listen: `127.0.0.1:${web}`, origins: ['*'] },
      sip: { listen: [`udp:127.0.0.1:${sip}`] },
    };
    start = () => startGateway({}, listen, data);
    [gateway, browser, pages] = await Promise.all([start(), launchChromium(), serveScripts(['chappe-phone'])]);
    const tab = await browser.newPage();
    await tab.goto(pages.url('chappe-phone'));
    page = await startPage(gateway, tab);
    phone = await startPhone(gateway, { phone: 'plain' });
  });
  afterAll(async () => {
    await page?.stop().catch(() => {});
    await browser?.close();
    pages?.close();
    await phone?.stop();
    await gateway?.chappe.stop();
    rmSync(data, { recursive: true, force: true });
  });

  test.each(['page', 'phone'] as const)(
    'the call that the %s made ends at both, and the next one works',
    async (caller) => {
      const call = await connect(gateway, page, phone, caller);
      await Promise.all([page.expectSound(call), phone.flows()]);
      const from = [await page.mark(), phone.mark()] as const;
      gateway.chappe.program.kill('SIGKILL');
      await gateway.chappe.stop(); // cleans up after it
      gateway = await start();
      await page.until(/^registered$/, from[0]);
      await Promise.all([page.until(new RegExp(`^ended ${call} `), from[0]), phone.event('CALL_CLOSED', from[1])]);
      expect(await callGauges(gateway.chappe.ready.web)).toEqual({ calls: 0, relayed: 0 });

      const next = await connect(gateway, page, phone, 'page');
      await Promise.all([page.expectSound(next), phone.flows()]);
      const at = phone.mark();
      await page.hangUp(next);
      await phone.event('CALL_CLOSED', at);
    },
  );
});
