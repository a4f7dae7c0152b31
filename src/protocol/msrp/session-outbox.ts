import type { ByteString } from '../byte-string.ts';
import type { Primitives } from '../primitives.ts';
import { type Frame, Names } from './frame.ts';
import { Head } from './head.ts';
import type { SessionEvent, SessionOutput } from './session-event.ts';

/** What the two halves of a session share: its paths, its names, and what is to be done, in order. */
export class SessionOutbox {
  readonly names: Names;
  readonly own: ByteString;
  /** Our relays, nearest first, and the way to the other side. */
  readonly toPath: ByteString[];
  /** Of the call under way. */
  now = 0;
  #outputs: SessionOutput[] = [];

  constructor(
    primitives: Pick<Primitives, 'random'>,
    localPath: readonly ByteString[],
    remotePath: readonly ByteString[],
  ) {
    this.names = new Names(primitives);
    this.own = localPath.at(-1) as ByteString;
    this.toPath = [...localPath.slice(0, -1).reverse(), ...remotePath];
  }

  request(method: string, transaction = this.names.next()): Head {
    const head = new Head(transaction, { method });
    head.toPath = this.toPath;
    head.fromPath = [this.own];
    return head;
  }

  send(message: Frame): void {
    this.#outputs.push({ type: 'send', message });
  }

  event(event: SessionEvent): void {
    this.#outputs.push({ type: 'event', event });
  }

  /** The one timer: for the oldest chunk without an answer. Undefined: there is none. */
  setTimer(delay: number | undefined): void {
    const name = 'answer';
    this.#outputs.push(delay === undefined ? { type: 'clearTimer', name } : { type: 'setTimer', name, delay });
  }

  take(): SessionOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }
}
