import { Readable } from 'node:stream';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AccountData } from '../accounts/account-data.ts';
import { canonicalName } from '../accounts/canonical-name.ts';
import type { Access } from './access.ts';
import { HttpError, notFound } from './http-error.ts';

/**
 * `/api/account/data`: GET writes out everything that is kept for an account, a line of JSON each; DELETE deletes it, but for
 * the account itself. One's own; with `account`, for administrators, anybody's.
 */
export function accountRoutes(app: FastifyInstance, { access, data }: { access: Access; data: AccountData }): void {
  async function whose(request: FastifyRequest): Promise<string> {
    const caller = access.signedIn(request);
    const { account } = request.query as Record<string, unknown>;
    const own = caller.kind === 'session' ? caller.identity.name : undefined;
    const name = typeof account === 'string' ? canonicalName(account) : own;
    if (name === undefined) throw new HttpError(400, 'HTTP_NAME', 'Nobody can have that name.');
    if (name !== own && caller.kind === 'session' && !caller.identity.admin)
      throw new HttpError(403, 'HTTP_FORBIDDEN', 'This is for administrators.');
    if (!(await data.isKept(name))) throw notFound();
    return name;
  }

  app.get('/api/account/data', async (request, reply) => {
    const name = await whose(request);
    reply.header('content-disposition', 'attachment; filename="account.jsonl"');
    return reply.type('application/x-ndjson').send(Readable.from(lines(data.export(name))));
  });

  app.delete('/api/account/data', async (request, reply) => {
    await data.erase(await whose(request));
    return reply.code(204).send();
  });
}

async function* lines(texts: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const text of texts) yield `${text}\n`;
}
