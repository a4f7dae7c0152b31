// A person at a browser window: signs in, calls and answers by what is on the page, found by its labels as a screen
// reader would. The peer connections are recorded from outside, so that the tests can see whether media really flows.
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';
import { expect } from 'vitest';
import { peerPath } from '../support/peer.ts';

/** Long, since a test machine may be busy with other things; nothing waits longer than it has to. */
export const PATIENCE = 45_000;

/** `program`: a script that starts it in a place of its own. `home`: where it finds the authorities its person trusts. */
export function launchChromium({
  program = peerPath('chromium'),
  args = [],
  home,
}: {
  program?: string;
  args?: string[];
  home?: string;
} = {}): Promise<Browser> {
  return chromium.launch({
    executablePath: program,
    ...(home !== undefined && { env: { ...process.env, HOME: home } }),
    args: [
      ...args,
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--use-fake-device-for-media-stream=fps=15',
      '--use-fake-ui-for-media-stream',
      '--autoplay-policy=no-user-gesture-required',
      '--allow-loopback-in-peer-connection',
    ],
  });
}

/** What the browser says of the media of the calls that are up. */
export interface Media {
  audioEnergy: number;
  audioLevel: number;
  framesDecoded: number;
  tones: string;
  /** Type of our candidate in use (`host`, `relay`), and how a relay is reached (`relay tcp`). */
  path: string;
}

export interface Account {
  name: string;
  password: string;
}

export class Person {
  readonly name: string;
  readonly context: BrowserContext;
  readonly page: Page;
  /** Console errors and exceptions of the page. */
  readonly complaints: string[] = [];

  private constructor(name: string, context: BrowserContext, page: Page) {
    this.name = name;
    this.context = context;
    this.page = page;
    page.on('pageerror', (error) => this.complaints.push(error.message));
    page.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text());
    });
  }

  static async open(browser: Browser, url: string, account: Account): Promise<Person> {
    const context = await browser.newContext({
      viewport: { width: 1120, height: 720 },
      permissions: ['microphone', 'camera'],
    });
    context.setDefaultTimeout(PATIENCE);
    await context.addInitScript(recordMedia);
    const person = new Person(account.name, context, await context.newPage());
    await person.page.goto(url);
    await person.signIn(account.password);
    return person;
  }

  async signIn(password: string): Promise<void> {
    const { page } = this;
    await page.getByLabel('Name', { exact: true }).fill(this.name);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.locator('[data-testid=connection][data-state=registered]').waitFor();
  }

  press(button: string | RegExp): Promise<void> {
    return this.page
      .getByRole('button', { name: button, ...(typeof button === 'string' ? { exact: true } : {}) })
      .click();
  }

  /** From the list of contacts, once the other one is there. */
  async call(other: Person, { video = false } = {}): Promise<void> {
    await this.press(`${video ? 'Video call' : 'Call'} ${other.name}`);
  }

  get ringing() {
    return this.page.getByRole('alertdialog');
  }

  async answer(): Promise<void> {
    await this.ringing.getByRole('button', { name: 'Answer', exact: true }).click();
  }

  async sees(state: 'calling' | 'ringing' | 'active', other?: Person): Promise<void> {
    const call = other
      ? this.page.getByRole('region', { name: `Call with ${other.name}` })
      : this.page.getByTestId('call');
    await call.and(this.page.locator(`[data-state=${state}]`)).waitFor();
  }

  async seesStatus(status: string | RegExp): Promise<void> {
    await this.page.getByTestId('call-status').filter({ hasText: status }).waitFor();
  }

  async seesNoCall(): Promise<void> {
    await this.page.getByTestId('call').waitFor({ state: 'detached' });
    await this.ringing.waitFor({ state: 'detached' });
  }

  async seesNotice(text: string | RegExp): Promise<void> {
    await this.page.getByRole('log', { name: 'Notices' }).getByText(text).first().waitFor();
  }

  /** The WebSocket breaks, and the page has to notice and come back by itself. */
  async loseConnection(): Promise<void> {
    const before = await this.page.evaluate(() => {
      const { sockets } = (globalThis as unknown as { recorded: Recorded }).recorded;
      sockets.at(-1)?.close();
      return sockets.length;
    });
    await this.page.waitForFunction((before) => {
      const { sockets } = (globalThis as unknown as { recorded: Recorded }).recorded;
      const state = document.querySelector<HTMLElement>('[data-testid=connection]')?.dataset['state'];
      return sockets.length > before && state === 'registered';
    }, before);
  }

  media(): Promise<Media> {
    return this.page.evaluate(readMedia);
  }

  async hears(): Promise<void> {
    const before = (await this.media()).audioEnergy;
    await expect.poll(async () => (await this.media()).audioEnergy, { timeout: PATIENCE }).toBeGreaterThan(before);
  }

  async hearsNothing(): Promise<void> {
    await expect.poll(async () => (await this.media()).audioLevel, { timeout: PATIENCE }).toBe(0);
  }

  async seesPicture(): Promise<void> {
    const before = (await this.media()).framesDecoded;
    await expect
      .poll(async () => (await this.media()).framesDecoded, { timeout: PATIENCE })
      .toBeGreaterThan(before + 5);
    await expect
      .poll(() => this.page.locator('video.call-remote').evaluate((video) => (video as HTMLVideoElement).videoWidth), {
        timeout: PATIENCE,
      })
      .toBeGreaterThan(0);
  }
}

interface Recorded {
  connections: RTCPeerConnection[];
  /** Of calls; messages have one of their own. */
  sockets: WebSocket[];
  tones: string;
}

/** Runs in the page before its own scripts. */
function recordMedia(): void {
  const recorded: Recorded = { connections: [], sockets: [], tones: '' };
  Object.assign(globalThis, { recorded });
  const Original = RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      recorded.connections.push(this);
    }
  };
  const Socket = WebSocket;
  globalThis.WebSocket = class extends Socket {
    constructor(url: string | URL, protocols?: string | string[]) {
      super(url, protocols);
      if ([protocols].flat().includes('sip')) recorded.sockets.push(this);
    }
  };
  const insert = RTCDTMFSender.prototype.insertDTMF;
  RTCDTMFSender.prototype.insertDTMF = function (tones, ...rest) {
    recorded.tones += tones;
    insert.call(this, tones, ...rest);
  };
}

/** Runs in the page. */
async function readMedia(): Promise<Media> {
  const { recorded } = globalThis as unknown as { recorded: Recorded };
  const media: Media = { audioEnergy: 0, audioLevel: 0, framesDecoded: 0, tones: recorded.tones, path: '' };
  for (const connection of recorded.connections) {
    if (connection.signalingState === 'closed') continue;
    const reports = await connection.getStats();
    for (const report of reports.values()) {
      if (report.type === 'transport') {
        const local = reports.get(reports.get(report.selectedCandidatePairId)?.localCandidateId);
        media.path = [local?.candidateType, local?.relayProtocol].filter(Boolean).join(' ');
      }
      if (report.type !== 'inbound-rtp') continue;
      if (report.kind === 'audio') {
        media.audioEnergy += report.totalAudioEnergy ?? 0;
        media.audioLevel = Math.max(media.audioLevel, report.audioLevel ?? 0);
      } else media.framesDecoded += report.framesDecoded ?? 0;
    }
  }
  return media;
}
