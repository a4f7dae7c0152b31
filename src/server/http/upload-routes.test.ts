import { existsSync, mkdtempSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Fastify, { type FastifyInstance } from 'fastify';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../../test/support/until.ts';
import { type EmbeddedStore, openEmbeddedStore } from '../../storage/embedded/store.ts';
import { uploadLimits } from '../uploads/limits.ts';
import { type Slot, UploadFolder } from '../uploads/upload-folder.ts';
import { HttpError } from './http-error.ts';
import { uploadRoutes } from './upload-routes.ts';

const alice = 'alice@example.test';
let at: string;
let store: EmbeddedStore;
let uploads: UploadFolder;
let app: FastifyInstance;
let base: string;
let now: number;
let types: string[];

beforeEach(async () => {
  at = mkdtempSync(join(tmpdir(), 'chappe-uploads-'));
  store = await openEmbeddedStore(at);
  now = Date.now();
  types = [];
  uploads = openFolder();
  app = Fastify();
  app.setErrorHandler((error, _request, reply) =>
    reply.code(error instanceof HttpError ? error.status : 500).send({ error: String(error) }),
  );
  await uploadRoutes(app, uploads);
  base = await app.listen({ host: '127.0.0.1', port: 0 });
});

function openFolder(): UploadFolder {
  return new UploadFolder({
    folder: join(at, 'uploads'),
    store: store.messaging.uploads,
    limits: { ...uploadLimits, fileOctets: 1_000_000, accountOctets: 1_500_000, uploadsAtOnce: 1, idle: 100 },
    types: () => types,
    secret: 'secret',
    now: () => now,
  });
}

afterEach(async () => {
  await app.close();
  await store.close();
  rmSync(at, { recursive: true });
});

async function slot(file: Partial<{ name: string; size: number; type: string }> = {}): Promise<Slot & { url: string }> {
  const made = await uploads.slot(alice, { name: 'a.png', size: 5, type: 'image/png', ...file });
  if (typeof made === 'string') throw new Error(made);
  return { ...made, url: `${base}/upload/${made.id}/${encodeURIComponent(file.name ?? 'a.png')}` };
}

const put = (url: string, token: string, body: string | Buffer) =>
  fetch(url, { method: 'PUT', body: body as string, headers: { authorization: `Bearer ${token}` } });

const files = () => readdirSync(join(at, 'uploads'));

test('a file is put once, and read by whoever has its URL', async () => {
  const { url, token, id } = await slot();
  expect((await fetch(url)).status).toBe(404);
  expect((await put(url, token, 'hello')).status).toBe(201);
  const got = await fetch(url);
  expect([got.status, await got.text()]).toEqual([200, 'hello']);
  expect(Object.fromEntries(got.headers)).toMatchObject({
    'content-type': 'image/png',
    'content-disposition': `inline; filename*=UTF-8''a.png`,
    'access-control-allow-origin': '*',
    'content-length': '5',
  });
  expect(got.headers.get('content-security-policy')).toContain('sandbox');
  expect((await put(url, token, 'other')).status).toBe(409);
  expect(statSync(join(at, 'uploads', id)).mode & 0o777).toBe(0o600);
  expect((await fetch(url, { method: 'HEAD' })).headers.get('content-length')).toBe('5');
});

test('a page that a stranger uploads is a download, whatever it says it is', async () => {
  for (const type of ['text/html', 'image/svg+xml', 'application/pdf', 'application/xhtml+xml']) {
    const { url, token } = await slot({ name: `"x".html'`, type });
    await put(url, token, 'hello');
    const { headers } = await fetch(url);
    expect(headers.get('content-type')).toBe('application/octet-stream');
    expect(headers.get('content-disposition')).toBe(`attachment; filename*=UTF-8''%22x%22.html%27`);
  }
});

test('parts of a file can be asked for', async () => {
  const { url, token } = await slot();
  await put(url, token, 'hello');
  const range = async (range: string) => {
    const got = await fetch(url, { headers: { range } });
    return [got.status, got.headers.get('content-range'), await got.text()];
  };
  expect(await range('bytes=1-2')).toEqual([206, 'bytes 1-2/5', 'el']);
  expect(await range('bytes=3-')).toEqual([206, 'bytes 3-4/5', 'lo']);
  expect(await range('bytes=-2')).toEqual([206, 'bytes 3-4/5', 'lo']);
  expect(await range('bytes=1-99')).toEqual([206, 'bytes 1-4/5', 'ello']);
  expect(await range('bytes=9-')).toEqual([416, 'bytes */5', '']);
  expect(await range('bytes=3-1')).toEqual([416, 'bytes */5', '']);
  expect(await range('bytes=0-1,3-4')).toEqual([200, null, 'hello']);
});

test('nobody puts a file without the token, nor another file than was announced', async () => {
  const { url, token } = await slot();
  expect((await fetch(url, { method: 'PUT', body: 'hello' })).status).toBe(403);
  expect((await put(url, 'x'.repeat(43), 'hello')).status).toBe(403);
  expect((await put(url, (await slot()).token, 'hello')).status).toBe(403);
  expect((await put(url, token, 'hello!')).status).toBe(413);
  expect((await put(`${base}/upload/${'x'.repeat(32)}/a`, token, 'hello')).status).toBe(404);
  expect((await put(`${base}/upload/..%2f..%2fchappe.db/a`, token, 'hello')).status).toBe(404);
  expect((await fetch(`${base}/upload/..%2fchappe.db/a`)).status).toBe(404);
  expect(files()).toEqual([]);
  expect((await put(url, token, 'hello')).status).toBe(201);
});

test('of a file that does not come whole nothing is left, and it can be put again', async () => {
  const { url, token } = await slot({ size: 100_000 });
  const half = httpRequest(url, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-length': 100_000 },
  });
  const cut = new Promise((resolve) => half.on('error', resolve));
  half.write(Buffer.alloc(50_000));
  await until(() => files().length === 1);
  // Meanwhile nobody else may put one: as many come in as may.
  const other = await slot();
  expect((await put(other.url, other.token, 'hello')).status).toBe(503);
  await cut; // it has fallen silent
  await until(() => files().length === 0);
  expect((await put(url, token, Buffer.alloc(100_000, 7))).status).toBe(201);
  expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(100_000);
});

test('a file whose place goes while it comes is not said to be stored, and nothing of it stays', async () => {
  const { url, token } = await slot({ size: 100_000 });
  const coming = httpRequest(url, {
    method: 'PUT',
    headers: { authorization: `Bearer ${token}`, 'content-length': 100_000 },
  });
  const answered = new Promise<number | undefined>((resolve, reject) => {
    coming.on('response', ({ statusCode }) => resolve(statusCode)).on('error', reject);
  });
  coming.write(Buffer.alloc(50_000));
  await until(() => files().length === 1);
  await uploads.remove(await store.messaging.erase(alice));
  coming.end(Buffer.alloc(50_000));
  expect(await answered).toBe(404);
  expect(files()).toEqual([]);
});

test('what a process that died had begun can be put again by the next', async () => {
  const { url, token, id } = await slot();
  writeFileSync(join(at, 'uploads', `${id}.part`), 'hel');
  expect((await put(url, token, 'hello')).status).toBe(409);
  openFolder();
  expect((await put(url, token, 'hello')).status).toBe(201);
});

test('names, types, sizes and the room of an account have bounds', async () => {
  const refused = (file: Parameters<typeof uploads.slot>[1]) => uploads.slot(alice, file);
  for (const name of ['', '.', '..', 'a/b', 'a\\b', 'a\u0000', 'é'.repeat(200)])
    expect(await refused({ name, size: 1 }), name).toBe('name');
  for (const size of [0, -1, 1.5, Number.NaN, 1_000_001, Number.POSITIVE_INFINITY])
    expect(await refused({ name: 'a', size })).toBe('size');
  for (const type of ['', 'html', 'text/html\r\nx: y', 'a/b/c'])
    expect(await refused({ name: 'a', size: 1, type })).toBe('type');
  types = ['image/*', 'text/plain'];
  expect(await refused({ name: 'a', size: 1, type: 'text/html' })).toBe('type');
  expect(await refused({ name: 'a', size: 1, type: 'text/plain; charset=utf-8' })).toHaveProperty('id');
  types = [];
  expect(await refused({ name: 'a', size: 1_000_000 })).toHaveProperty('id');
  expect(await refused({ name: 'a', size: 500_000 })).toBe('quota');
  expect(await uploads.slot('bob@example.test', { name: 'a', size: 500_000 })).toHaveProperty('id');
});

test('files go when they are old, places when they are not used, and what a dead process left', async () => {
  const kept = await slot();
  await put(kept.url, kept.token, 'hello');
  const unused = await slot();
  const left = join(at, 'uploads', 'left.part');
  writeFileSync(left, '');
  utimesSync(left, 1, 1);
  await uploads.sweep();
  expect(files()).toEqual([kept.id]);
  now += 2 * uploadLimits.unused;
  await uploads.sweep();
  expect((await put(unused.url, unused.token, 'hello')).status).toBe(404);
  expect((await fetch(kept.url)).status).toBe(200);
  now += uploadLimits.keep;
  await uploads.sweep();
  expect((await fetch(kept.url)).status).toBe(404);
  expect(existsSync(join(at, 'uploads', kept.id))).toBe(false);
});

test('pages of any origin may put and get, by a preflight that needs no cookie', async () => {
  const answer = await fetch(`${base}/upload/x/y`, { method: 'OPTIONS' });
  expect(answer.status).toBe(204);
  expect(answer.headers.get('access-control-allow-origin')).toBe('*');
  expect(answer.headers.get('access-control-allow-methods')).toBe('GET, HEAD, PUT');
  expect(answer.headers.get('access-control-allow-headers')).toContain('authorization');
});
