// One session of BOSH (XEP-0124, XEP-0206): requests in, their responses and what they carried out. Its laws:
// - requests are processed in the order of their rid, each once, however often it comes and in whatever order;
// - at most `hold` processed requests wait for something to carry back, none of them longer than `wait`;
// - responses leave in the order of their requests, and the last `requests` of them can be had again by asking again,
//   so that a connection that breaks while one is on its way loses and doubles nothing;
// - a session whose client has no request here for `inactivity` is over.
import type { Output } from '../machine.ts';
import { type BoshBody, type BoshCondition, terminateBody, writeBody } from './bosh-body.ts';
import type { Element } from './element.ts';

/** Every bound of a BOSH session. Times are seconds, as on the wire. */
export interface BoshLimits {
  /** The longest that a request is kept waiting. */
  wait: number;
  /** Requests kept waiting; one more may be on its way. */
  hold: number;
  /** Without any request this long a session is over. */
  inactivity: number;
  /** Between two requests that ask for nothing, where none is kept waiting. */
  polling: number;
  /** The longest inactivity that a client may ask for (section 10). */
  maxPause: number;
}

export const BOSH_LIMITS: BoshLimits = { wait: 60, hold: 1, inactivity: 60, polling: 5, maxPause: 120 };

export type BoshEvent =
  /** The stream begins, or begins anew. */
  | { type: 'header'; header: BoshBody['header'] }
  | { type: 'element'; element: Element }
  /** The client ends its session. */
  | { type: 'ended' }
  /** The session is over; requests that still come are told so. */
  | { type: 'over'; reason: string }
  /** No more requests need an answer. */
  | { type: 'forgotten' };

export type BoshOutput = Output<{ request: number; text: string }, 'wait' | 'inactivity', BoshEvent>;

/** A request that is here, by the number its driver gave it; undefined: its connection has broken. */
interface Waiting {
  rid: number;
  request: number | undefined;
  since: number;
}

export class BoshSession {
  readonly #limits: BoshLimits;
  /** Milliseconds. */
  readonly #wait: number;
  /** Requests that are kept waiting; none where the client polls. */
  readonly #hold: number;
  readonly #acknowledges: boolean;
  /** How many requests the client may have here at once. */
  readonly #requests: number;
  /** The rid that is processed next. */
  #next: number;
  /** Came before its turn, or while nothing is read. */
  #early = new Map<number, { request: number | undefined; body: BoshBody; since: number }>();
  /** Processed and not answered, in order. */
  #held: Waiting[] = [];
  /** The last responses by rid. */
  #answered = new Map<number, string>();
  #lastAnswered: number;
  #outbox = '';
  /** Attributes of the next response. */
  #attributes: Record<string, string | number | undefined> | undefined;
  /** XEP-0206 section 5: a stream that begins anew says only what is different. */
  #header: BoshBody['header'] | undefined;
  #stopped = false;
  #over: string | undefined;
  /** Milliseconds. */
  #inactivity: number;
  /** Everything is to be answered now (section 10). */
  #releases = false;
  /** When the last request was processed that asked for nothing, if the last one was such. */
  #emptyAt = Number.NEGATIVE_INFINITY;
  #answeredEmpty = false;
  /** When the timer `wait` is due. */
  #waitDue: number | undefined;
  #counting = false;

  /** `first`: the request that makes the session; it is then to be received like any other. */
  constructor(sid: string, first: BoshBody, limits: BoshLimits) {
    this.#limits = limits;
    const wait = Math.min(first.wait ?? limits.wait, limits.wait);
    this.#wait = wait * 1000;
    this.#hold = wait === 0 ? 0 : Math.min(first.hold ?? 1, limits.hold);
    this.#requests = this.#hold + 1;
    this.#acknowledges = first.ack === 1;
    this.#next = first.rid;
    this.#lastAnswered = first.rid - 1;
    this.#inactivity = limits.inactivity * 1000;
    this.#attributes = {
      sid,
      wait,
      hold: this.#hold,
      requests: this.#requests,
      inactivity: limits.inactivity,
      polling: limits.polling,
      maxpause: limits.maxPause,
      ver: '1.11',
      ack: this.#acknowledges ? first.rid : undefined,
    };
  }

  /** UTF-16 units of text that wait to be carried. */
  get queued(): number {
    return this.#outbox.length;
  }

  /** What our stream header says, for the next response. */
  open(header: { from?: string | undefined; id?: string | undefined; lang?: string | undefined }): void {
    const { from, id, lang } = header;
    this.#attributes = { ...this.#attributes, from, authid: id, 'xml:lang': lang, 'xmpp:version': '1.0' };
  }

  /** An element as text that stands for itself. It leaves with the next `flush`, if a request is there to carry it. */
  send(text: string): void {
    this.#outbox += text;
  }

  /** `request`: by which its driver knows the connection that waits for the response. `flush` is to follow. */
  receive(request: number, body: BoshBody, now: number): BoshOutput[] {
    const { rid } = body;
    const known = this.#answered.get(rid);
    if (known !== undefined) return [{ type: 'send', message: { request, text: known } }];
    if (this.#over !== undefined) return [{ type: 'send', message: { request, text: this.#over } }];
    // The same request over another connection: the client has given the first one up.
    const held = this.#held.find((waiting) => waiting.rid === rid) ?? this.#early.get(rid);
    if (held !== undefined) {
      const former = held.request;
      held.request = request;
      const outputs = this.#time(now);
      if (former !== undefined) outputs.push({ type: 'send', message: { request: former, text: writeBody({}) } });
      return outputs;
    }
    // Section 14.2: outside of the window.
    if (rid < this.#next || rid > this.#lastAnswered + this.#requests)
      return [...this.fail('item-not-found', now), { type: 'send', message: { request, text: this.#over ?? '' } }];
    this.#early.set(rid, { request, body, since: now });
    return this.#process(now);
  }

  /** What comes is kept for later, as far as the window goes. */
  pause(): void {
    this.#stopped = true;
  }

  resume(now: number): BoshOutput[] {
    this.#stopped = false;
    return this.#process(now);
  }

  /** A request's connection is gone before it had its response. */
  abandoned(request: number, now: number): BoshOutput[] {
    for (const waiting of [...this.#held, ...this.#early.values()])
      if (waiting.request === request) waiting.request = undefined;
    return this.#time(now);
  }

  /** Ends the session, with a stream error (as text) where there is one. */
  close(error: string | undefined, reason: string, now: number): BoshOutput[] {
    if (this.#over !== undefined) return [];
    if (error === undefined) return this.#end(terminateBody(undefined, this.#outbox), terminateBody(), reason, now);
    const condition: BoshCondition = 'remote-stream-error';
    return this.#end(terminateBody(condition, this.#outbox + error), terminateBody(condition, error), reason, now);
  }

  /** Ends the session for a reason of BOSH's own; what was to be carried is not. */
  fail(condition: BoshCondition, now: number): BoshOutput[] {
    if (this.#over !== undefined) return [];
    return this.#end(terminateBody(condition), terminateBody(condition), condition, now);
  }

  timer(name: 'wait' | 'inactivity', now: number): BoshOutput[] {
    if (name === 'inactivity') {
      this.#counting = false;
      if (this.#over !== undefined) return [{ type: 'event', event: { type: 'forgotten' } }];
      return this.fail('item-not-found', now);
    }
    this.#waitDue = undefined;
    if (this.#oldestEarly + this.#wait <= now) return this.fail('item-not-found', now);
    const outputs: BoshOutput[] = [];
    while (this.#held[0] !== undefined && this.#held[0].since + this.#wait <= now) this.#answer(outputs);
    return [...outputs, ...this.#time(now)];
  }

  /** Answers what can be answered: with what there is to carry, and what would be one too many kept waiting. */
  flush(now: number): BoshOutput[] {
    if (this.#over !== undefined) return [];
    const outputs: BoshOutput[] = [];
    if (this.#outbox !== '') {
      // Not by a request whose connection has broken, unless its client comes back for it.
      const carrier = this.#held.findIndex(({ request }) => request !== undefined);
      for (let i = 0; i < carrier; i++) this.#answer(outputs, '');
      if (carrier >= 0) this.#answer(outputs);
    }
    const keep = this.#releases ? 0 : this.#hold;
    while (this.#held.length > keep) this.#answer(outputs);
    this.#releases = false;
    return [...outputs, ...this.#time(now)];
  }

  #process(now: number): BoshOutput[] {
    const outputs: BoshOutput[] = [];
    while (!this.#stopped && this.#over === undefined) {
      const early = this.#early.get(this.#next);
      if (early === undefined) break;
      this.#early.delete(this.#next);
      outputs.push(...this.#take(early.request, early.body, now));
    }
    return [...outputs, ...this.#time(now)];
  }

  #take(request: number | undefined, body: BoshBody, now: number): BoshOutput[] {
    this.#held.push({ rid: this.#next, request, since: now });
    this.#next += 1;
    this.#inactivity = this.#limits.inactivity * 1000;
    const empty = body.payload.length === 0 && !body.restarts && !body.terminates && body.pause === undefined;
    // Section 12: who polls, polls slowly.
    if (empty && this.#hold === 0 && this.#answeredEmpty && now - this.#emptyAt < this.#limits.polling * 1000)
      return this.fail('policy-violation', now);
    this.#emptyAt = empty ? now : Number.NEGATIVE_INFINITY;
    const outputs: BoshOutput[] = [];
    if (this.#header === undefined || body.restarts) {
      const { to, from, version, lang } = body.header;
      const header = this.#header;
      this.#header = {
        to: to ?? header?.to,
        from: from ?? header?.from,
        version: version ?? header?.version,
        lang: lang ?? header?.lang,
      };
      outputs.push({ type: 'event', event: { type: 'header', header: this.#header } });
    }
    for (const element of body.payload) outputs.push({ type: 'event', event: { type: 'element', element } });
    if (body.terminates) outputs.push({ type: 'event', event: { type: 'ended' } });
    if (body.pause !== undefined) {
      // Section 10: everything is answered, and then nobody need come for so long.
      if (body.pause > this.#limits.maxPause) return this.fail('policy-violation', now);
      this.#releases = true;
      this.#inactivity = Math.max(this.#inactivity, body.pause * 1000);
    }
    return outputs;
  }

  /** Answers the request that has waited longest, with all that there is to carry. */
  #answer(outputs: BoshOutput[], payload = this.#outbox): void {
    const { rid, request } = this.#held.shift() as Waiting;
    const processed = this.#next - 1;
    const attributes = { ...this.#attributes };
    if (this.#acknowledges && attributes['ack'] === undefined && processed !== rid) attributes['ack'] = processed;
    const text = writeBody(attributes, payload);
    this.#attributes = undefined;
    if (payload !== '') this.#outbox = '';
    this.#answeredEmpty = payload === '';
    this.#keep(rid, text);
    if (request !== undefined) outputs.push({ type: 'send', message: { request, text } });
  }

  #keep(rid: number, text: string): void {
    this.#lastAnswered = rid;
    this.#answered.set(rid, text);
    this.#answered.delete(rid - this.#requests);
  }

  /** `text` goes to the first request that waits, `after` to the others and to what comes later. */
  #end(text: string, after: string, reason: string, now: number): BoshOutput[] {
    const outputs: BoshOutput[] = [];
    let last = text;
    for (const { rid, request } of this.#held) {
      this.#keep(rid, last);
      if (request === undefined) continue;
      outputs.push({ type: 'send', message: { request, text: last } });
      last = after;
    }
    for (const { request } of this.#early.values())
      if (request !== undefined) {
        outputs.push({ type: 'send', message: { request, text: last } });
        last = after;
      }
    this.#held = [];
    this.#early.clear();
    this.#outbox = '';
    this.#over = last;
    this.#inactivity = this.#limits.inactivity * 1000;
    outputs.push({ type: 'event', event: { type: 'over', reason } });
    return [...outputs, ...this.#time(now)];
  }

  /** Since when a request has waited for one before it, which may never come. */
  get #oldestEarly(): number {
    let oldest = Number.POSITIVE_INFINITY;
    if (!this.#stopped) for (const { since } of this.#early.values()) oldest = Math.min(oldest, since);
    return oldest;
  }

  /** The timers as they are to be: inactivity runs while no request is here. */
  #time(now: number): BoshOutput[] {
    const outputs: BoshOutput[] = [];
    const counting = ![...this.#held, ...this.#early.values()].some(({ request }) => request !== undefined);
    if (counting && !this.#counting) outputs.push({ type: 'setTimer', name: 'inactivity', delay: this.#inactivity });
    else if (!counting && this.#counting) outputs.push({ type: 'clearTimer', name: 'inactivity' });
    this.#counting = counting;
    const oldest = Math.min(this.#held[0]?.since ?? Number.POSITIVE_INFINITY, this.#oldestEarly);
    const due = Number.isFinite(oldest) ? oldest + this.#wait : undefined;
    if (due !== this.#waitDue)
      outputs.push(
        due === undefined
          ? { type: 'clearTimer', name: 'wait' }
          : { type: 'setTimer', name: 'wait', delay: Math.max(0, due - now) },
      );
    this.#waitDue = due;
    return outputs;
  }
}
