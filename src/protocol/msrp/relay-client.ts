import type { ByteString } from '../byte-string.ts';
import type { Output } from '../machine.ts';
import type { Primitives } from '../primitives.ts';
import { type Frame, makeFrame, Names } from './frame.ts';
import { Head } from './head.ts';

export type RelayClientEvent =
  /** `path`: what goes before our own URI in `a=path`. It is kept granted until the connection ends. */
  { type: 'granted'; path: ByteString[]; expires: number } | { type: 'refused'; status: number };

export interface RelayClientOptions {
  primitives: Pick<Primitives, 'random'>;
  /** The relay's URI, and ours: one for each connection. */
  relay: ByteString;
  own: ByteString;
  /** Answers the challenges of a 401 (values of WWW-Authenticate) for that digest URI; undefined: it cannot. */
  authorize: (challenges: ByteString[], uri: ByteString) => ByteString | undefined;
  /** Seconds asked for. Default: what the relay likes. */
  expires?: number;
}

/** The client's side of AUTH (RFC 4976 section 5.1): asks for a use of the relay and prolongs it in time. */
export class RelayClient {
  readonly #options: RelayClientOptions;
  readonly #names: Names;
  #transaction = '';
  #attempts = 0;
  #expires: number | undefined;

  constructor(options: RelayClientOptions) {
    this.#options = options;
    this.#names = new Names(options.primitives);
    this.#expires = options.expires;
  }

  start(): Output<Frame, string, RelayClientEvent>[] {
    this.#attempts = 0;
    return this.#ask(undefined);
  }

  /** A response; of another transaction it is not ours. */
  receive(head: Head): Output<Frame, string, RelayClientEvent>[] {
    if (head.isRequest || head.transaction !== this.#transaction) return [];
    this.#transaction = '';
    const { status } = head;
    const bound = Number(head.get('Min-Expires') ?? head.get('Max-Expires'));
    if (status === 401 && this.#attempts < MOST_ATTEMPTS) {
      const authorization = this.#options.authorize(head.all('WWW-Authenticate'), this.#options.relay);
      if (authorization !== undefined) return this.#ask(authorization);
    } else if (status === 423 && bound > 0 && this.#attempts < MOST_ATTEMPTS) {
      this.#expires = bound;
      return this.#ask(undefined);
    } else if (status === 200) {
      const path = head.get('Use-Path')?.trim().split(/ +/) ?? [];
      const expires = Number(head.get('Expires') ?? 900);
      if (path.length > 0 && expires > 0)
        return [
          { type: 'setTimer', name: 'auth', delay: expires * 750 },
          { type: 'event', event: { type: 'granted', path, expires } },
        ];
    }
    return [
      { type: 'clearTimer', name: 'auth' },
      { type: 'event', event: { type: 'refused', status: status === 200 ? 400 : status } },
    ];
  }

  /** No answer in time, or it is time to prolong the use. */
  timer(): Output<Frame, string, RelayClientEvent>[] {
    if (this.#transaction === '') return this.start();
    this.#transaction = '';
    return [{ type: 'event', event: { type: 'refused', status: 408 } }];
  }

  #ask(authorization: ByteString | undefined): Output<Frame, string, RelayClientEvent>[] {
    this.#attempts += 1;
    this.#transaction = this.#names.next();
    const head = new Head(this.#transaction, { method: 'AUTH' });
    head.toPath = [this.#options.relay];
    head.fromPath = [this.#options.own];
    if (authorization !== undefined) head.add('Authorization', authorization);
    if (this.#expires !== undefined) head.add('Expires', String(this.#expires));
    return [
      { type: 'send', message: makeFrame(head) },
      { type: 'setTimer', name: 'auth', delay: ANSWER_TIMEOUT },
    ];
  }
}

/** Without credentials, with them, with a fresh nonce, with another time. */
const MOST_ATTEMPTS = 4;
const ANSWER_TIMEOUT = 30_000;
