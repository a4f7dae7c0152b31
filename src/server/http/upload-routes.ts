import type { FastifyInstance, FastifyReply } from 'fastify';
import type { PutOutcome, UploadFolder } from '../uploads/upload-folder.ts';
import { streamFile } from './file-stream.ts';
import { HttpError, notFound } from './http-error.ts';

/** What a browser may show in its place; all else is a download. No type that can hold a script. */
const SHOWN = /^(?:image\/(?:png|jpeg|gif|webp|avif)|(?:audio|video)\/(?:mp4|mpeg|ogg|webm|wav|aac|flac|3gpp))$/;

/** Whatever a browser makes of a stranger's file: no script, no form, no origin of ours. */
const SANDBOX = "default-src 'none'; img-src 'self'; media-src 'self'; sandbox; frame-ancestors 'none'";

/**
 * XEP-0363: `PUT` with the token of the slot, once; `GET` by whoever has the URL, which cannot be guessed. Pages of any
 * origin may do both: nothing here goes by a cookie.
 */
export async function uploadRoutes(app: FastifyInstance, uploads: UploadFolder): Promise<void> {
  await app.register(async (scope) => {
    // The body is not fastify's to gather: it is written as it comes.
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (_request, _payload, done) => done(null));
    scope.addHook('onRequest', async (_request, reply) => {
      reply.headers({ 'access-control-allow-origin': '*', 'cross-origin-resource-policy': 'cross-origin' });
    });

    scope.options('/upload/:id/:name', async (_request, reply) => {
      reply.headers({
        'access-control-allow-methods': 'GET, HEAD, PUT',
        'access-control-allow-headers': 'authorization, content-type, range',
        'access-control-max-age': '86400',
      });
      return reply.code(204).send();
    });

    scope.put<{ Params: { id: string } }>('/upload/:id/:name', async (request, reply) => {
      const token = /^Bearer ([\w-]{43})$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
      const length = request.headers['content-length'] ?? '';
      const size = /^\d{1,15}$/.test(length) ? Number(length) : Number.NaN;
      const { raw } = request;
      raw.socket.setTimeout(uploads.limits.idle, () => raw.destroy());
      try {
        const outcome = await uploads.put(request.params.id, token, size, raw);
        if (outcome !== 'stored') {
          reply.header('connection', 'close'); // what else comes of the body is not waited for
          throw refusal(outcome);
        }
      } finally {
        raw.socket.setTimeout(0);
      }
      return reply.code(201).send();
    });

    scope.get<{ Params: { id: string } }>('/upload/:id/:name', async (request, reply) => {
      const found = await uploads.find(request.params.id);
      if (found === undefined) throw notFound();
      const { type, name } = found.upload;
      headersOf(reply, SHOWN.test(type) ? type : undefined, name);
      return streamFile(request, reply, found.path);
    });
  });
}

function headersOf(reply: FastifyReply, shown: string | undefined, name: string): void {
  const disposition = shown === undefined ? 'attachment' : 'inline';
  reply.headers({
    'content-type': shown ?? 'application/octet-stream',
    'content-disposition': `${disposition}; filename*=UTF-8''${encodeURIComponent(name).replaceAll(/['()*]/g, percent)}`,
    'content-security-policy': SANDBOX,
    'cache-control': 'private, max-age=86400, immutable',
  });
}

/** RFC 8187 section 3.2.1 has fewer signs than encodeURIComponent leaves. */
function percent(sign: string): string {
  return `%${sign.charCodeAt(0).toString(16).toUpperCase()}`;
}

function refusal(outcome: Exclude<PutOutcome, 'stored'>): HttpError {
  switch (outcome) {
    case 'unknown':
      return notFound();
    case 'forbidden':
      return new HttpError(403, 'HTTP_FORBIDDEN', 'The token is not that of this place.');
    case 'taken':
      return new HttpError(409, 'HTTP_CONFLICT', 'The file is there already, or is on its way.');
    case 'busy':
      return new HttpError(503, 'HTTP_BUSY', 'Too many files are coming in.', 5);
    case 'size':
      return new HttpError(413, 'HTTP_TOO_LARGE', 'The file has not the size that was asked for.');
    case 'incomplete':
      return new HttpError(400, 'HTTP_BAD_REQUEST', 'The file did not come whole.');
  }
}
