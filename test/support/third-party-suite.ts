// What every SIP library in a page must be able to do through the server; run with JsSIP, with SIP.js, and across the two.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../e2e/person.ts';
import { type Chappe, secret, startChappe } from './chappe.ts';
import { callBetween, PagePhone } from './page-phone.ts';
import { type ScriptPages, serveScripts } from './script-pages.ts';
import { ephemeralCredential } from './user.ts';

export type Library = 'chappe-phone' | 'jssip-phone' | 'sipjs-phone';

export interface Stage {
  /** Opens a page on that library and registers it. `digest`: with the account's password, else with the handshake's credential. */
  phone(library: Library, name: string, options?: { digest?: boolean; sessionExpires?: number }): Promise<PagePhone>;
  address(name: string): string;
  server(): Chappe;
  pages(): ScriptPages;
}

/** A server, a browser and the bundled pages for the tests of one file. */
export function stage(libraries: readonly Library[]): Stage {
  let server: Chappe;
  let browser: Browser;
  let pages: ScriptPages;
  const closing: (() => Promise<unknown>)[] = [];

  beforeAll(async () => {
    [server, browser, pages] = await Promise.all([startChappe(), launchChromium(), serveScripts(libraries)]);
  });
  afterEach(async () => {
    for (const close of closing.splice(0)) await close();
  });
  afterAll(async () => {
    await browser?.close();
    pages?.close();
    await server?.stop();
  });

  const address = (name: string): string => `sip:${name}@${server.ready.domain}`;
  return {
    address,
    server: () => server,
    pages: () => pages,
    async phone(library, name, { digest = false, sessionExpires } = {}) {
      const context = await browser.newContext({ permissions: ['microphone', 'camera'] });
      const page = await context.newPage();
      page.on('pageerror', (error) => process.stderr.write(`${library} ${name}: ${error.message}\n`));
      await page.goto(pages.url(library));
      const phone = new PagePhone(name, page);
      closing.push(async () => {
        await phone.stop().catch(() => {});
        await context.close();
      });
      await phone.start({
        uri: address(name),
        ...connection(server, name, digest),
        ...(sessionExpires ? { sessionExpires } : {}),
      });
      return phone;
    },
  };
}

/** How a page gets in: by digest with the account's password, or by the credential in the handshake's query. */
export function connection(server: Chappe, name: string, digest: boolean): { ws: string; password?: string } {
  if (digest) return { ws: server.ready.ws, password: `${name}-password` };
  return { ws: `${server.ready.ws}/?${new URLSearchParams(ephemeralCredential(secret, name))}` };
}

/** The tests that are the same for any pair of libraries. */
export function sharedTests(on: Stage, caller: Library, callee: Library): void {
  test('calls with sound and picture both ways, and the callee hangs up', async () => {
    const [alice, bob] = [await on.phone(caller, 'alice'), await on.phone(callee, 'bob')];
    const { calling, called } = await callBetween(alice, bob, on.address('bob'));
    await alice.expectMedia(calling);
    await bob.expectMedia(called);
    await bob.hangUp(called);
    await alice.until(new RegExp(`^ended ${calling}`));
  });

  test('messages go both ways', async () => {
    const [alice, bob] = [await on.phone(caller, 'alice'), await on.phone(callee, 'bob')];
    expect(await alice.message(on.address('bob'), 'Bonjour Lille, ça va ?')).toBe(200);
    await bob.until(/^message Bonjour Lille, ça va \?$/);
    expect(await bob.message(on.address('alice'), 'Oui, Paris')).toBe(200);
    await alice.until(/^message Oui, Paris$/);
    expect(await alice.message(on.address('nobody'), 'hello?')).toBe(404);
  });

  test('holds and resumes from both sides', async () => {
    const [alice, bob] = [await on.phone(caller, 'alice'), await on.phone(callee, 'bob')];
    const { calling, called } = await callBetween(alice, bob, on.address('bob'));
    for (const [holder, call, held, number] of [
      [alice, calling, bob, called],
      [bob, called, alice, calling],
    ] as const) {
      let from = await held.mark();
      await holder.hold(call);
      await held.until(new RegExp(`^held ${number}$`), from);
      from = await held.mark();
      await holder.resume(call);
      await held.until(new RegExp(`^resumed ${number}$`), from);
      await held.expectMedia(number);
    }
    await alice.hangUp(calling);
    await bob.until(new RegExp(`^ended ${called}`));
  });

  test('transfers a call blindly', async () => {
    const [alice, bob, carol] = [
      await on.phone(caller, 'alice'),
      await on.phone(callee, 'bob'),
      await on.phone(caller, 'carol'),
    ];
    const { calling, called } = await callBetween(alice, bob, on.address('bob'));
    await alice.transfer(calling, on.address('carol'));
    await bob.until(new RegExp(`^referred ${called}$`));
    await carol.until(/^call 0 from bob$/);
    await carol.until(/^established 0$/);
    await alice.hangUp(calling);
    await bob.until(new RegExp(`^ended ${called}`));
    await carol.expectMedia(0);
  });

  test('transfers a call after asking (attended)', async () => {
    const [alice, bob, carol] = [
      await on.phone(caller, 'alice'),
      await on.phone(callee, 'bob'),
      await on.phone(caller, 'carol'),
    ];
    const first = await callBetween(alice, bob, on.address('bob'));
    await alice.hold(first.calling);
    const second = await callBetween(alice, carol, on.address('carol'));
    await alice.connect(first.calling, second.calling);
    await bob.until(new RegExp(`^referred ${first.called}$`));
    await carol.until(new RegExp(`^replaced ${second.called}$`));
    // The call that was replaced ends at the one who asked (RFC 3891 section 3).
    await alice.until(new RegExp(`^ended ${second.calling}`));
    await carol.until(/^established 1$/);
    await alice.hangUp(first.calling);
    await carol.expectMedia(1);
  });
}
