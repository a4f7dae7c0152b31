// The sessions of BOSH (XEP-0124, XEP-0206), by their unguessable ids.
import { randomBytes } from 'node:crypto';
import { readBody, terminateBody } from '../../../protocol/xmpp/bosh-body.ts';
import { StreamError } from '../../../protocol/xmpp/stream-error.ts';
import { XML_LIMITS } from '../../../protocol/xmpp/xml-limits.ts';
import { type Clock, nativeClock } from '../../../transport/clock.ts';
import type { Endpoint, Identity } from '../../../transport/flow.ts';
import type { ConnectionHandler, XmppConnection } from '../streams/connection.ts';
import type { XmppLimits } from '../streams/limits.ts';
import { BoshConnection } from './connection.ts';
import { type BoshLimits, boshLimits } from './limits.ts';

export interface BoshOptions {
  limits?: Partial<BoshLimits>;
  stanzas: Pick<XmppLimits, 'stanzaBytes' | 'stanzaBytesBeforeLogin'>;
  /** Octets that may wait for a client that does not fetch them. */
  queuedBytes: number;
  clock?: Clock;
  /** Who is told of a new connection's stream. */
  accept(connection: XmppConnection): ConnectionHandler;
  /** A handler threw. */
  fault(error: unknown): void;
}

/** An HTTP request with a body that is UTF-8. */
export interface BoshRequest {
  text: string;
  remote: Endpoint;
  secure: boolean;
  /** Who makes a session: what the request has proved besides. Throws where it may make none. */
  identify(): Identity | undefined;
}

/** Where a body begins that says its session; longer ones are not read before that is known. */
const SID = /^[^>]{0,1000}?\ssid\s*=\s*(['"])([A-Za-z0-9_-]{24})\1/;

export class Bosh {
  readonly limits: BoshLimits;
  readonly #options: BoshOptions;
  readonly #clock: Clock;
  readonly #sessions = new Map<string, BoshConnection>();
  readonly #perAddress = new Map<string, number>();

  constructor(options: BoshOptions) {
    this.#options = options;
    this.limits = { ...boshLimits, ...options.limits };
    this.#clock = options.clock ?? nativeClock;
  }

  get size(): number {
    return this.#sessions.size;
  }

  *connections(): Generator<XmppConnection> {
    yield* this.#sessions.values();
  }

  /**
   * Answers by `respond`, once, soon or when there is something to carry. What it gives is to be called when the
   * connection breaks before that. 'busy': no session can be made now. Undefined: it is no request of BOSH.
   */
  receive(request: BoshRequest, respond: (text: string) => void): (() => void) | 'busy' | undefined {
    const { text } = request;
    const { stanzaBytes, stanzaBytesBeforeLogin } = this.#options.stanzas;
    const large = text.length > stanzaBytesBeforeLogin;
    if (large) {
      const session = this.#sessions.get(SID.exec(text)?.[2] ?? '');
      if (session?.trusted !== true || text.length > stanzaBytes) {
        session?.refuse(new StreamError('policy-violation', 'The stanza is too large'));
        respond(terminateBody('policy-violation'));
        return ignore;
      }
    }
    const body = readBody(text, { ...XML_LIMITS, length: stanzaBytes });
    if (body === undefined) return undefined;
    if (body.sid !== undefined) {
      const session = this.#sessions.get(body.sid);
      if (session !== undefined && (session.trusted || !large)) return session.receive(body, respond);
      respond(terminateBody('item-not-found'));
      return ignore;
    }
    const session = this.#begin(request, body);
    return session === undefined ? 'busy' : session.receive(body, respond);
  }

  #begin({ remote, secure, identify }: BoshRequest, first: Parameters<BoshConnection['receive']>[0]) {
    const { limits } = this;
    const { address } = remote;
    const sessions = this.#perAddress.get(address) ?? 0;
    if (this.#sessions.size >= limits.sessions || sessions >= limits.sessionsPerAddress) return undefined;
    const identity = identify();
    const sid = randomBytes(18).toString('base64url');
    const seconds = (milliseconds: number) => Math.ceil(milliseconds / 1000);
    const connection = new BoshConnection({
      sid,
      first,
      limits: {
        wait: seconds(limits.wait),
        hold: limits.hold,
        inactivity: seconds(limits.inactivity),
        polling: seconds(limits.polling),
        maxPause: seconds(limits.maxPause),
      },
      queued: this.#options.queuedBytes,
      transport: secure ? 'boshs' : 'bosh',
      remote,
      identity,
      clock: this.#clock,
      accept: this.#options.accept,
      fault: this.#options.fault,
      forgotten: () => this.#forget(sid, address),
    });
    this.#sessions.set(sid, connection);
    this.#perAddress.set(address, sessions + 1);
    return connection;
  }

  #forget(sid: string, address: string): void {
    if (!this.#sessions.delete(sid)) return;
    const others = (this.#perAddress.get(address) ?? 1) - 1;
    if (others > 0) this.#perAddress.set(address, others);
    else this.#perAddress.delete(address);
  }
}

function ignore(): void {}
