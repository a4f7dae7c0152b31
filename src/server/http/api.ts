import cookie from '@fastify/cookie';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyServerFactory } from 'fastify';
import type { Registry } from 'prom-client';
import type { ByteString } from '../../protocol/byte-string.ts';
import type { CallRecordStore } from '../../storage/ports.ts';
import type { AccountData } from '../accounts/account-data.ts';
import type { Accounts } from '../accounts/accounts.ts';
import type { ApiKeys } from '../credentials/api-keys.ts';
import type { CredentialIssuer } from '../credentials/issuer.ts';
import type { CallTrace } from '../inspector/trace.ts';
import type { Logger } from '../sip/ports.ts';
import type { UploadFolder } from '../uploads/upload-folder.ts';
import { Access } from './access.ts';
import { accountRoutes } from './account-routes.ts';
import { callRoutes } from './call-routes.ts';
import { contactRoutes } from './contact-routes.ts';
import { credentialRoutes } from './credential-routes.ts';
import { type DoctorRoutes, doctorRoutes } from './doctor-routes.ts';
import { hostMetaRoutes } from './host-meta.ts';
import type { HostPolicy } from './host-policy.ts';
import { fromFastify, HttpError, notFound, tooMany } from './http-error.ts';
import { inspectorRoutes } from './inspector-routes.ts';
import type { HttpLimits } from './limits.ts';
import { openapi } from './openapi.ts';
import type { Addresses } from './reach.ts';
import { sessionRoutes } from './session-routes.ts';
import type { Sessions } from './sessions.ts';
import { securityHeaders, staticFiles } from './static-files.ts';
import { addressKey, TokenBuckets } from './token-buckets.ts';
import { uploadRoutes } from './upload-routes.ts';

export interface HttpApiOptions {
  /** The web port's: fastify never listens itself. */
  serverFactory?: FastifyServerFactory;
  accounts: Accounts;
  sessions: Sessions;
  apiKeys: ApiKeys;
  issuer: CredentialIssuer;
  addresses: Addresses;
  hosts: Pick<HostPolicy, 'allows'>;
  /** Read at each call, so that a reload counts. */
  origins: () => readonly string[];
  limits: HttpLimits;
  log: Logger;
  registry: Registry;
  trace: () => CallTrace | undefined;
  legs: (callId: ByteString) => Promise<object[]>;
  calls: CallRecordStore;
  doctor: DoctorRoutes['doctor'];
  data: AccountData;
  /** Files (XEP-0363), and the origin of their URLs. */
  uploads?: { folder: UploadFolder; origin: () => string };
  /** Whether somebody of that canonical name is registered. */
  isRegistered: (name: string) => boolean;
  /** Everything listens, and the server is not draining. */
  isReady: () => boolean;
  isDraining: () => boolean;
  /** Of the built web apps. */
  appsFolder: string;
  version: string;
  /** Routes of other parts, beside the API's. */
  routes?: (app: FastifyInstance) => void;
  /** Monotonic milliseconds. */
  now?: () => number;
}

const PROBES = new Set(['/healthz', '/readyz']);

/** The HTTP side of the web port, made ready. fastify's own log and error bodies print the URL: neither is used. */
export async function createHttpApi(options: HttpApiOptions): Promise<FastifyInstance> {
  const { limits, log } = options;
  const now = options.now ?? (() => performance.now());
  const app = Fastify({
    logger: false,
    bodyLimit: limits.bodyBytes,
    routerOptions: { maxParamLength: 1024, ignoreTrailingSlash: false },
    forceCloseConnections: true,
    frameworkErrors: (error, _request, reply) => {
      securityHeaders(reply as FastifyReply, undefined);
      answer(fromFastify(error), reply as FastifyReply);
    },
    clientErrorHandler: (_error, socket) => {
      if (socket.writable) socket.end(`HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      else socket.destroy();
    },
    ...(options.serverFactory && { serverFactory: options.serverFactory }),
  });
  // Before the routes: each takes the handlers that are set when it is made.
  app.setNotFoundHandler((_request, reply) => answer(notFound(), reply));
  app.setErrorHandler((error: Error & { code?: string; statusCode?: number }, request, reply) => {
    const known = error instanceof HttpError ? error : (storageError(error) ?? fromFastify(error));
    // The route's pattern, never the URL: that may hold a credential.
    if (known.code === 'HTTP_INTERNAL' || known.code === 'HTTP_STORAGE')
      log.error({ route: request.routeOptions.url, method: request.method, error: error.stack }, 'request failed');
    answer(known, reply);
  });
  app.removeContentTypeParser('text/plain'); // a form of another site can send it without asking (CSRF)
  // Many a client names the type of the body also when it sends none.
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) =>
    body === '' ? done(null, undefined) : parseJson(request, body as string, done),
  );
  await app.register(cookie);

  const access = new Access({ sessions: options.sessions, apiKeys: options.apiKeys, origins: options.origins });
  const requests = new TokenBuckets({
    burst: limits.requestBurst,
    interval: 1_000 / limits.requestRate,
    keys: limits.sources,
    now,
  });

  app.addHook('onRequest', async (request, reply) => {
    const known = options.hosts.allows(request.headers.host);
    securityHeaders(reply, known ? request.headers.host : undefined, options.uploads?.origin());
    const path = request.url.split('?', 1)[0] as string;
    if (PROBES.has(path)) return;
    // A key is no browser's: a site's back end may call us by whatever name it knows.
    const byKey = /^bearer /i.test(request.headers.authorization ?? '');
    if (!known && !byKey) throw new HttpError(421, 'HTTP_HOST', 'This server does not go by that name: see web.hosts.');
    if (!path.startsWith('/api/')) return;
    const wait = requests.take(addressKey(request.ip));
    if (wait > 0) throw tooMany(wait);
    reply.header('cache-control', 'no-store');
    const verdict = access.origin(request);
    reply.header('vary', 'Origin');
    if (verdict === 'listed') {
      reply.headers({
        'access-control-allow-origin': request.headers.origin as string,
        'access-control-allow-credentials': 'true',
      });
    }
    if (request.method === 'OPTIONS') return;
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      access.mayChange(request);
      if (options.isDraining() && request.method === 'POST')
        throw new HttpError(503, 'HTTP_DRAINING', 'The server is shutting down.', 5);
    }
  });

  app.options('/api/*', async (request, reply) => {
    if (access.origin(request) !== 'listed') throw notFound();
    reply.headers({
      'access-control-allow-methods': 'GET, POST, DELETE',
      'access-control-allow-headers': 'content-type, authorization',
      'access-control-max-age': '600',
    });
    return reply.code(204).send();
  });

  sessionRoutes(app, { ...options, access, now });
  credentialRoutes(app, { ...options, access });
  contactRoutes(app, { ...options, access });
  callRoutes(app, { ...options, access });
  accountRoutes(app, { ...options, access });
  inspectorRoutes(app, { ...options, access });
  doctorRoutes(app, { ...options, access, now });
  if (options.uploads !== undefined) await uploadRoutes(app, options.uploads.folder);
  app.get('/api/openapi.json', async () => openapi(options.version));
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async (_request, reply) => {
    const ready = options.isReady();
    if (!ready) reply.code(503).header('retry-after', '5');
    return { status: ready ? 'ready' : options.isDraining() ? 'draining' : 'starting' };
  });
  app.get('/metrics', async (_request, reply) => {
    reply.header('cache-control', 'no-store').type(options.registry.contentType);
    return options.registry.metrics();
  });
  hostMetaRoutes(app, options);
  options.routes?.(app);
  await staticFiles(app, options.appsFolder);

  await app.ready();
  return app;
}

function storageError(error: { code?: string }): HttpError | undefined {
  if (error.code === 'STORAGE_BUSY') return new HttpError(503, 'HTTP_BUSY', 'The server is busy.', 1);
  if (error.code !== 'STORAGE_FAILED') return undefined;
  return new HttpError(
    503,
    'HTTP_STORAGE',
    'It could not be stored or read: the disk is full, or the database away.',
    5,
  );
}

function answer({ status, code, message, retryAfter }: HttpError, reply: FastifyReply): void {
  reply.code(status);
  reply.header('cache-control', 'no-store');
  if (status === 401) reply.header('www-authenticate', 'Bearer realm="chappe"');
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter));
  reply.send({ error: { code, message } });
}
