import { existsSync } from 'node:fs';
import { join } from 'node:path';
import fastifyStatic from '@fastify/static';
import type { FastifyInstance, FastifyReply } from 'fastify';

/** The web apps. Files whose name holds a hash never change; all else is asked for anew, with an ETag. */
export async function staticFiles(app: FastifyInstance, folder: string): Promise<void> {
  if (!existsSync(join(folder, 'index.html'))) {
    app.get('/', async (_request, reply) => reply.type('text/html; charset=utf-8').send(NOT_BUILT));
    return;
  }
  await app.register(fastifyStatic, {
    root: folder,
    cacheControl: false,
    dotfiles: 'ignore',
    redirect: true, // `/doctor` to `/doctor/`, whose paths are relative
    setHeaders(reply, path) {
      const hashed = /\/assets\/[^/]*-[\w-]{8,}\.\w+$/.test(path);
      reply.header('cache-control', hashed ? 'public, max-age=31536000, immutable' : 'no-cache');
    },
  });
}

const NOT_BUILT = `<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Chappe</title>
<h1>Chappe is running</h1>
<p>The web apps are not built here. <code>npm start</code> builds them; so does <code>npm run build:apps</code>.</p>
</html>
`;

/**
 * Headers of every answer. The policy allows what our pages need and nothing from elsewhere. `host`: once checked; `files`:
 * the origin of uploaded files, which is ours by the name that their senders were given.
 */
export function securityHeaders(reply: FastifyReply, host: string | undefined, files?: string): void {
  // Not every browser takes 'self' for ws: and wss: too.
  const sockets = host === undefined ? '' : ` ws://${host} wss://${host}`;
  const uploads = files === undefined ? '' : ` ${files}`;
  reply.headers({
    'content-security-policy':
      `default-src 'self'; connect-src 'self'${sockets}${uploads}; img-src 'self'${uploads} data: blob:; ` +
      `media-src 'self'${uploads} blob:; ` +
      `worker-src 'self' blob:; object-src 'none'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'permissions-policy': 'camera=(self), microphone=(self), display-capture=(self), geolocation=()',
    'cross-origin-opener-policy': 'same-origin',
  });
}
