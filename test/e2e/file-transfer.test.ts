// 200 MB from one Chromium page to another, cut in the middle and taken up again: through the relay, and by a data channel.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { type Cuttable, cuttable } from '../support/cuttable.ts';
import { describeWith } from '../support/peer.ts';
import { type ScriptPages, serveScripts } from '../support/script-pages.ts';
import { launchChromium } from './person.ts';
import type { FilePage } from './third-party/file-page.ts';

const MEGABYTES = 200;

describeWith(['chromium'], 'files between two pages', () => {
  let chappe: Chappe;
  let browser: Browser;
  let pages: ScriptPages;
  let way: Cuttable;
  let alice: Page;
  let bob: Page;

  beforeAll(async () => {
    [chappe, browser, pages] = await Promise.all([startChappe(), launchChromium(), serveScripts(['file-page'])]);
    way = await cuttable(Number(new URL(chappe.ready.web).port));
    [alice, bob] = [await open('alice', way.port), await open('bob', Number(new URL(chappe.ready.web).port))];
  }, 60_000);

  afterAll(async () => {
    await browser?.close();
    pages?.close();
    way?.close();
    await chappe?.stop();
  });

  async function open(name: string, port: number): Promise<Page> {
    const page = await (await browser.newContext()).newPage();
    await page.goto(pages.url('file-page'));
    const options = { ws: `ws://127.0.0.1:${port}`, name, password: `${name}-password`, domain: 'example.test' };
    // An account's password is no handshake credential: a page gets one from the API.
    const session = await fetch(`${chappe.ready.web}/api/session`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: chappe.ready.web },
      body: JSON.stringify({ name, password: `${name}-password` }),
    });
    const cookie = session.headers.getSetCookie().join('; ');
    const answer = await fetch(`${chappe.ready.web}/api/credentials`, {
      method: 'POST',
      headers: { origin: chappe.ready.web, cookie },
    });
    const credentials = (await answer.json()) as { username: string; password: string };
    await page.evaluate((given) => (globalThis as unknown as { files: FilePage }).files.start(given), {
      ...options,
      name: credentials.username,
      password: credentials.password,
    });
    return page;
  }

  const call = <Name extends keyof FilePage>(page: Page, name: Name, ...args: Parameters<FilePage[Name]>) =>
    page.evaluate(
      ([method, given]) =>
        (globalThis as unknown as { files: Record<string, (...all: unknown[]) => unknown> }).files[method as string]!(
          ...(given as unknown[]),
        ),
      [name, args] as const,
    ) as Promise<Awaited<ReturnType<FilePage[Name]>>>;

  for (const by of ['relay', 'data-channel'] as const)
    test(`${MEGABYTES} MB by ${by}, cut in the middle and resumed, with equal hashes`, async () => {
      const hash = await call(alice, 'send', 'bob', MEGABYTES, by);
      const half = (MEGABYTES / 2) * 1024 * 1024;
      await expect
        .poll(async () => (await call(bob, 'progress')).octets, { timeout: 120_000 })
        .toBeGreaterThan(half * 0.8);
      const before = (await call(bob, 'progress')).octets;
      if (by === 'relay') {
        expect(way.cut()).toBeGreaterThanOrEqual(2);
        way.mend();
      } else await call(alice, 'cutPeers');
      const received = await call(bob, 'received');
      await call(alice, 'sent');
      expect(received).toEqual({ hash, size: MEGABYTES * 1024 * 1024, name: 'large.bin' });
      const { states } = await call(alice, 'progress');
      expect(states.filter((state) => state === 'interrupted').length).toBe(1);
      expect(states.at(-1)).toBe('done');
      expect(before).toBeLessThan(MEGABYTES * 1024 * 1024);
      expect((await call(bob, 'progress')).states).toContain('interrupted');
    }, 300_000);
});
