// strophe.js 5 in Chromium through the server: over BOSH, and beside it over WebSocket.
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { describeWith } from '../support/peer.ts';
import { type ScriptPages, serveScripts } from '../support/script-pages.ts';
import { launchChromium } from './person.ts';
import type {} from './third-party/strophe-client.ts';

describeWith(['chromium'], 'strophe.js', () => {
  let server: Chappe;
  let browser: Browser;
  let pages: ScriptPages;
  const contexts: BrowserContext[] = [];

  beforeAll(async () => {
    [server, browser, pages] = await Promise.all([startChappe(), launchChromium(), serveScripts(['strophe-client'])]);
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(async () => {
    await browser?.close();
    pages?.close();
    await server?.stop();
  });

  async function person(name: string, by: 'bosh' | 'ws'): Promise<{ page: Page; context: BrowserContext }> {
    const context = await browser.newContext();
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(pages.url('strophe-client'));
    const { web, ws, domain } = server.ready;
    const service = by === 'bosh' ? `${web}/http-bind` : `${ws}/xmpp`;
    await page.evaluate(
      ([url, jid, password]) => window.client.connect(url!, jid!, password!),
      [service, `${name}@${domain}/${by}`, `${name}-password`],
    );
    return { page, context };
  }

  const say = (page: Page, to: string, text: string) =>
    page.evaluate(([address, words]) => window.client.say(address!, words!), [`${to}@example.test`, text]);
  const messages = async (page: Page) =>
    (await page.evaluate(() => window.client.events)).filter((event) => event.startsWith('message'));
  const hears = (page: Page, count: number) =>
    page.waitForFunction(
      (least) => window.client.events.filter((event) => event.startsWith('message')).length >= least,
      count,
    );

  test('finds its way by host-meta, logs in over BOSH and has its roster', async () => {
    const { page } = await person('alice', 'bosh');
    const links = await page.evaluate(
      async (url) => (await fetch(url)).json(),
      `${server.ready.web}/.well-known/host-meta.json`,
    );
    expect(links.links.map(({ href }: { href: string }) => href)).toContain(`${server.ready.web}/http-bind`);
    expect(await page.evaluate(() => window.client.events[0])).toBe('connected alice@example.test/bosh');
    expect(await page.evaluate(() => window.client.ask('jabber:iq:roster'))).toContain('result');
  });

  test('a wrong password is told', async () => {
    const context = await browser.newContext();
    contexts.push(context);
    const page = await context.newPage();
    await page.goto(pages.url('strophe-client'));
    const url = `${server.ready.web}/http-bind`;
    const outcome = await page.evaluate(
      (service) => window.client.connect(service, 'alice@example.test', 'wrong').catch((error: Error) => error.message),
      url,
    );
    expect(outcome).toBe('not authenticated');
  });

  test('messages go both ways between BOSH and WebSocket, all of them, in their order', async () => {
    const alice = await person('alice', 'bosh');
    const bob = await person('bob', 'ws');
    for (let i = 0; i < 20; i++) {
      await say(alice.page, 'bob', `up ${i}`);
      await say(bob.page, 'alice', `down ${i}`);
    }
    await hears(alice.page, 20);
    await hears(bob.page, 20);
    expect(await messages(bob.page)).toEqual(
      Array.from({ length: 20 }, (_, i) => `message alice@example.test up ${i}`),
    );
    expect(await messages(alice.page)).toEqual(
      Array.from({ length: 20 }, (_, i) => `message bob@example.test down ${i}`),
    );
  });

  test('over BOSH: presence, a room, the histories of both, and a file', async () => {
    const alice = await person('alice', 'bosh');
    const bob = await person('bob', 'ws');
    const happens = (page: Page, event: string) =>
      page.waitForFunction((wanted) => window.client.events.includes(wanted), event);
    const send = (page: Page, stanza: Parameters<typeof window.client.send>[0]) =>
      page.evaluate((what) => window.client.send(what), stanza);
    const [a, b] = ['alice@example.test', 'bob@example.test'];
    await send(alice.page, { presence: { to: b, type: 'subscribe' } });
    await happens(bob.page, `presence ${a} subscribe`);
    await send(bob.page, { presence: { to: a, type: 'subscribed' } });
    await happens(alice.page, `presence ${b}/ws available`);
    const room = 'towers@rooms.example.test';
    await send(alice.page, { presence: { to: `${room}/Alice` }, muc: true });
    await happens(alice.page, `presence ${room}/Alice available`);
    await alice.page.evaluate((address) => window.client.configure(address), room);
    await send(bob.page, { presence: { to: `${room}/Bob` }, muc: true });
    await happens(alice.page, `presence ${room}/Bob available`);
    await send(bob.page, { to: room, groupchat: 'to all towers' });
    await happens(alice.page, `message ${room} to all towers`);
    expect(await alice.page.evaluate((address) => window.client.history(address), room)).toEqual(['to all towers']);
    await say(bob.page, 'alice', 'to one tower');
    await happens(alice.page, `message ${b} to one tower`);
    expect((await alice.page.evaluate(() => window.client.history())).at(-1)).toBe('to one tower');
    const url = await alice.page.evaluate(() => window.client.upload('code.txt', 'one arm up'));
    expect(await (await fetch(url)).text()).toBe('one arm up');
  });

  test('what is sent while the network is away comes once it is back, once', async () => {
    const alice = await person('alice', 'bosh');
    const bob = await person('bob', 'ws');
    await say(bob.page, 'alice', 'before');
    await hears(alice.page, 1);
    await alice.context.setOffline(true);
    for (let i = 0; i < 5; i++) await say(bob.page, 'alice', `away ${i}`);
    await say(alice.page, 'bob', 'from afar');
    await new Promise((resolve) => setTimeout(resolve, 500)); // requests fail meanwhile
    await alice.context.setOffline(false);
    await hears(alice.page, 6);
    await hears(bob.page, 1);
    await say(bob.page, 'alice', 'after');
    await hears(alice.page, 7);
    const expected = ['before', ...Array.from({ length: 5 }, (_, i) => `away ${i}`), 'after'];
    expect(await messages(alice.page)).toEqual(expected.map((text) => `message bob@example.test ${text}`));
    expect(await messages(bob.page)).toEqual(['message alice@example.test from afar']);
  });

  test('whoever disconnects is gone at once', async () => {
    const alice = await person('alice', 'bosh');
    await alice.page.evaluate(() => window.client.disconnect());
    await alice.page.waitForFunction(() => window.client.events.includes('disconnected'));
    const metrics = await (await fetch(`${server.ready.web}/metrics`)).text();
    expect(metrics).toMatch(/^chappe_xmpp_sessions 0$/m);
  });
});
