// Converse.js in Chromium over WebSocket, by what is on its page.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { type ConversePages, serveConverse } from '../support/converse-js.ts';
import { type Cuttable, cuttable } from '../support/cuttable.ts';
import { describeWith } from '../support/peer.ts';
import { launchChromium, PATIENCE } from './person.ts';

const ROOM = 'cave@rooms.example.test';

describeWith(['chromium'], 'Converse.js', () => {
  let server: Chappe;
  let browser: Browser;
  let pages: ConversePages;
  let way: Cuttable;

  beforeAll(async () => {
    [server, browser, pages] = await Promise.all([startChappe(), launchChromium(), serveConverse()]);
    way = await cuttable(Number(new URL(server.ready.ws).port));
  });
  afterAll(async () => {
    await browser?.close();
    pages?.close();
    way?.close();
    await server?.stop();
  });

  /** A window of its own, without anything remembered. What goes over its WebSockets is kept. */
  async function open(name: string, nick: string, ws = server.ready.ws): Promise<Page & { frames: string[] }> {
    const context = await browser.newContext({ viewport: { width: 1200, height: 800 } });
    const page = Object.assign(await context.newPage(), { frames: [] as string[] });
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => void page.frames.push(String(payload)));
    });
    await page.goto(
      pages.url({
        authentication: 'login',
        auto_login: true,
        jid: `${name}@example.test`,
        password: `${name}-password`,
        websocket_url: ws,
        discover_connection_methods: false,
        view_mode: 'fullscreen',
        assets_path: '/dist',
        persistent_store: 'sessionStorage',
        auto_join_rooms: [{ jid: ROOM, nick }],
        i18n: 'en',
        show_background: false,
        // It has a file of its own to fetch, which bundling has lost.
        blacklisted_plugins: ['converse-omemo'],
      }),
    );
    await page.getByText('I am online').waitFor({ timeout: PATIENCE });
    return page;
  }

  const contact = (page: Page, name: string) => page.locator(`.list-item.online .open-chat`, { hasText: name });
  const room = (page: Page) => page.locator(`converse-rooms-list .open-room`);
  const said = (page: Page, text: string) => page.locator('.chat-msg__text:visible', { hasText: text });

  async function say(page: Page, text: string): Promise<void> {
    const field = page.locator('textarea.chat-textarea:visible');
    await field.fill(text);
    await field.press('Enter');
  }

  test('signs in, finds contacts, chats, meets in a room, reads what was said, sends a file, and resumes after a cut', async () => {
    const alice = await open('alice', 'Alice', `ws://127.0.0.1:${way.port}`);
    await alice.getByText('A new groupchat has been created').waitFor({ timeout: PATIENCE });
    const bob = await open('bob', 'Bob');
    const heard = (page: Page, text: string) => said(page, text).waitFor({ timeout: PATIENCE });

    // A contact, who agrees; each sees that the other is there.
    await alice.evaluate(`window.inside.api.contacts.add({ jid: 'bob@example.test', name: 'Bobby' })`);
    await bob.locator('.accept-xmpp-request').first().dispatchEvent('click', {}, { timeout: PATIENCE });
    const accept = bob.locator('converse-accept-contact-request-modal button[type=submit]');
    await accept.click({ timeout: PATIENCE });
    await contact(alice, 'Bobby').waitFor({ timeout: PATIENCE });
    // Converse 14 means to ask back whom it accepts, and calls something else of that name instead.
    await bob.evaluate(`window.inside.api.user.presence.send({ type: 'subscribe', to: 'alice@example.test' })`);
    await contact(bob, 'alice@example').last().waitFor({ timeout: PATIENCE });

    // A conversation of two.
    await contact(alice, 'Bobby').click();
    await say(alice, 'Shall we meet?');
    await contact(bob, 'alice@example').last().click();
    await heard(bob, 'Shall we meet?');
    await say(bob, 'In the cave');
    await heard(alice, 'In the cave');

    // The room.
    await room(alice).click();
    await room(bob).click();
    await say(bob, 'Here I am');
    await heard(alice, 'Here I am');
    await say(alice, 'So am I');
    await heard(bob, 'So am I');

    // Somebody who was not there reads what was said.
    const carol = await open('carol', 'Carol');
    await room(carol).click();
    await heard(carol, 'Here I am');
    await heard(carol, 'So am I');

    // A file.
    await alice
      .locator('input.fileupload')
      .first()
      .setInputFiles({
        name: 'map.txt',
        mimeType: 'text/plain',
        buffer: Buffer.from('left, then left again'),
      });
    const link = bob.locator('.chat-msg a[href*="map.txt"]').first();
    await link.waitFor({ timeout: PATIENCE });
    const file = await fetch((await link.getAttribute('href')) ?? '');
    expect(await file.text()).toBe('left, then left again');

    // Her network goes, and what is said meanwhile is there when it comes back, on the same stream.
    way.cut();
    await say(bob, 'Can you hear me?');
    await heard(bob, 'Can you hear me?');
    expect(await said(alice, 'Can you hear me?').count()).toBe(0);
    way.mend();
    await heard(alice, 'Can you hear me?');
    await say(alice, 'As ever');
    await heard(bob, 'As ever');
    expect(alice.frames.filter((frame) => frame.includes('<resumed'))).toHaveLength(1);
    expect(await said(alice, 'Can you hear me?').count()).toBe(1);
  });
});
