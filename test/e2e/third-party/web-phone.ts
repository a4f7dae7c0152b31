// What the tests ask of a third party's SIP library in a page: the same few verbs for JsSIP and SIP.js. Runs in the browser.

export interface StartOptions {
  /** `ws://host:port`, with the credential's query when there is no password. */
  ws: string;
  uri: string;
  /** For digest; else the handshake's credential is the proof. */
  password?: string;
  /** Session interval to ask for in seconds (RFC 4028), where the library can. */
  sessionExpires?: number;
  /** Media of every call. */
  constraints: MediaStreamConstraints;
}

export interface Media {
  framesDecoded: number;
  audioEnergy: number;
}

export interface WebPhone {
  /** What happened, oldest first: `registered`, `call 0 from bob`, `established 0`, `held 0`, `message TEXT`, ... */
  readonly events: readonly string[];
  /** Resolves once registered. Incoming calls are answered, transfers followed. */
  start(options: StartOptions): Promise<void>;
  /** Calls, and returns the call's number; `established N` follows. */
  call(target: string): Promise<number>;
  hangUp(call: number): Promise<void>;
  hold(call: number): Promise<void>;
  resume(call: number): Promise<void>;
  /** Resolves with the final answer's status. */
  message(target: string, text: string): Promise<number>;
  /** Blind transfer: resolves when the transferee reports success. */
  transfer(call: number, target: string): Promise<void>;
  /** Attended transfer of the party of `call` to the party of `other`. */
  connect(call: number, other: number): Promise<void>;
  /** What arrived in that call until now. */
  media(call: number): Promise<Media>;
  stop(): Promise<void>;
}

/** A list of events that a test can wait on from outside: `window.phone.events` and `window.until`. */
export class EventList {
  readonly all: string[] = [];
  private readonly waiting = new Set<() => void>();

  add(event: string): void {
    this.all.push(event);
    for (const check of [...this.waiting]) check();
  }

  until(pattern: string, from: number, timeout: number): Promise<string> {
    const expression = new RegExp(pattern);
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = this.all.slice(from).find((event) => expression.test(event));
        if (found === undefined) return;
        clearTimeout(timer);
        this.waiting.delete(check);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(check);
        reject(new Error(`no ${pattern} after event ${from} in ${timeout} ms: ${JSON.stringify(this.all)}`));
      }, timeout);
      this.waiting.add(check);
      check();
    });
  }
}

/** Plays what comes (an unmuted sink is needed for the energy to count) and reads the statistics. */
export function play(connection: RTCPeerConnection): void {
  const sink = document.createElement('video');
  sink.autoplay = true;
  sink.playsInline = true;
  sink.srcObject = new MediaStream(connection.getReceivers().map((receiver) => receiver.track));
  document.body.append(sink);
  connection.addEventListener('track', ({ track }) => (sink.srcObject as MediaStream).addTrack(track));
}

export async function mediaOf(connection: RTCPeerConnection): Promise<Media> {
  const media = { framesDecoded: 0, audioEnergy: 0 };
  for (const report of (await connection.getStats()).values()) {
    if (report.type !== 'inbound-rtp') continue;
    media.framesDecoded += report.framesDecoded ?? 0;
    media.audioEnergy += report.totalAudioEnergy ?? 0;
  }
  return media;
}

export function publish(phone: WebPhone, events: EventList): void {
  Object.assign(window, {
    phone,
    until: (pattern: string, from: number, timeout: number) => events.until(pattern, from, timeout),
  });
}
