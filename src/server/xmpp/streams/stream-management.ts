// Stream Management (XEP-0198): what was sent and not acknowledged yet, and when to ask.
import type { Element } from '../../../protocol/xmpp/element.ts';
import { xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StreamError } from '../../../protocol/xmpp/stream-error.ts';
import type { Clock, Timer } from '../../../transport/clock.ts';
import type { XmppLimits } from './limits.ts';

export class StreamManagement {
  /** By which the session is resumed; undefined: its client did not ask for that. */
  readonly id: string | undefined;
  readonly #limits: XmppLimits;
  readonly #clock: Clock;
  readonly #ask: () => void;
  readonly #failed: (error: StreamError) => void;
  #queue: Element[] = [];
  /** Of those, the ones at the front that are acknowledged already. */
  #taken = 0;
  #octets = 0;
  /** The peer's `h`, modulo 2^32. */
  #acknowledged = 0;
  /** Stanzas since the last `<r/>`; -1: it is out and not answered. */
  #unasked = 0;
  #asked = false;
  #timer: Timer | undefined;

  constructor(options: {
    limits: XmppLimits;
    clock: Clock;
    id: string | undefined;
    request: () => void;
    failed: (error: StreamError) => void;
  }) {
    this.id = options.id;
    this.#limits = options.limits;
    this.#clock = options.clock;
    this.#ask = options.request;
    this.#failed = options.failed;
  }

  get unacknowledged(): Element[] {
    return this.#queue.slice(this.#taken);
  }

  /** How many those are. */
  get outstanding(): number {
    return this.#queue.length - this.#taken;
  }

  /** False: too much is unacknowledged. */
  sent(stanza: Element): boolean {
    this.#queue.push(stanza);
    this.#octets += stanza.size;
    this.#unasked += 1;
    const { unacknowledgedStanzas, unacknowledgedBytes } = this.#limits;
    return this.outstanding <= unacknowledgedStanzas && this.#octets <= unacknowledgedBytes;
  }

  /** Asks for an acknowledgement, now or a little later: one request is out at a time. */
  request(): void {
    if (this.#asked || this.#unasked === 0) return;
    if (this.#unasked >= this.#limits.acknowledgeAfter) this.#request();
    else this.#timer ??= this.#clock.setTimer(this.#limits.acknowledgeDelay, () => this.#request());
  }

  #request(): void {
    this.#timer?.close();
    this.#timer = undefined;
    this.#unasked = 0;
    this.#asked = true;
    this.#ask();
  }

  /** An `<a/>`, or the `h` of `<resume/>`. False: it acknowledges what was never sent, and the stream ends. */
  acknowledged(element: Element): boolean {
    const h = /^\d{1,10}$/.test(element.attributes['h'] ?? '') ? Number(element.attributes['h']) : Number.NaN;
    if (!(h <= 0xffff_ffff)) {
      this.#failed(new StreamError('bad-format', 'h is a number of 32 bits.'));
      return false;
    }
    const count = (h - this.#acknowledged) >>> 0;
    const { outstanding } = this;
    if (count > outstanding) {
      const sent = (this.#acknowledged + outstanding) >>> 0;
      const application = xml('handled-count-too-high', NS.SM, { h: String(h), 'send-count': String(sent) });
      this.#failed(new StreamError('undefined-condition', '', application));
      return false;
    }
    for (let i = 0; i < count; i++) this.#octets -= (this.#queue[this.#taken + i] as Element).size;
    this.#acknowledged = h;
    this.#taken += count;
    if (this.#taken === this.#queue.length) this.#queue = [];
    else if (this.#taken > 64 && this.#taken * 2 > this.#queue.length) this.#queue = this.#queue.slice(this.#taken);
    else return this.#answered();
    this.#taken = 0;
    return this.#answered();
  }

  #answered(): true {
    this.#asked = false;
    this.request();
    return true;
  }

  /** The stream is gone: nothing is asked until the next, and then anew. */
  detached(): void {
    this.#timer?.close();
    this.#timer = undefined;
    this.#asked = false;
    this.#unasked = this.outstanding;
  }
}

export function smFailed(condition: 'item-not-found' | 'unexpected-request'): Element {
  return xml('failed', NS.SM, {}, xml(condition, NS.STANZAS));
}
