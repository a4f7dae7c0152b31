import { randomBytes } from 'node:crypto';
import type { Element } from '../../../protocol/xmpp/element.ts';
import type { Clock } from '../../../transport/clock.ts';
import type { Identity } from '../../../transport/flow.ts';
import type { ClientSession } from './client-session.ts';
import type { XmppConnection } from './connection.ts';
import type { FastTokens } from './fast-tokens.ts';
import type { XmppLimits } from './limits.ts';
import type { Mechanisms } from './mechanisms.ts';
import type { StreamCounters } from './metrics.ts';
import type { StreamRouter } from './router.ts';

export interface StreamLog {
  debug(fields: object, text: string): void;
}

/** What every stream of the server shares. */
export interface StreamContext {
  readonly router: StreamRouter;
  readonly limits: XmppLimits;
  readonly clock: Clock;
  /** Unix time in milliseconds. */
  readonly wallClock: () => number;
  readonly log: StreamLog;
  readonly counters: StreamCounters;
  /** Bound, also those that are cut off and held. */
  readonly sessions: Set<ClientSession>;
  readonly held: ResumableSessions;
  /** The server is ending: nobody is held. */
  readonly stopping: boolean;
  /** For the inspector: a stanza of a session; `out`: to the client. */
  readonly trace: ((out: boolean, session: ClientSession, stanza: Element) => void) | undefined;
  fault(error: unknown): void;
}

/** What a stream needs besides until it is bound. */
export interface LoginContext extends StreamContext {
  readonly mechanisms: Mechanisms;
  readonly tokens: FastTokens;
  /** No new streams. */
  readonly draining: boolean;
  /** XEP-0198 section 5: the connection is the session's again, or `<failed/>` says why not. */
  resume(
    connection: XmppConnection,
    request: Element,
    identity: Identity,
  ): Promise<{ session: ClientSession; resumed: Element } | { failed: Element }>;
}

/** Sessions that can be resumed, by their unguessable ids (XEP-0198 section 5). */
export class ResumableSessions {
  readonly #sessions = new Map<string, ClientSession>();

  add(session: ClientSession): string {
    const id = randomBytes(18).toString('base64url');
    this.#sessions.set(id, session);
    return id;
  }

  get(id: string): ClientSession | undefined {
    return this.#sessions.get(id);
  }

  delete(id: string): void {
    this.#sessions.delete(id);
  }
}
