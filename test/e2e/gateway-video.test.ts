// Sound and picture together through the relay: two pages, of which each is a WebRTC leg of its own (`media.policy: always`), by
// our relay and by rtpengine.
import type { Browser } from 'playwright-core';
import type { Browser as FirefoxBrowser } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchFirefox } from '../support/firefox.ts';
import { ownAddress, startGateway } from '../support/gateway-stage.ts';
import { callBetween, PagePhone } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import { type Rtpengine, startRtpengine } from '../support/rtpengine.ts';
import { type ScriptPages, serveScripts } from '../support/script-pages.ts';
import { launchChromium } from './person.ts';

for (const engine of ['embedded', 'rtpengine'] as const) {
  const peers = ['chromium', 'firefox', ...(engine === 'rtpengine' ? (['rtpengine'] as const) : [])] as const;
  describeWith(peers, `sound and picture through ${engine}`, () => {
    let rtpengine: Rtpengine | undefined;
    let gateway: Awaited<ReturnType<typeof startGateway>>;
    let chromium: Browser;
    let firefox: FirefoxBrowser;
    let pages: ScriptPages;

    beforeAll(async () => {
      if (engine === 'rtpengine') rtpengine = await startRtpengine({ address: ownAddress() });
      const media = rtpengine ? { engine, url: rtpengine.url } : {};
      [gateway, chromium, firefox, pages] = await Promise.all([
        startGateway({ policy: 'always', ...media }),
        launchChromium(),
        launchFirefox(),
        serveScripts(['chappe-phone']),
      ]);
    });
    afterAll(async () => {
      await Promise.allSettled([chromium?.close(), firefox?.close()]);
      pages?.close();
      await gateway?.chappe.stop();
      await rtpengine?.stop();
    });

    async function open(browser: Browser | FirefoxBrowser, name: string): Promise<PagePhone> {
      const tab = await browser.newPage();
      await tab.goto(pages.url('chappe-phone'));
      const phone = new PagePhone(name, tab);
      await phone.start({ uri: `sip:${name}@${gateway.domain}`, ...gateway.page(name) });
      return phone;
    }

    test.each(['Chromium', 'Firefox'])('Chromium calls %s, holds, resumes, and is called back', async (other) => {
      const [alice, bob] = [await open(chromium, 'alice'), await open(other === 'Firefox' ? firefox : chromium, 'bob')];
      const { calling, called } = await callBetween(alice, bob, `sip:bob@${gateway.domain}`);
      await Promise.all([alice.expectMedia(calling), bob.expectMedia(called)]);
      const [atAlice, atBob] = await Promise.all([alice.media(calling), bob.media(called)]);
      expect(atAlice.remote, 'by the relay').not.toBe(atBob.local);
      expect(atBob.remote, 'by the relay').not.toBe(atAlice.local);

      const from = await bob.mark();
      await alice.hold(calling);
      await bob.until(new RegExp(`^held ${called}$`), from);
      await alice.resume(calling);
      await bob.until(new RegExp(`^resumed ${called}$`), from);
      await Promise.all([alice.expectMedia(calling), bob.expectMedia(called)]);
      await Promise.all([alice.expectSound(calling), bob.expectSound(called)]);
      await alice.hangUp(calling);
      await bob.until(new RegExp(`^ended ${called}`));

      const back = await callBetween(bob, alice, `sip:alice@${gateway.domain}`);
      await Promise.all([bob.expectMedia(back.calling), alice.expectMedia(back.called)]);
      await alice.hangUp(back.called);
      await bob.until(new RegExp(`^ended ${back.calling}`));
      await Promise.all([alice.stop(), bob.stop()]);
    });
  });
}
