import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import type { Accounts } from '../accounts/accounts.ts';
import { canonicalName } from '../accounts/canonical-name.ts';
import type { Logger } from '../sip/ports.ts';
import type { Access } from './access.ts';
import { HttpError, tooMany } from './http-error.ts';
import type { HttpLimits } from './limits.ts';
import { isSecure } from './reach.ts';
import { SESSION_COOKIE, type Sessions } from './sessions.ts';
import { addressKey, TokenBuckets } from './token-buckets.ts';

export const signInBody = z.strictObject({ name: z.string().min(1).max(512), password: z.string().min(1).max(4096) });

export interface SessionRoutes {
  accounts: Accounts;
  sessions: Sessions;
  access: Access;
  limits: HttpLimits;
  log: Logger;
  /** Monotonic milliseconds. */
  now: () => number;
}

/** `POST /api/session` signs in, `GET` tells who is, `DELETE` signs out. */
export function sessionRoutes(app: FastifyInstance, options: SessionRoutes): void {
  const { accounts, sessions, access, limits, log, now } = options;
  const addresses = new TokenBuckets({
    burst: limits.signInFailuresPerAddress,
    interval: limits.addressFailureForgiven,
    keys: limits.sources,
    now,
  });
  const names = new TokenBuckets({
    burst: limits.signInFailuresPerAccount,
    interval: limits.accountFailureForgiven,
    keys: limits.sources,
    now,
  });
  let inFlight = 0;

  app.post('/api/session', async (request, reply) => {
    const body = signInBody.safeParse(request.body);
    if (!body.success) throw new HttpError(400, 'HTTP_BAD_REQUEST', 'The body must be {"name", "password"}.');
    const { name, password } = body.data;
    // Every attempt costs a token until it has turned out well, so that many at once are no way around the limit. A name
    // without an account costs the same: the answers do not tell which names exist.
    const address = addressKey(request.ip);
    const account = canonicalName(name) ?? '';
    const wait = addresses.take(address);
    if (wait > 0) throw tooMany(wait);
    const accountWait = names.take(account);
    if (accountWait > 0) throw tooMany(accountWait);
    if (inFlight >= limits.signInsInFlight) throw new HttpError(503, 'HTTP_BUSY', 'Too many sign-ins at once.', 1);
    inFlight += 1;
    try {
      const identity = await accounts.signIn(name, password);
      if (identity === undefined) {
        log.info({ remote: request.ip }, 'sign-in refused');
        throw new HttpError(401, 'HTTP_SIGN_IN', 'The name or the password is wrong.');
      }
      addresses.giveBack(address);
      names.giveBack(account);
      await sessions.end(request.cookies[SESSION_COOKIE]);
      const { token, maxAge } = await sessions.begin(identity.name);
      reply.setCookie(SESSION_COOKIE, token, {
        httpOnly: true,
        sameSite: 'lax',
        path: '/',
        secure: isSecure(request),
        maxAge,
      });
      log.info({ name: identity.name, remote: request.ip }, 'signed in');
      return { name: identity.name, domain: accounts.domain, admin: identity.admin };
    } finally {
      inFlight -= 1;
    }
  });

  app.get('/api/session', async (request) => {
    const caller = access.caller(request);
    if (caller?.kind !== 'session') throw new HttpError(401, 'HTTP_UNAUTHENTICATED', 'Nobody is signed in.');
    return { name: caller.identity.name, domain: accounts.domain, admin: caller.identity.admin };
  });

  app.delete('/api/session', async (request, reply) => {
    await sessions.end(request.cookies[SESSION_COOKIE]);
    reply.clearCookie(SESSION_COOKIE, { httpOnly: true, sameSite: 'lax', path: '/', secure: isSecure(request) });
    return reply.code(204).send();
  });
}
