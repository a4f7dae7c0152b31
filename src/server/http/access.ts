import type { FastifyRequest } from 'fastify';
import type { Identity } from '../../transport/flow.ts';
import { judgeOrigin, type OriginVerdict } from '../../transport/origin.ts';
import type { ApiKeys } from '../credentials/api-keys.ts';
import { HttpError } from './http-error.ts';
import { SESSION_COOKIE, type Sessions } from './sessions.ts';

/** Who asks: an account's web session, or an administrator's key. */
export type Caller = { kind: 'session'; identity: Identity } | { kind: 'key'; name: string };

/** Tells who asks, and whether the page that asks may. */
export class Access {
  readonly #sessions: Sessions;
  readonly #apiKeys: ApiKeys;
  readonly #origins: () => readonly string[];

  constructor(options: { sessions: Sessions; apiKeys: ApiKeys; origins: () => readonly string[] }) {
    this.#sessions = options.sessions;
    this.#apiKeys = options.apiKeys;
    this.#origins = options.origins;
  }

  origin(request: FastifyRequest): OriginVerdict {
    return judgeOrigin(request.headers.origin, request.headers.host, { origins: this.#origins() });
  }

  /** Throws 401 for a key that is none; undefined: nobody in particular. */
  caller(request: FastifyRequest): Caller | undefined {
    const bearer = /^bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1];
    if (bearer !== undefined) {
      const key = this.#apiKeys.find(bearer);
      if (key === undefined) throw new HttpError(401, 'HTTP_KEY', 'The key is not valid.');
      return { kind: 'key', name: key.name };
    }
    const verdict = this.origin(request);
    // A browser sends cookies whatever page asks: they count for our own pages, for listed ones, and for plain GETs.
    if (verdict === 'any' || verdict === 'refused') return undefined;
    const identity = this.#sessions.identity(request.cookies[SESSION_COOKIE]);
    return identity && { kind: 'session', identity };
  }

  signedIn(request: FastifyRequest): Caller {
    const caller = this.caller(request);
    if (caller === undefined) throw new HttpError(401, 'HTTP_UNAUTHENTICATED', 'Sign in, or send a key.');
    return caller;
  }

  administrator(request: FastifyRequest): Caller {
    const caller = this.signedIn(request);
    if (caller.kind === 'session' && !caller.identity.admin)
      throw new HttpError(403, 'HTTP_FORBIDDEN', 'This is for administrators.');
    return caller;
  }

  /** A call that changes something: from the same or a listed Origin, or with a key. */
  mayChange(request: FastifyRequest): void {
    if (/^bearer /i.test(request.headers.authorization ?? '')) return; // its own proof; checked by caller()
    const verdict = this.origin(request);
    if (verdict === 'same' || verdict === 'listed') return;
    throw new HttpError(
      403,
      'HTTP_ORIGIN',
      verdict === 'none'
        ? 'A call that changes something needs an Origin header, or a key.'
        : 'Pages of this origin may not do that here.',
    );
  }
}
