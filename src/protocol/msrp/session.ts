import type { ByteString } from '../byte-string.ts';
import type { Primitives } from '../primitives.ts';
import type { ContinuationFlag } from './frame-reader.ts';
import type { Head } from './head.ts';
import type { MessageOptions } from './outgoing-message.ts';
import { responseFrame } from './response.ts';
import type { SessionOutput } from './session-event.ts';
import { SessionOutbox } from './session-outbox.ts';
import { SessionReceiver } from './session-receiver.ts';
import { SessionSender } from './session-sender.ts';
import { tryOr } from './try-or.ts';
import { parseMsrpUri, sameMsrpUri } from './uri.ts';

export interface SessionOptions {
  primitives: Pick<Primitives, 'random'>;
  /** Our `a=path`: the Use-Path of our relay, if any, then our own URI. */
  localPath: readonly ByteString[];
  /** The other side's. */
  remotePath: readonly ByteString[];
  /** Judges the first chunk of a message: 200, or 413, 415. Default: 200. */
  accept?: (head: Head) => number;
  /** Octets of one frame. Default: 10,000, which every relay takes. */
  chunkBytes?: number;
  /** Chunks on their way without an answer. Default: 48. */
  window?: number;
  /** Milliseconds for an answer. Default: 30,000 (RFC 4975 section 7.1). */
  transactionTimeout?: number;
  /** Messages that come in at the same time. Default: 16. */
  incoming?: number;
}

/**
 * One end of an MSRP session (RFC 4975 section 5), without I/O, over whatever carries its frames: a relay's WebSocket, TCP,
 * or a data channel. Messages share it chunk by chunk, so that a line of chat does not wait for a file. `now` is
 * milliseconds on a monotonic clock.
 */
export class Session {
  readonly #out: SessionOutbox;
  readonly #sender: SessionSender;
  readonly #receiver: SessionReceiver;
  readonly #remotePath: readonly ByteString[];
  #current: Head | undefined;

  constructor(options: SessionOptions) {
    const { primitives, localPath, remotePath } = options;
    this.#remotePath = remotePath;
    this.#out = new SessionOutbox(primitives, localPath, remotePath);
    this.#sender = new SessionSender(this.#out, {
      chunkBytes: options.chunkBytes ?? 10_000,
      window: options.window ?? 48,
      transactionTimeout: options.transactionTimeout ?? 30_000,
      cameFromPeer: (head) => tryOr(false, () => this.#cameFromPeer(head)),
    });
    this.#receiver = new SessionReceiver(this.#out, {
      accept: options.accept ?? (() => 200),
      isOurs: (head) =>
        head.toPath.length === 1 && isSame(head.toPath[0] as ByteString, this.#out.own) && this.#cameFromPeer(head),
      most: options.incoming ?? 16,
    });
  }

  /** RFC 4975 section 5.4: whoever opened the connection shows with an empty SEND which session it is. */
  greet(now: number): SessionOutput[] {
    return this.#do(now, () => this.#sender.greet());
  }

  send(options: MessageOptions, now: number): { message: string; outputs: SessionOutput[] } {
    let message = '';
    const outputs = this.#do(now, () => {
      message = this.#sender.send(options);
    });
    return { message, outputs };
  }

  /** The octets that were `wanted`. */
  supply(message: string, octets: Uint8Array, now: number): SessionOutput[] {
    return this.#do(now, () => this.#sender.supply(message, octets));
  }

  /** Gives up a message that is being sent: the other side hears of it by `#`. */
  abort(message: string, now: number): SessionOutput[] {
    return this.#do(now, () => this.#sender.abort(message));
  }

  /** Refuses the rest of a message that comes in (413). */
  refuse(message: string): void {
    this.#receiver.refuse(message);
  }

  /** The success report that a received message asked for; another status says that it was no good after all. */
  confirm(message: string, now: number, status = 200): SessionOutput[] {
    return this.#do(now, () => this.#receiver.confirm(message, status));
  }

  /** Chunks are not answered until `release`, so that the other side stops at its window. */
  hold(): void {
    this.#receiver.hold();
  }

  release(): SessionOutput[] {
    return this.#do(this.#out.now, () => this.#receiver.release());
  }

  timer(_name: string, now: number): SessionOutput[] {
    return this.#do(now, () => this.#sender.expire());
  }

  /** A frame, as a FrameReader tells it: `head`, `body` any number of times, `end`. */
  head(head: Head, now: number): SessionOutput[] {
    this.#current = head;
    return this.#do(now, () => {
      if (head.method === 'SEND') this.#receiver.head(head);
    });
  }

  body(octets: Uint8Array): SessionOutput[] {
    return this.#do(this.#out.now, () => this.#receiver.body(octets));
  }

  end(flag: ContinuationFlag, now: number): SessionOutput[] {
    const head = this.#current;
    this.#current = undefined;
    return this.#do(now, () => {
      if (head === undefined) return;
      if (!head.isRequest) this.#sender.answered(head);
      else if (head.method === 'SEND') this.#receiver.end(flag);
      else if (head.method === 'REPORT') this.#sender.reported(head);
      else this.#out.send(responseFrame(head, 501));
    });
  }

  #do(now: number, act: () => void): SessionOutput[] {
    this.#out.now = now;
    act();
    return this.#out.take();
  }

  /** By the way that its description named: whatever relays of ours come before, the path ends with it. Throws 400. */
  #cameFromPeer({ fromPath }: Head): boolean {
    const remote = this.#remotePath;
    const way = fromPath.slice(-remote.length);
    return way.length === remote.length && way.every((uri, hop) => isSame(uri, remote[hop] as ByteString));
  }
}

function isSame(a: ByteString, b: ByteString): boolean {
  return a === b || sameMsrpUri(parseMsrpUri(a), parseMsrpUri(b));
}
