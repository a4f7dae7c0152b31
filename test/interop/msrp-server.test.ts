// The program's MSRP relay, as it is started: where it listens, who may use it, what it counts.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { type Chappe, secret, startChappe } from '../support/chappe.ts';
import { MsrpClient } from '../support/msrp-host.ts';
import { ephemeralCredential } from '../support/user.ts';

let chappe: Chappe;
let port: number;
const clients: MsrpClient[] = [];

beforeAll(async () => {
  chappe = await startChappe({ config: { limits: { msrp: { usesPerConnection: 2 } } } });
  port = Number(/^tcp:127\.0\.0\.1:(\d+)$/.exec(chappe.ready.msrp[0] ?? '')?.[1]);
});

afterAll(async () => {
  for (const client of clients) client.destroy();
  await chappe?.stop();
});

async function overTcp(): Promise<MsrpClient> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  const client = new MsrpClient(socket, port);
  clients.push(client);
  return client;
}

async function overWebSocket(query = ''): Promise<MsrpClient> {
  const socket = new WebSocket(`${chappe.ready.ws}/${query}`, 'msrp');
  await once(socket, 'open');
  const client = new MsrpClient(socket, port);
  clients.push(client);
  return client;
}

test('an account by its password, over TCP and over WebSocket; others are challenged again', async () => {
  for (const open of [overTcp, overWebSocket])
    for (const algorithm of ['SHA-256', 'MD5'])
      expect((await (await open()).auth('alice', 'alice-password', algorithm)).head.status).toBe(200);
  expect((await (await overTcp()).auth('alice', 'wrong')).head.status).toBe(401);
  expect((await (await overTcp()).auth('nobody', 'wrong')).head.status).toBe(401);
});

test('an ephemeral credential, by digest or at the handshake, and no longer than it is good', async () => {
  const { username, password } = ephemeralCredential(secret, 'bob', 300);
  const byDigest = await (await overTcp()).auth(username, password);
  expect(byDigest.head.status).toBe(200);
  const byHandshake = await (await overWebSocket(`?${new URLSearchParams({ username, password })}`)).auth();
  for (const { head } of [byDigest, byHandshake]) {
    expect(Number(head.get('Expires'))).toBeGreaterThan(290);
    expect(Number(head.get('Expires'))).toBeLessThanOrEqual(300);
  }
  const old = ephemeralCredential(secret, 'bob', -10);
  expect((await (await overTcp()).auth(old.username, old.password)).head.status).toBe(401);
});

test('a page and a TCP client of the program reach each other, and it is counted', async () => {
  const { username, password } = ephemeralCredential(secret, 'bob');
  const page = await overWebSocket(`?${new URLSearchParams({ username, password })}`);
  await page.auth();
  const client = await overTcp();
  await client.auth('alice', 'alice-password');
  page.send(`${client.use} ${client.own}`, 'hello');
  expect((await client.until(({ head }) => head.method === 'SEND')).body).toBe('hello');
  client.send(`${page.use} ${page.own}`, 'and back');
  expect((await page.until(({ head }) => head.method === 'SEND')).body).toBe('and back');
  page.send('msrp://192.0.2.1:2855/x;tcp', 'out', { id: 'out00001' });
  expect((await page.until(({ head }) => head.transaction === 'out00001')).head.status).toBe(403);
  const metrics = await (await fetch(`${chappe.ready.web}/metrics`)).text();
  expect(metrics).toMatch(/^chappe_msrp_relayed_chunks_total 2$/m);
  expect(metrics).toMatch(/^chappe_msrp_relayed_octets_total 13$/m);
  expect(metrics).toMatch(/^chappe_msrp_refused_total\{status="403"\} 1$/m);
  expect(metrics).toMatch(/^chappe_msrp_uses [1-9]\d*$/m);
});
