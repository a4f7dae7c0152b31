// The ng protocol's requests and answers (rtpengine, docs/ng_control_protocol.md): `COOKIE DICTIONARY` both ways. Sans-I/O.
// Laws: an answer counts once, for the request whose cookie it has; the engine answers a repeated cookie with the same
// answer, so that a request is repeated without harm; every request ends, by its answer or by its deadline.
import type { ByteString } from '../../../protocol/byte-string.ts';
import { ProtocolError } from '../../../protocol/errors.ts';
import { type Primitives, toHex } from '../../../protocol/primitives.ts';
import type { Clock, Timer } from '../../../transport/clock.ts';
import { type BencodeDictionary, malformed, readBencode, type Writable, writeBencode } from './bencode.ts';
import type { RtpengineLimits } from './limits.ts';

export type NgCommand = 'ping' | 'offer' | 'answer' | 'delete' | 'query' | 'list';

export interface NgClientOptions {
  clock: Clock;
  primitives: Pick<Primitives, 'random'>;
  limits: Pick<RtpengineLimits, 'requests' | 'retransmission' | 'deadline'>;
  /** Sends a message, if it can be sent now. */
  send(message: ByteString): void;
  /** Requests are repeated: the transport loses messages. */
  unreliable: boolean;
}

interface Pending {
  message: ByteString;
  interval: number;
  deadline: Timer;
  repetition: Timer | undefined;
  resolve(answer: BencodeDictionary): void;
  reject(error: Error): void;
}

export class NgClient {
  /** Messages that were the answer to nothing: late, repeated, forged or malformed. */
  strays = 0;
  private readonly options: NgClientOptions;
  private readonly pending = new Map<string, Pending>();

  constructor(options: NgClientOptions) {
    this.options = options;
  }

  get waiting(): number {
    return this.pending.size;
  }

  /**
   * The answer's dictionary, once its `result` is `ok` or `pong`. Rejects with ProtocolError: NG_REFUSED (500) with the
   * engine's own reason, NG_OVERLOADED (503), NG_NO_ANSWER (503).
   */
  request(
    command: NgCommand,
    parameters: Readonly<Record<string, Writable | undefined>> = {},
  ): Promise<BencodeDictionary> {
    const { clock, primitives, limits, send, unreliable } = this.options;
    if (this.pending.size >= limits.requests) return Promise.reject(overloaded());
    // Not to be guessed: on a shared network an answer could be forged otherwise.
    const cookie = toHex(primitives.random(12));
    const message = `${cookie} ${writeBencode({ command, ...parameters })}`;
    return new Promise((resolve, reject) => {
      const pending: Pending = {
        message,
        interval: limits.retransmission,
        deadline: clock.setTimer(limits.deadline, () => this.fail(cookie, noAnswer())),
        repetition: undefined,
        resolve,
        reject,
      };
      this.pending.set(cookie, pending);
      if (unreliable) this.repeatLater(pending);
      send(message);
    });
  }

  /** A message of the engine's. */
  receive(message: ByteString): void {
    const space = message.indexOf(' ');
    const pending = this.pending.get(message.slice(0, Math.max(space, 0)));
    if (pending === undefined) {
      this.strays++;
      return;
    }
    let answer: BencodeDictionary;
    try {
      const value = readBencode(message.slice(space + 1));
      if (!(value instanceof Map)) throw malformed();
      answer = value;
    } catch {
      this.strays++; // only the deadline ends what a broken message cannot answer
      return;
    }
    this.forget(message.slice(0, space), pending);
    const result = answer.get('result');
    if (result === 'ok' || result === 'pong') pending.resolve(answer);
    else if (result === 'load limit') pending.reject(overloaded());
    else pending.reject(refused(answer.get('error-reason')));
  }

  /** Everything that waits goes out again: the connection is new. */
  repeatAll(): void {
    for (const { message } of this.pending.values()) this.options.send(message);
  }

  /** Nobody is there: nothing needs to wait for its deadline. */
  failAll(error = noAnswer()): void {
    for (const cookie of [...this.pending.keys()]) this.fail(cookie, error);
  }

  private repeatLater(pending: Pending): void {
    pending.repetition = this.options.clock.setTimer(pending.interval, () => {
      pending.interval *= 2;
      this.repeatLater(pending);
      this.options.send(pending.message);
    });
  }

  private fail(cookie: string, error: Error): void {
    const pending = this.pending.get(cookie);
    if (pending === undefined) return;
    this.forget(cookie, pending);
    pending.reject(error);
  }

  private forget(cookie: string, { deadline, repetition }: Pending): void {
    this.pending.delete(cookie);
    deadline.close();
    repetition?.close();
  }
}

/** The engine does not answer, as far as anybody can tell. */
export function noAnswer(): ProtocolError {
  return new ProtocolError('NG_NO_ANSWER', 'The media engine does not answer', { status: 503 });
}

function overloaded(): ProtocolError {
  return new ProtocolError('NG_OVERLOADED', 'The media engine takes no more calls', { status: 503 });
}

/** The reason is the engine's and may have any length; it says nothing of a description but its fault. */
function refused(reason: unknown): ProtocolError {
  const said = typeof reason === 'string' ? reason.replace(/[^ -~]/g, '?').slice(0, 100) : 'no reason given';
  return new ProtocolError('NG_REFUSED', `The media engine refused: ${said}`, { status: 500 });
}
