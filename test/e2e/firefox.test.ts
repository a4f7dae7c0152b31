// A call between Chromium and Firefox through the server, each calling the other.
import type { Browser } from 'puppeteer-core';
import { afterAll, beforeAll, test } from 'vitest';
import { launchFirefox } from '../support/firefox.ts';
import { callBetween, PagePhone, type ScriptablePage } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import { connection, stage } from '../support/third-party-suite.ts';

describeWith(['chromium', 'firefox'], 'Chromium and Firefox', () => {
  const on = stage(['jssip-phone']);
  let firefox: Browser;
  beforeAll(async () => {
    firefox = await launchFirefox();
  });
  afterAll(async () => {
    await firefox?.close();
  });

  test('call each other with sound and picture', async () => {
    const alice = await on.phone('jssip-phone', 'alice');
    const page = await firefox.newPage();
    await page.goto(on.pages().url('jssip-phone'));
    await page.waitForFunction('window.phone !== undefined');
    const bob = new PagePhone('bob', page as ScriptablePage);
    await bob.start({ uri: on.address('bob'), ...connection(on.server(), 'bob', false) });

    for (const [caller, callee] of [
      [alice, bob],
      [bob, alice],
    ] as const) {
      const { calling, called } = await callBetween(caller, callee, on.address(callee.name));
      await caller.expectMedia(calling);
      await callee.expectMedia(called);
      await callee.hangUp(called);
      await caller.until(new RegExp(`^ended ${calling}`));
    }
    await bob.stop();
  });
});
