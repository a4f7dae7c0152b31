// The browser's own check at /doctor, by a person's path: signs in, starts it, reads what it says.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { networkInterfaces } from 'node:os';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import type { Browser as FirefoxBrowser } from 'puppeteer-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { launchFirefox } from '../support/firefox.ts';
import { describeWith } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { launchChromium, PATIENCE } from './person.ts';

function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

describeWith(['firefox'], "the browser's own check in Firefox", () => {
  let browser: FirefoxBrowser;
  let server: Chappe;

  beforeAll(async () => {
    const at = `${ownAddress()}:${await freePort()}`;
    [browser, server] = await Promise.all([
      launchFirefox(),
      startChappe({ config: { turn: { listen: [`udp:${at}`, `tcp:${at}`] } } }),
    ]);
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  test('all of it works there too', async () => {
    const page = await browser.newPage();
    page.setDefaultTimeout(PATIENCE);
    await page.goto(`${server.ready.web}/doctor`);
    await page.locator('input[name=username]').fill('bob');
    await page.locator('input[name=password]').fill('bob-password');
    await page.locator('button[type=submit]').click();
    await page.locator('::-p-aria([name="Start the check"][role="button"])').click();
    await page.waitForSelector('::-p-aria([name="Check again"][role="button"])');
    const bad = await page.$$eval('.finding:not([data-outcome=ok])', (rows) => rows.map((row) => row.textContent));
    expect(bad).toEqual([]);
    expect(await page.$eval('.verdict', (verdict) => verdict.textContent)).toContain('Calls work from here');
  });
});

describeWith(['chromium'], "the browser's own check", () => {
  let browser: Browser;
  let server: Chappe;
  let context: BrowserContext;
  let complaints: string[];

  beforeAll(async () => {
    const at = `${ownAddress()}:${await freePort()}`;
    browser = await launchChromium();
    server = await startChappe({
      config: {
        turn: { listen: [`udp:${at}`, `tcp:${at}`] },
        accounts: [
          { name: 'alice', password: 'alice-password', admin: true },
          { name: 'bob', password: 'bob-password' },
        ],
      },
    });
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });
  afterEach(() => context?.close());

  async function open(name: string, options: { permissions?: string[]; script?: string } = {}): Promise<Page> {
    const { permissions = ['microphone', 'camera'], script } = options;
    context = await browser.newContext({ permissions });
    context.setDefaultTimeout(PATIENCE);
    if (script !== undefined) await context.addInitScript(script);
    const page = await context.newPage();
    complaints = [];
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`${server.ready.web}/doctor`);
    await page.getByLabel('Name', { exact: true }).fill(name);
    await page.getByLabel('Password').fill(`${name}-password`);
    await page.keyboard.press('Enter');
    return page;
  }

  async function check(page: Page): Promise<string> {
    await page.getByRole('button', { name: 'Start the check' }).click();
    await page.getByRole('button', { name: 'Check again' }).waitFor();
    return page.getByTestId('verdict').innerText();
  }

  const outcome = (page: Page, subject: string) =>
    page.locator(`.finding[data-subject="${subject}"]`).first().getAttribute('data-outcome');

  test('a person signs in, starts it by the keyboard, and is told that calls work', async () => {
    const page = await open('bob');
    const button = page.getByRole('button', { name: 'Start the check' });
    await button.focus();
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Check again' }).waitFor();
    expect(await page.getByTestId('verdict').innerText()).toContain('Calls work from here');
    for (const subject of [
      'WebSocket',
      'Relay over UDP',
      'Relay over TCP',
      'Relay over WebSocket',
      'Microphone',
      'Camera',
    ])
      expect(await outcome(page, subject), subject).toBe('ok');
    expect(await page.getByTestId('announcement').innerText()).toContain('Calls work from here');
    expect(await page.getByRole('heading', { name: 'The server' }).count()).toBe(0);
    expect(complaints).toEqual([]);
  });

  test('an administrator sees what the server says of its host, and what others found', async () => {
    const page = await open('alice');
    await page.getByRole('heading', { name: 'The server', exact: true }).waitFor();
    await page.getByText(/things in order/).click();
    await page.getByText('TURN relays', { exact: true }).waitFor();
    await page.getByRole('heading', { name: 'What browsers found' }).waitFor();
    await page.getByText('bob', { exact: true }).click();
    await page.getByText(/HeadlessChrome|Chrome\//).waitFor();
  });

  test('where UDP is blocked the person is told that calls go by TCP', async () => {
    const mute = createSocket('udp4');
    mute.bind(0, ownAddress());
    await once(mute, 'listening');
    // What a firewall would do: UDP goes where nobody answers.
    const blocked = `{
      const Original = RTCPeerConnection;
      RTCPeerConnection = class extends Original {
        constructor(configuration) {
          const away = (url) => /^stun:|transport=udp/.test(url) ? url.replace(/:\\d+(?=[?]|$)/, ':${mute.address().port}') : url;
          super({ ...configuration, iceServers: configuration.iceServers.map((each) => ({ ...each, urls: away(each.urls) })) });
        }
      };
    }`;
    const page = await open('bob', { script: blocked });
    expect(await check(page)).toMatch(/UDP is blocked between you and the server\s+Calls go by TCP/);
    mute.close();
    expect(await outcome(page, 'STUN over UDP')).toBe('warning');
    expect(await outcome(page, 'Relay over UDP')).toBe('warning');
    await page.getByRole('heading', { name: 'UDP is blocked', exact: true }).waitFor();
  });

  test('a microphone that is refused, and a WebSocket that does not come up, are told first', async () => {
    const denied = `navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); };`;
    expect(await check(await open('bob', { script: denied }))).toMatch(
      /The microphone is not allowed[\s\S]*Nobody will hear/,
    );
    await context.close();
    const cut = `{
      const Original = WebSocket;
      WebSocket = class extends Original {
        constructor(url, protocol) { super('ws://127.0.0.1:1/', protocol); }
      };
    }`;
    expect(await check(await open('bob', { script: cut }))).toContain('Calls do not work from here');
  });
});
