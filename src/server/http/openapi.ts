import * as z from 'zod';
import { browserReportBody } from '../doctor/browser-reports.ts';
import { credentialBody } from './credential-routes.ts';
import { signInBody } from './session-routes.ts';

type Json = Record<string, unknown>;

const text = { type: 'string' };
const integer = { type: 'integer' };
const bool = { type: 'boolean' };
const list = (items: Json): Json => ({ type: 'array', items });

function object(properties: Record<string, Json>, required = Object.keys(properties)): Json {
  return { type: 'object', properties, required };
}

function answers(
  description: string,
  schema?: Json,
  more: Record<string, string> = {},
  type = 'application/json',
): Json {
  const error = { content: { 'application/json': { schema: { $ref: '#/components/schemas/Error' } } } };
  return {
    [schema ? '200' : '204']: { description, ...(schema && { content: { [type]: { schema } } }) },
    ...Object.fromEntries(Object.entries(more).map(([status, reason]) => [status, { description: reason, ...error }])),
  };
}

function body(schema: z.ZodType, required: boolean): Json {
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io: 'input' });
  return { required, content: { 'application/json': { schema: rest } } };
}

const session = object({ name: text, domain: text, admin: bool });
const credential = object({
  username: { ...text, description: '<unix expiry>:<name>' },
  password: { ...text, description: 'base64(HMAC-SHA1(secret, username))' },
  ttl: { ...integer, description: 'seconds' },
  domain: text,
  ws: { ...text, description: 'where to open the WebSocket' },
  uris: { ...list(text), description: 'TURN URIs' },
  iceServers: list(object({ urls: list(text), username: text, credential: text })),
});
const call = object(
  {
    callId: text,
    method: text,
    from: text,
    to: text,
    started: integer,
    ended: integer,
    messages: integer,
    status: integer,
  },
  ['callId', 'method', 'from', 'to', 'started', 'ended', 'messages'],
);
const event = object({
  at: integer,
  direction: { enum: ['in', 'out'] },
  flow: { ...text, description: 'the hop; `media` for a note on the call’s media' },
  message: text,
});

const finding = object(
  { subject: text, outcome: { enum: ['ok', 'warning', 'problem'] }, title: text, meaning: text, remedy: text },
  ['subject', 'outcome', 'title', 'meaning'],
);
const browserReport = object({ at: text, name: text, agent: text, findings: list(finding) });

const leg = object({
  side: { enum: ['caller', 'callee'] },
  kind: { ...text, description: 'audio, video' },
  codec: text,
  profile: text,
  received: { type: 'object', description: 'packets, octets, lost, jitter (ms) of what this side sent' },
  sent: { type: 'object', description: 'packets and octets sent to it, lost and jitter as it reports them' },
  roundTrip: { ...integer, description: 'ms' },
  dropped: { type: 'object', description: 'packets refused, by reason' },
});
leg['required'] = ['side', 'kind', 'profile', 'received', 'sent', 'dropped'];
const record = object(
  {
    callId: text,
    from: { ...text, description: 'address of record' },
    to: text,
    caller: { ...text, description: 'name of the local account, if it is one' },
    callee: text,
    started: { ...integer, description: 'ms since 1970, as the other times' },
    answered: integer,
    ended: integer,
    status: { ...integer, description: 'SIP status that answered the INVITE' },
    endedBy: { enum: ['caller', 'callee', 'server'] },
    reason: text,
    media: { enum: ['direct', 'embedded', 'rtpengine'] },
    legs: list(leg),
  },
  ['callId', 'from', 'to', 'started', 'ended', 'status', 'endedBy', 'media'],
);

const cookie = { session: [] };
const key = { key: [] };
const limited = { 429: 'Too many requests; see Retry-After.' };
const unauthenticated = { 401: 'Nobody is signed in, and no valid key was sent.' };
const administrators = { ...unauthenticated, 403: 'For administrators.' };

/** The API's description, served at /api/openapi.json. */
export function openapi(version: string): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Chappe',
      version,
      description: 'Calls that change something want the same or a listed Origin, or a key.',
    },
    paths: {
      '/api/session': {
        get: {
          summary: 'Who is signed in',
          security: [cookie],
          responses: answers('The session.', session, unauthenticated),
        },
        post: {
          summary: 'Sign in',
          requestBody: body(signInBody, true),
          responses: answers('Signed in: a cookie was set.', session, {
            400: 'The body is malformed.',
            401: 'The name or the password is wrong.',
            403: 'The Origin may not.',
            ...limited,
          }),
        },
        delete: { summary: 'Sign out', responses: answers('Signed out.', undefined, { 403: 'The Origin may not.' }) },
      },
      '/api/credentials': {
        post: {
          summary: 'An ephemeral credential, for the session or, with a key, for any name',
          security: [cookie, key],
          requestBody: body(credentialBody, false),
          responses: answers('The credential.', credential, {
            400: 'The body is malformed.',
            ...unauthenticated,
            403: 'Another name, or an Origin that may not.',
            ...limited,
          }),
        },
      },
      '/api/contacts': {
        get: {
          summary: 'Accounts, and who is registered',
          security: [cookie, key],
          responses: answers(
            'The accounts.',
            object({ contacts: list(object({ name: text, registered: bool })) }),
            unauthenticated,
          ),
        },
      },
      '/api/calls': {
        get: {
          summary: 'Calls that are over: one’s own, for administrators everybody’s',
          security: [cookie, key],
          parameters: [
            { name: 'account', in: 'query', schema: text },
            { name: 'before', in: 'query', schema: { ...integer, description: 'started before, ms since 1970' } },
            { name: 'limit', in: 'query', schema: { ...integer, maximum: 1000 } },
          ],
          responses: answers('Newest first.', object({ calls: list(record) }), {
            ...unauthenticated,
            403: 'Another account’s calls are for administrators.',
          }),
        },
      },
      '/api/account/data': {
        get: {
          summary:
            'Everything that is kept for an account, a line of JSON each: one’s own, for administrators anybody’s',
          security: [cookie, key],
          parameters: [{ name: 'account', in: 'query', schema: text }],
          responses: answers(
            'Messages, contacts, files, calls, registrations, places on the lists of rooms.',
            text,
            { ...unauthenticated, 403: 'Another account’s is for administrators.', 404: 'Nothing is kept.' },
            'application/x-ndjson',
          ),
        },
        delete: {
          summary: 'Deletes it, but for the account itself; its sessions end',
          security: [cookie, key],
          parameters: [{ name: 'account', in: 'query', schema: text }],
          responses: answers('Deleted.', undefined, {
            ...unauthenticated,
            403: 'Another account’s is for administrators.',
            404: 'Nothing is kept.',
          }),
        },
      },
      '/api/inspector/calls': {
        get: {
          summary: 'The latest calls and other exchanges in the trace',
          security: [cookie, key],
          parameters: [{ name: 'limit', in: 'query', schema: { ...integer, maximum: 1000 } }],
          responses: answers('Newest first.', object({ calls: list(call) }), administrators),
        },
      },
      '/api/inspector/calls/{callId}': {
        get: {
          summary:
            'Every message of a call, on both hops, redacted; what happened to its media; its legs while it is up',
          security: [cookie, key],
          parameters: [{ name: 'callId', in: 'path', required: true, schema: text }],
          responses: answers('In order.', object({ callId: text, events: list(event), legs: list(leg) }), {
            ...administrators,
            404: 'Not in the trace.',
          }),
        },
      },
      '/api/doctor': {
        get: {
          summary: 'What is wrong with this host, and what browsers found',
          security: [cookie, key],
          responses: answers(
            'In the order of subjects; browsers newest first.',
            object({ at: text, findings: list(finding), browsers: list(browserReport) }),
            administrators,
          ),
        },
      },
      '/api/doctor/browser': {
        post: {
          summary: "A browser's own check, as the page at /doctor sends it",
          security: [cookie, key],
          requestBody: body(browserReportBody, true),
          responses: answers('Kept for administrators.', undefined, {
            400: 'The body is malformed.',
            ...unauthenticated,
            403: 'The Origin may not.',
            ...limited,
          }),
        },
      },
      '/healthz': { get: { summary: 'The process lives', responses: answers('It does.', object({ status: text })) } },
      '/readyz': {
        get: {
          summary: 'New work is welcome',
          responses: answers('It is.', object({ status: text }), { 503: 'Starting or draining.' }),
        },
      },
      '/metrics': { get: { summary: 'Prometheus metrics', responses: { 200: { description: 'Text format.' } } } },
    },
    components: {
      securitySchemes: {
        session: { type: 'apiKey', in: 'cookie', name: 'chappe_session' },
        key: { type: 'http', scheme: 'bearer', description: 'chappe key add NAME' },
      },
      schemas: { Error: object({ error: object({ code: text, message: text }) }) },
    },
  };
}
