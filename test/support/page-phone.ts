// A third-party page seen from the test: its verbs, its events, its media. Works with pages of Playwright and of Puppeteer.
import { expect } from 'vitest';
import type { Media, StartOptions, WebPhone } from '../e2e/third-party/web-phone.ts';

export interface ScriptablePage {
  evaluate<R>(script: string): Promise<R>;
}

const PATIENCE = 20_000;

export class PagePhone {
  readonly name: string;
  private readonly page: ScriptablePage;

  constructor(name: string, page: ScriptablePage) {
    this.name = name;
    this.page = page;
  }

  start(options: Omit<StartOptions, 'constraints'>): Promise<void> {
    const video = { width: 320, height: 240, frameRate: 15 };
    return this.ask('start', { ...options, constraints: { audio: true, video } });
  }

  call = (target: string): Promise<number> => this.ask('call', target);
  hangUp = (call: number): Promise<void> => this.ask('hangUp', call);
  hold = (call: number): Promise<void> => this.ask('hold', call);
  resume = (call: number): Promise<void> => this.ask('resume', call);
  message = (target: string, text: string): Promise<number> => this.ask('message', target, text);
  transfer = (call: number, target: string): Promise<void> => this.ask('transfer', call, target);
  connect = (call: number, other: number): Promise<void> => this.ask('connect', call, other);
  media = (call: number): Promise<Media> => this.ask('media', call);
  stop = (): Promise<void> => this.ask('stop');

  /** How many events there are: what is waited for after an action is looked for from there on. */
  mark(): Promise<number> {
    return this.page.evaluate('window.phone.events.length');
  }

  until(pattern: RegExp, from = 0, timeout = PATIENCE): Promise<string> {
    return this.page.evaluate(`window.until(${JSON.stringify(pattern.source)}, ${from}, ${timeout})`);
  }

  /** Pictures keep coming and sound has been heard. */
  async expectMedia(call: number): Promise<void> {
    const before = await this.media(call);
    await expect
      .poll(() => this.media(call), { timeout: PATIENCE, interval: 200, message: `sound and picture at ${this.name}` })
      .toSatisfy((media: Media) => media.framesDecoded > before.framesDecoded + 5 && media.audioEnergy > 0);
  }

  private ask<R>(verb: keyof WebPhone, ...values: unknown[]): Promise<R> {
    return this.page.evaluate(`window.phone.${verb}(${values.map((value) => JSON.stringify(value)).join(', ')})`);
  }
}

/** Calls and waits until both are in the call; the call's number at the caller and at the callee. */
export async function callBetween(
  caller: PagePhone,
  callee: PagePhone,
  target: string,
): Promise<{ calling: number; called: number }> {
  const from = await callee.mark();
  const calling = await caller.call(target);
  const called = Number(/^call (\d+)/.exec(await callee.until(/^call \d+ from/, from))![1]);
  await Promise.all([
    caller.until(new RegExp(`^established ${calling}$`)),
    callee.until(new RegExp(`^established ${called}$`)),
  ]);
  return { calling, called };
}
