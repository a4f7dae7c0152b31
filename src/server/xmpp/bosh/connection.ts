import { type BoshLimits, type BoshOutput, BoshSession } from '../../../protocol/xmpp/bosh.ts';
import type { BoshBody } from '../../../protocol/xmpp/bosh-body.ts';
import type { Element } from '../../../protocol/xmpp/element.ts';
import type { StreamError } from '../../../protocol/xmpp/stream-error.ts';
import type { Clock, Timer } from '../../../transport/clock.ts';
import type { Endpoint, Identity } from '../../../transport/flow.ts';
import type { ConnectionHandler, StreamHeader, XmppConnection } from '../streams/connection.ts';
import { alone } from '../streams/framing.ts';
import { Reception } from '../streams/reception.ts';

export interface BoshConnectionOptions {
  sid: string;
  /** The request that makes the session. */
  first: BoshBody;
  limits: BoshLimits;
  /** UTF-16 units that may wait to be fetched. */
  queued: number;
  transport: 'bosh' | 'boshs';
  remote: Endpoint;
  identity: Identity | undefined;
  clock: Clock;
  accept(connection: XmppConnection): ConnectionHandler;
  fault(error: unknown): void;
  /** No request of this session needs an answer any more. */
  forgotten(): void;
}

/** A session of BOSH as the stream above sees it: a connection, however many requests carry it. */
export class BoshConnection implements XmppConnection {
  readonly transport: 'bosh' | 'boshs';
  readonly remote: Endpoint;
  readonly identity: Identity | undefined;
  readonly #options: BoshConnectionOptions;
  readonly #session: BoshSession;
  readonly #reception: Reception;
  readonly #respond = new Map<number, (text: string) => void>();
  readonly #timers = new Map<string, Timer>();
  #requests = 0;
  /** What waits for a request to carry it. */
  #unsent: Element[] = [];
  #flushing = false;
  #open = true;
  #trusted = false;

  constructor(options: BoshConnectionOptions) {
    this.#options = options;
    this.transport = options.transport;
    this.remote = options.remote;
    this.identity = options.identity;
    this.#session = new BoshSession(options.sid, options.first, options.limits);
    this.#reception = new Reception(this, NOBODY, options.fault);
    this.#reception.handler = options.accept(this);
  }

  get open(): boolean {
    return this.#open;
  }

  /** The client has proved who it is. */
  get trusted(): boolean {
    return this.#trusted;
  }

  get handler(): ConnectionHandler {
    return this.#reception.handler;
  }

  set handler(handler: ConnectionHandler) {
    this.#reception.handler = handler;
  }

  /** One request of the client's; `respond` is called once, unless it is abandoned before. What it gives abandons it. */
  receive(body: BoshBody, respond: (text: string) => void): () => void {
    const request = ++this.#requests;
    this.#respond.set(request, respond);
    this.#carryOut(this.#session.receive(request, body, this.#now()));
    this.#flushSoon();
    return () => {
      if (this.#respond.delete(request)) this.#carryOut(this.#session.abandoned(request, this.#now()));
    };
  }

  openStream(header: StreamHeader): void {
    this.#session.open(header);
    this.#flushSoon();
  }

  send(element: Element): boolean {
    if (!this.#open) return false;
    this.#session.send(alone(element));
    this.#unsent.push(element);
    if (this.#session.queued > this.#options.queued) {
      this.#carryOut(this.#session.fail('policy-violation', this.#now()));
      return false;
    }
    this.#flushSoon();
    return true;
  }

  restart(): void {}

  trust(): void {
    this.#trusted = true;
  }

  close(error?: StreamError): void {
    const reason = error === undefined ? 'closed by us' : `${error.condition}: ${error.message}`;
    this.#carryOut(this.#session.close(error && alone(error.toElement()), reason, this.#now()));
  }

  pause(): void {
    this.#reception.pause();
    this.#session.pause();
  }

  resume(): void {
    if (!this.#reception.resume()) return;
    this.#carryOut(this.#session.resume(this.#now()));
    this.#flushSoon();
  }

  /** What came is no stanza that may be: the stream hears of it in its turn. */
  refuse(error: StreamError): void {
    this.#reception.tell({ error });
  }

  /** What is sent within one turn leaves together. */
  #flushSoon(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    process.nextTick(flush, this);
  }

  flush(): void {
    this.#flushing = false;
    this.#carryOut(this.#session.flush(this.#now()));
  }

  #carryOut(outputs: readonly BoshOutput[]): void {
    for (const output of outputs) {
      switch (output.type) {
        case 'send': {
          const { request, text } = output.message;
          const respond = this.#respond.get(request);
          this.#respond.delete(request);
          respond?.(text);
          break;
        }
        case 'setTimer':
          this.#timers.get(output.name)?.close();
          this.#timers.set(
            output.name,
            this.#options.clock.setTimer(output.delay, () => {
              this.#timers.delete(output.name);
              this.#carryOut(this.#session.timer(output.name, this.#now()));
            }),
          );
          break;
        case 'clearTimer':
          this.#timers.get(output.name)?.close();
          this.#timers.delete(output.name);
          break;
        default:
          this.#happened(output.event);
      }
    }
    if (this.#session.queued === 0 && this.#unsent.length > 0) this.#unsent = [];
  }

  #happened(event: Extract<BoshOutput, { type: 'event' }>['event']): void {
    if (event.type === 'header') this.#reception.tell({ header: event.header });
    else if (event.type === 'element') this.#reception.tell({ element: event.element });
    else if (event.type === 'ended') this.#reception.tell('ended');
    else if (event.type === 'forgotten') this.#options.forgotten();
    else {
      this.#open = false;
      this.#reception.over(event.reason, this.#unsent);
    }
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

function flush(connection: BoshConnection): void {
  connection.flush();
}

const NOBODY: ConnectionHandler = { opened() {}, received() {}, failed() {}, ended() {}, gone() {}, idle() {} };
