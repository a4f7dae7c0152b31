import type { Browser } from 'playwright-core';
import type { Browser as FirefoxBrowser, Page } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { launchFirefox } from '../support/firefox.ts';
import { describeWith } from '../support/peer.ts';
import { launchChromium, PATIENCE, Person } from './person.ts';

describeWith(['chromium', 'firefox'], 'Chromium and Firefox at the page', () => {
  let chappe: Chappe;
  let chromium: Browser;
  let firefox: FirefoxBrowser;
  let alice: Person;
  let bob: Page;

  beforeAll(async () => {
    [chappe, chromium, firefox] = await Promise.all([startChappe(), launchChromium(), launchFirefox()]);
    alice = await Person.open(chromium, chappe.ready.web, { name: 'alice', password: 'alice-password' });
    bob = await firefox.newPage();
    bob.setDefaultTimeout(PATIENCE);
    await bob.evaluateOnNewDocument(() => {
      const connections: RTCPeerConnection[] = [];
      Object.assign(globalThis, { connections });
      const Original = RTCPeerConnection;
      globalThis.RTCPeerConnection = class extends Original {
        constructor(configuration?: RTCConfiguration) {
          super(configuration);
          connections.push(this);
        }
      };
    });
    await bob.goto(chappe.ready.web);
    await bob.locator('input[name=username]').fill('bob');
    await bob.locator('input[name=password]').fill('bob-password');
    await bob.locator('button[type=submit]').click();
    await bob.waitForSelector('[data-testid=connection][data-state=registered]');
  });

  afterAll(async () => {
    await Promise.allSettled([chromium?.close(), firefox?.close()]);
    await chappe?.stop();
  });

  const received = () =>
    bob.evaluate(async () => {
      const { connections } = globalThis as unknown as { connections: RTCPeerConnection[] };
      const sum = { energy: 0, frames: 0 };
      for (const report of (await connections.at(-1)?.getStats())?.values() ?? []) {
        if (report.type !== 'inbound-rtp') continue;
        sum.energy += report.totalAudioEnergy ?? 0;
        sum.frames += report.framesDecoded ?? 0;
      }
      return sum;
    });
  const press = (name: string) => bob.locator(`::-p-aria([name="${name}"][role="button"])`).click();
  const bobReceives = async () => {
    const before = await received();
    await expect.poll(async () => (await received()).frames, { timeout: PATIENCE }).toBeGreaterThan(before.frames + 3);
    await expect.poll(async () => (await received()).energy, { timeout: PATIENCE }).toBeGreaterThan(before.energy);
  };

  test('Chromium calls Firefox with sound and picture, holds, and resumes', async () => {
    await alice.press('Video call bob');
    await press('Answer');
    await alice.sees('active');
    await Promise.all([alice.hears(), alice.seesPicture(), bobReceives()]);
    await alice.press('Hold');
    await bob.waitForFunction(() => document.body.innerText.includes('alice put you on hold'));
    await alice.press('Hold');
    await Promise.all([alice.hears(), alice.seesPicture(), bobReceives()]);
    await press('Hang up');
    await alice.seesNoCall();
  });

  test('Firefox calls Chromium, which adds its picture', async () => {
    await press('Call alice');
    await alice.answer();
    await alice.sees('active');
    await alice.hears();
    await alice.press('Camera on');
    await bobReceives();
    await alice.press('Hang up');
    await bob.waitForFunction(() => document.querySelector('[data-testid=call]') === null);
  });
});
