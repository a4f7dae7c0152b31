import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { type Frame, makeFrame } from './frame.ts';
import type { ContinuationFlag } from './frame-reader.ts';
import type { Head } from './head.ts';
import { Ranges } from './ranges.ts';
import { responseFrame } from './response.ts';
import type { SessionOutbox } from './session-outbox.ts';
import { serializeReportStatus } from './status.ts';

export interface ReceiverOptions {
  /** Judges the first chunk of a message: 200, or 413, 415. */
  accept: (head: Head) => number;
  /** Whether a request is for this session, and from the other side. Throws 400. */
  isOurs: (head: Head) => boolean;
  /** Messages that come in at the same time. */
  most: number;
}

interface IncomingMessage {
  id: string;
  ranges: Ranges;
  first: number;
  total: number | undefined;
  ended: boolean;
  successReport: boolean;
  reportPath: readonly ByteString[];
}

/** The chunk that is being read. `at`: the octet of the message that comes next. */
interface Reading {
  head: Head;
  status: number;
  message?: IncomingMessage;
  at: number;
}

/** The receiving half of a session: messages are put together by their Byte-Range, whatever the order of their chunks. */
export class SessionReceiver {
  readonly #out: SessionOutbox;
  readonly #options: ReceiverOptions;
  readonly #messages = new Map<string, IncomingMessage>();
  /** Received whole, and their report not yet sent. */
  readonly #unconfirmed = new Map<string, IncomingMessage>();
  /** Messages that were refused: what still comes of them is answered the same. */
  readonly #refused = new Map<string, number>();
  /** Answers kept back while the user of this session is behind. */
  #held: Frame[] | undefined;
  #reading: Reading | undefined;

  constructor(out: SessionOutbox, options: ReceiverOptions) {
    this.#out = out;
    this.#options = options;
  }

  refuse(id: string): void {
    this.#messages.delete(id);
    remember(this.#refused, id, 413);
  }

  confirm(id: string, status: number): void {
    const message = this.#unconfirmed.get(id);
    if (message === undefined) return;
    this.#unconfirmed.delete(id);
    const head = this.#out.request('REPORT');
    head.toPath = [...message.reportPath];
    head.add('Message-ID', id).add('Byte-Range', `1-${message.total}/${message.total}`);
    this.#out.send(makeFrame(head.add('Status', serializeReportStatus(status))));
  }

  hold(): void {
    this.#held ??= [];
  }

  release(): void {
    const held = this.#held ?? [];
    this.#held = undefined;
    for (const frame of held) this.#out.send(frame);
  }

  /** A SEND begins. */
  head(head: Head): void {
    const reading: Reading = { head, status: 0, at: 0 };
    this.#reading = reading;
    try {
      reading.status = this.#judge(reading);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      reading.status = error.answer.status ?? 400;
    }
    if (reading.status !== 200) delete reading.message;
  }

  body(octets: Uint8Array): void {
    const reading = this.#reading;
    if (reading?.message === undefined || reading.status !== 200) return;
    const { message, at: offset } = reading;
    reading.at += octets.length;
    if (message.total !== undefined && reading.at > message.total) reading.status = 400;
    else if (!message.ranges.add(offset, reading.at)) reading.status = 413;
    else this.#out.event({ type: 'data', message: message.id, offset, octets });
  }

  end(flag: ContinuationFlag): void {
    const reading = this.#reading;
    if (reading === undefined) return;
    this.#reading = undefined;
    this.#answer(reading);
    if (reading.message !== undefined) this.#ended(reading.message, reading.at, flag);
  }

  #judge(reading: Reading): number {
    const { head } = reading;
    // 1. It is for this session: to us, and from the other side (RFC 4975 section 7.3).
    if (!this.#options.isOurs(head)) return 481;
    const id = head.get('Message-ID');
    if (id === undefined || id.length > MOST_ID) return 400;
    const refused = this.#refused.get(id);
    if (refused !== undefined) return refused;
    // 2. An empty SEND binds the connection to the session, and that is all; or it ends a message that we know.
    const contentType = head.get('Content-Type');
    let message = this.#messages.get(id);
    if (contentType === undefined && message === undefined) return 200;
    // 3. A message that we know, or a new one.
    const range = head.byteRange;
    reading.at = range.start - 1;
    if (message === undefined) {
      const status = this.#messages.size >= this.#options.most ? 413 : this.#options.accept(head);
      if (status !== 200) {
        remember(this.#refused, id, status);
        return status;
      }
      message = {
        id,
        ranges: new Ranges(),
        first: reading.at,
        total: range.total,
        ended: false,
        successReport: head.successReport,
        reportPath: head.fromPath,
      };
      this.#messages.set(id, message);
      const total = range.total === undefined ? {} : { total: range.total };
      this.#out.event({ type: 'incoming', message: id, contentType: contentType as ByteString, head, ...total });
    }
    message.total ??= range.total;
    if (range.total !== undefined && message.total !== range.total) return 400;
    message.first = Math.min(message.first, reading.at);
    reading.message = message;
    return 200;
  }

  #ended(message: IncomingMessage, at: number, flag: ContinuationFlag): void {
    const { id } = message;
    if (this.#messages.get(id) !== message) return; // refused meanwhile
    if (flag === '#') {
      this.#messages.delete(id);
      this.#out.event({ type: 'aborted', message: id });
      return;
    }
    if (flag === '$') {
      message.ended = true;
      message.total ??= at;
    }
    if (!message.ended || !message.ranges.covers(message.first, message.total as number)) return;
    this.#messages.delete(id);
    if (message.successReport) remember(this.#unconfirmed, id, message);
    this.#out.event({ type: 'received', message: id, asksReport: message.successReport });
  }

  /** RFC 4975 section 7.2. */
  #answer({ head, status }: Reading): void {
    const wants = head.failureReport;
    if (wants === 'no' || (wants === 'partial' && status === 200)) return;
    const frame = responseFrame(head, status);
    if (this.#held === undefined || status !== 200) this.#out.send(frame);
    else this.#held.push(frame);
  }
}

const MOST_ID = 64;
const MOST_REMEMBERED = 256;

/** The oldest makes way. */
function remember<Value>(map: Map<string, Value>, id: string, value: Value): void {
  if (map.size >= MOST_REMEMBERED) map.delete(map.keys().next().value as string);
  map.set(id, value);
}
