// A page on a SIP library seen from the test: its verbs, its events, its media. Works with pages of Playwright and of Puppeteer.
import type { Media, StartOptions, WebPhone } from '../e2e/third-party/web-phone.ts';

export interface ScriptablePage {
  evaluate(script: string): Promise<unknown>;
}

const PATIENCE = 20_000;

export class PagePhone {
  readonly name: string;
  private readonly page: ScriptablePage;

  constructor(name: string, page: ScriptablePage) {
    this.name = name;
    this.page = page;
  }

  /** Registers. Calls are with sound and a small picture unless told otherwise. */
  start(options: Omit<StartOptions, 'constraints'> & { video?: boolean }): Promise<void> {
    const { video = true, ...rest } = options;
    const picture = { width: 320, height: 240, frameRate: 15 };
    return this.ask('start', { ...rest, constraints: { audio: true, video: video && picture } });
  }

  call = (target: string): Promise<number> => this.ask('call', target);
  hangUp = (call: number): Promise<void> => this.ask('hangUp', call);
  answer = (call: number): Promise<number> => this.ask('answer', call);
  dtmf = (call: number, tones: string): Promise<void> => this.ask('dtmf', call, tones);
  listen = (call: number): Promise<void> => this.ask('listen', call);
  firstSound = (call: number): Promise<number> => this.ask('firstSound', call);
  hold = (call: number): Promise<void> => this.ask('hold', call);
  resume = (call: number): Promise<void> => this.ask('resume', call);
  message = (target: string, text: string): Promise<number> => this.ask('message', target, text);
  transfer = (call: number, target: string): Promise<void> => this.ask('transfer', call, target);
  connect = (call: number, other: number): Promise<void> => this.ask('connect', call, other);
  media = (call: number): Promise<Media> => this.ask('media', call);
  stop = (): Promise<void> => this.ask('stop');

  /** How many events there are: what is waited for after an action is looked for from there on. */
  mark(): Promise<number> {
    return this.page.evaluate('window.phone.events.length') as Promise<number>;
  }

  until(pattern: RegExp, from = 0, timeout = PATIENCE): Promise<string> {
    return this.page.evaluate(
      `window.until(${JSON.stringify(pattern.source)}, ${from}, ${timeout})`,
    ) as Promise<string>;
  }

  /** Pictures keep coming and sound has been heard. */
  async expectMedia(call: number): Promise<void> {
    const before = await this.media(call);
    await this.untilMedia(
      call,
      'sound and picture',
      (media) => media.framesDecoded > before.framesDecoded + 5 && media.audioEnergy > 0,
    );
  }

  /** Sound keeps coming and more of it is heard. */
  async expectSound(call: number): Promise<void> {
    const before = await this.media(call);
    await this.untilMedia(
      call,
      'sound',
      (media) => media.audioPackets > before.audioPackets && media.audioEnergy > before.audioEnergy,
    );
  }

  /** No packet of sound comes any more. */
  async expectSilence(call: number): Promise<void> {
    let before = -1;
    const stopped = ({ audioPackets }: Media): boolean => {
      const same = audioPackets === before;
      before = audioPackets;
      return same;
    };
    await this.untilMedia(call, 'silence', stopped, 250);
  }

  /** Statistics can only be asked for again and again. */
  private async untilMedia(
    call: number,
    what: string,
    wanted: (media: Media) => boolean,
    interval = 50,
  ): Promise<void> {
    for (const deadline = Date.now() + PATIENCE; ; ) {
      const media = await this.media(call);
      if (wanted(media)) return;
      if (Date.now() > deadline)
        throw new Error(`no ${what} at ${this.name} in ${PATIENCE} ms: ${JSON.stringify(media)}`);
      await new Promise((resolve) => setTimeout(resolve, interval));
    }
  }

  private ask<R>(verb: keyof WebPhone, ...values: unknown[]): Promise<R> {
    return this.page.evaluate(
      `window.phone.${verb}(${values.map((value) => JSON.stringify(value)).join(', ')})`,
    ) as Promise<R>;
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

/** The number of the next call that is established, after event `from`. */
export async function established(page: PagePhone, from: number): Promise<number> {
  return Number(/\d+/.exec(await page.until(/^established \d+$/, from))![0]);
}

export async function ended(page: PagePhone, ...calls: number[]): Promise<void> {
  await Promise.all(calls.map((call) => page.until(new RegExp(`^ended ${call} `))));
}
