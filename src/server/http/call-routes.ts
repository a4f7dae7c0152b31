import type { FastifyInstance } from 'fastify';
import type { CallRecordStore } from '../../storage/ports.ts';
import type { Access } from './access.ts';
import { HttpError } from './http-error.ts';

const MOST = 1_000;

/**
 * `GET /api/calls`: records of calls that are over, the newest first; one's own, and for administrators everybody's.
 * `account`, `before` (started, milliseconds since 1970) and `limit` narrow it.
 */
export function callRoutes(app: FastifyInstance, { access, calls }: { access: Access; calls: CallRecordStore }): void {
  app.get('/api/calls', async (request) => {
    const caller = access.signedIn(request);
    const { account, before, limit } = request.query as Record<string, unknown>;
    const own = caller.kind === 'session' && !caller.identity.admin ? caller.identity.name : undefined;
    if (own !== undefined && account !== undefined && account !== own)
      throw new HttpError(403, 'HTTP_FORBIDDEN', 'This is for administrators.');
    const wanted = own ?? (typeof account === 'string' ? account : undefined);
    const until = Number(before);
    const most = Number(limit ?? 100);
    return {
      calls: await calls.list({
        ...(wanted !== undefined && { account: wanted }),
        ...(before !== undefined && Number.isSafeInteger(until) && { before: until }),
        limit: Number.isInteger(most) ? Math.min(Math.max(most, 1), MOST) : 100,
      }),
    };
  });
}
