import type { FastifyInstance } from 'fastify';
import * as z from 'zod';
import { canonicalName } from '../accounts/canonical-name.ts';
import type { CredentialIssuer } from '../credentials/issuer.ts';
import type { Access } from './access.ts';
import { HttpError } from './http-error.ts';
import type { HttpLimits } from './limits.ts';
import { type Addresses, reachOf } from './reach.ts';

export const credentialBody = z.strictObject({
  name: z.string().max(512).optional(),
  ttl: z.int().min(1).optional(),
});

export interface CredentialRoutes {
  access: Access;
  issuer: CredentialIssuer;
  addresses: Addresses;
  limits: HttpLimits;
}

/** `POST /api/credentials`: for the session's own name, or with a key for any. */
export function credentialRoutes(app: FastifyInstance, { access, issuer, addresses, limits }: CredentialRoutes): void {
  app.post('/api/credentials', async (request, reply) => {
    const caller = access.signedIn(request);
    const body = credentialBody.safeParse(request.body ?? {});
    if (!body.success)
      throw new HttpError(
        400,
        'HTTP_BAD_REQUEST',
        'The body must be {"name", "ttl"}; ttl is whole seconds, 1 at least.',
      );
    const asked = body.data.name === undefined ? undefined : canonicalName(body.data.name);
    let name: string;
    if (caller.kind === 'key') {
      if (body.data.name === undefined) throw new HttpError(400, 'HTTP_BAD_REQUEST', 'With a key, "name" is needed.');
      if (asked === undefined) throw new HttpError(400, 'HTTP_NAME', 'Nobody can have that name.');
      name = asked;
    } else {
      name = caller.identity.name;
      if (body.data.name !== undefined && asked !== name)
        throw new HttpError(403, 'HTTP_FORBIDDEN', 'A session gets credentials for its own name only.');
    }
    const ttl = Math.min(body.data.ttl ?? limits.credentialTtl, limits.maxCredentialTtl);
    reply.header('cache-control', 'no-store');
    return issuer.issue(name, ttl, reachOf(request, caller.kind === 'key', addresses));
  });
}
