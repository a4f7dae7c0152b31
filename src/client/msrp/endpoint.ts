import { serializeFrame } from '../../protocol/msrp/frame.ts';
import type { ContinuationFlag } from '../../protocol/msrp/frame-reader.ts';
import type { Head } from '../../protocol/msrp/head.ts';
import type { MessageOptions } from '../../protocol/msrp/outgoing-message.ts';
import { Session } from '../../protocol/msrp/session.ts';
import type { SessionEvent, SessionOutput } from '../../protocol/msrp/session-event.ts';
import type { Primitives } from '../../protocol/primitives.ts';
import type { Clock } from '../clock.ts';

export interface EndpointOptions {
  primitives: Pick<Primitives, 'random'>;
  clock: Clock;
  localPath: readonly string[];
  remotePath: readonly string[];
  chunkBytes?: number;
  window?: number;
  accept?: (head: Head) => number;
  send: (octets: Uint8Array<ArrayBuffer>) => void;
  onEvent: (event: SessionEvent) => void;
  /** What carries it is gone. */
  onLost: () => void;
  /** The other side's first frame has come: it is there, and knows us. */
  onHeard?: () => void;
}

/** One end of an MSRP session with its timer, on whatever carries its frames. */
export class MsrpEndpoint {
  readonly #options: EndpointOptions;
  readonly #session: Session;
  #cancelTimer: (() => void) | undefined;
  #closed = false;
  #heard = false;

  constructor(options: EndpointOptions) {
    this.#options = options;
    this.#session = new Session(options);
  }

  greet(): void {
    this.#run(this.#session.greet(this.#now));
  }

  send(message: MessageOptions): string {
    const { message: id, outputs } = this.#session.send(message, this.#now);
    this.#run(outputs);
    return id;
  }

  supply(message: string, octets: Uint8Array): void {
    this.#run(this.#session.supply(message, octets, this.#now));
  }

  abort(message: string): void {
    this.#run(this.#session.abort(message, this.#now));
  }

  /** Refuses the rest of a message that comes in. */
  refuse(message: string): void {
    this.#session.refuse(message);
  }

  confirm(message: string, status = 200): void {
    this.#run(this.#session.confirm(message, this.#now, status));
  }

  /** What comes in is not answered until `release`: the other side stops at its window. */
  hold(): void {
    this.#session.hold();
  }

  release(): void {
    this.#run(this.#session.release());
  }

  head(head: Head): void {
    if (!this.#heard) {
      this.#heard = true;
      this.#options.onHeard?.();
    }
    this.#run(this.#session.head(head, this.#now));
  }

  body(octets: Uint8Array): void {
    this.#run(this.#session.body(octets));
  }

  end(flag: ContinuationFlag): void {
    this.#run(this.#session.end(flag, this.#now));
  }

  /** What carries it is gone. */
  lost(): void {
    if (this.#closed) return;
    this.close();
    this.#options.onLost();
  }

  /** Nothing is sent or told any more. */
  close(): void {
    this.#closed = true;
    this.#cancelTimer?.();
  }

  get #now(): number {
    return this.#options.clock.now();
  }

  #run(outputs: SessionOutput[]): void {
    for (const output of outputs) {
      if (this.#closed) return;
      if (output.type === 'send') this.#options.send(serializeFrame(output.message));
      else if (output.type === 'event') this.#options.onEvent(output.event);
      else {
        this.#cancelTimer?.();
        if (output.type === 'setTimer')
          this.#cancelTimer = this.#options.clock.after(output.delay, () =>
            this.#run(this.#session.timer(output.name, this.#now)),
          );
      }
    }
  }
}
