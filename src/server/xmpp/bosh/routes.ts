// `/http-bind`: BOSH over HTTP (XEP-0124 section 4), for our own pages and for those of listed origins.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { terminateBody } from '../../../protocol/xmpp/bosh-body.ts';
import type { Identity } from '../../../transport/flow.ts';
import { plainAddress } from '../../../transport/flow.ts';
import { type HandshakeCredential, handshakeCredential } from '../../../transport/handshake-credential.ts';
import { cookiesCount, judgeOrigin, type OriginVerdict } from '../../../transport/origin.ts';
import { HttpError, tooMany } from '../../http/http-error.ts';
import { addressKey, TokenBuckets } from '../../http/token-buckets.ts';
import type { Bosh } from './bosh.ts';

export interface BoshRoutes {
  bosh: Bosh;
  /** Octets of a request's body. */
  bodyBytes: number;
  /** Read at each request, so that a reload counts. */
  origins: () => readonly string[];
  handshake: () => 'optional' | 'required';
  /** Undefined: it is wrong or has expired. */
  verify: (credential: HandshakeCredential) => Identity | undefined;
  isDraining: () => boolean;
  /** Monotonic milliseconds. */
  now: () => number;
}

export function boshRoutes(app: FastifyInstance, options: BoshRoutes): void {
  const { bosh, bodyBytes, origins, now } = options;
  const { requestBurst, requestRate, sources } = bosh.limits;
  const requests = new TokenBuckets({ burst: requestBurst, interval: 1_000 / requestRate, keys: sources, now });

  /** Who may ask, and what a browser is told of that (CORS). */
  function admit(request: FastifyRequest): { verdict: OriginVerdict; headers: Record<string, string> } {
    const { origin, host } = request.headers;
    const verdict = judgeOrigin(origin, host, { origins: origins() });
    if (verdict === 'refused') throw new HttpError(403, 'HTTP_ORIGIN', 'Pages of this origin may not do that here.');
    const headers: Record<string, string> = {
      'content-type': 'text/xml; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
      vary: 'Origin',
    };
    if (origin !== undefined) headers['access-control-allow-origin'] = origin;
    if (verdict === 'listed') headers['access-control-allow-credentials'] = 'true';
    return { verdict, headers };
  }

  app.register(async (scope) => {
    scope.removeAllContentTypeParsers(); // whatever a client calls it, it is XML
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: bodyBytes }, (_request, body, done) =>
      done(null, body),
    );

    const answer = (request: FastifyRequest, reply: FastifyReply) => {
      const { verdict, headers } = admit(request);
      const { 'content-type': _, ...forErrors } = headers;
      reply.headers(forErrors);
      const wait = requests.take(addressKey(request.ip));
      if (wait > 0) throw tooMany(wait);
      // Written past fastify, whose hooks and headers are for pages: most of what a session costs is its answers.
      const respond = (status: number, text: string) => {
        reply.hijack();
        reply.raw.writeHead(status, { ...headers, 'content-length': Buffer.byteLength(text) }).end(text);
      };
      const text = decode(request.body);
      const { socket } = request.raw;
      const received =
        text === undefined
          ? undefined
          : bosh.receive(
              {
                text,
                remote: { address: plainAddress(socket.remoteAddress), port: socket.remotePort ?? 0 },
                secure: 'encrypted' in socket && socket.encrypted === true,
                identify: () => identify(request, verdict, options),
              },
              (response) => respond(200, response),
            );
      if (received === undefined) respond(400, terminateBody('bad-request'));
      else if (received === 'busy') throw new HttpError(503, 'HTTP_BUSY', 'The server is busy.', 5);
      else reply.raw.once('close', received);
    };
    for (const path of ['/http-bind', '/http-bind/']) {
      scope.post(path, answer);
      scope.options(path, async (request, reply) => {
        reply.headers({
          ...admit(request).headers,
          'access-control-allow-methods': 'POST',
          'access-control-allow-headers': 'content-type, authorization',
          'access-control-max-age': '600',
        });
        return reply.code(204).send();
      });
    }
  });
}

/** As at a WebSocket's handshake: what a session's first request proves, and whether it must. */
function identify(request: FastifyRequest, verdict: OriginVerdict, options: BoshRoutes): Identity | undefined {
  if (options.isDraining()) throw new HttpError(503, 'HTTP_DRAINING', 'The server is shutting down.', 5);
  const credential = handshakeCredential(request.raw, cookiesCount(verdict));
  if (credential === undefined) {
    if (options.handshake() === 'required')
      throw new HttpError(401, 'HTTP_UNAUTHENTICATED', 'The first request needs a credential.');
    return undefined;
  }
  const identity = credential === 'malformed' ? undefined : options.verify(credential);
  if (identity === undefined) throw new HttpError(403, 'HTTP_CREDENTIAL', 'The credential is wrong or has expired.');
  return identity;
}

const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Undefined: it is no UTF-8. */
function decode(body: unknown): string | undefined {
  if (!(body instanceof Uint8Array)) return undefined;
  try {
    return UTF8.decode(body);
  } catch {
    return undefined;
  }
}
