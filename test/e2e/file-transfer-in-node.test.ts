import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { FileTransfers, type IncomingFile } from '../../src/client/file-transfer.ts';
import type { Client } from '../../src/client/index.ts';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { nodeClient } from '../support/node-client.ts';

let chappe: Chappe;
const clients: Client[] = [];

beforeAll(async () => {
  const accounts = ['alice', 'bob'].map((name) => ({ name, password: `${name}-password`, admin: name === 'alice' }));
  chappe = await startChappe({ config: { accounts } });
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.disconnect()));
  await chappe?.stop();
});

const sockets: WebSocket[] = [];

/** The platform's, with those that speak MSRP noted so that a test can cut them. */
class WatchedWebSocket extends WebSocket {
  constructor(url: string | URL, protocols?: string | string[]) {
    super(url, protocols);
    if (protocols === 'msrp') sockets.push(this);
  }
}

async function connect(name: string): Promise<FileTransfers> {
  const client = await nodeClient(chappe, name, WatchedWebSocket);
  clients.push(client);
  return new FileTransfers(client);
}

const pair = async () => [await connect('alice'), await connect('bob')] as const;
let both: ReturnType<typeof pair> | undefined;
const people = () => {
  both ??= pair();
  return both;
};

const offered = (files: FileTransfers) => new Promise<IncomingFile>((resolve) => files.once('file', resolve));

test('a file is offered with its name, type, size and hash, taken, and arrives whole', async () => {
  const [alice, bob] = await people();
  const content = randomBytes(3_000_000);
  const incoming = offered(bob);
  const sending = alice.send('bob', new Blob([content], { type: 'image/png' }), { name: 'Grüße "1".png' });
  const states: string[] = [];
  sending.on('state', (state) => states.push(state));
  const file = await incoming;
  expect(file).toMatchObject({ name: 'Grüße "1".png', type: 'image/png', size: 3_000_000, from: { user: 'alice' } });
  await file.accept();
  const received = await file.done;
  await sending.done;
  expect(Buffer.from(await received!.arrayBuffer()).equals(content)).toBe(true);
  expect(states).toEqual(['inviting', 'sending', 'done']);
  expect(sending.octets).toBe(3_000_000);
});

test('an empty file is a file; a sink gets the octets in order', async () => {
  const [alice, bob] = await people();
  for (const size of [0, 1_000_000]) {
    const content = randomBytes(size);
    const incoming = offered(bob);
    const sending = alice.send('bob', new Blob([content]), { hash: 'sha-256' });
    const file = await incoming;
    const parts: Uint8Array[] = [];
    await file.accept({
      async write(octets) {
        await new Promise((resolve) => setTimeout(resolve, 1));
        parts.push(octets);
      },
    });
    expect(await file.done).toBeUndefined();
    await sending.done;
    expect(Buffer.concat(parts).equals(content)).toBe(true);
  }
});

test('a file that is not wanted is rejected, one that is given up ends on both sides', async () => {
  const [alice, bob] = await people();
  let incoming = offered(bob);
  const unwanted = alice.send('bob', new Blob(['x']));
  (await incoming).reject();
  await expect(unwanted.done).rejects.toMatchObject({ code: 'REJECTED', status: 603 });

  incoming = offered(bob);
  const aborted = alice.send('bob', new Blob([randomBytes(20_000_000)]));
  const file = await incoming;
  await file.accept();
  await new Promise<void>((resolve) => file.on('progress', ({ octets }) => octets > 1_000_000 && resolve()));
  aborted.abort();
  await expect(aborted.done).rejects.toMatchObject({ code: 'REJECTED' });
  await expect(file.done).rejects.toMatchObject({ code: 'REJECTED' });

  incoming = offered(bob);
  const refused = alice.send('bob', new Blob([randomBytes(20_000_000)]));
  const again = await incoming;
  await again.accept();
  await new Promise<void>((resolve) => again.on('progress', ({ octets }) => octets > 1_000_000 && resolve()));
  again.abort();
  await expect(refused.done).rejects.toMatchObject({ code: 'REJECTED' });
});

for (const side of ['sender', 'receiver'] as const)
  test(`a transfer whose ${side} loses its connection goes on where it was`, async () => {
    const [alice, bob] = await people();
    const content = randomBytes(20_000_000);
    const incoming = offered(bob);
    const sending = alice.send('bob', new Blob([content]));
    const file = await incoming;
    const states: string[] = [];
    sending.on('state', (state) => states.push(state));
    await file.accept();
    await new Promise<void>((resolve) => file.on('progress', ({ octets }) => octets > 5_000_000 && resolve()));
    const open = sockets.filter(({ readyState }) => readyState === 1);
    expect(open.length).toBe(2);
    open[side === 'sender' ? 0 : 1]!.close();
    const received = await file.done;
    await sending.done;
    expect(Buffer.from(await received!.arrayBuffer()).equals(content)).toBe(true);
    expect(states).toEqual(['sending', 'interrupted', 'sending', 'done']);
  });

test('whoever is not there cannot be sent to', async () => {
  const [alice] = await people();
  await expect(alice.send('nobody', new Blob(['x'])).done).rejects.toMatchObject({ code: 'REJECTED', status: 404 });
});

test("the file's frames are in the trace of its call, without what was in the file", async () => {
  const [alice, bob] = await people();
  const incoming = offered(bob);
  const sending = alice.send('bob', new Blob(['a secret '.repeat(100)]), { name: 'traced.txt' });
  await (await incoming).accept();
  await sending.done;
  const { web } = chappe.ready;
  const session = await fetch(`${web}/api/session`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', origin: web },
    body: JSON.stringify({ name: 'alice', password: 'alice-password' }),
  });
  const headers = { cookie: session.headers.getSetCookie().join('; '), origin: web };
  const { calls } = (await (await fetch(`${web}/api/inspector/calls`, { headers })).json()) as {
    calls: { callId: string; method: string }[];
  };
  const call = calls.find(({ method }) => method === 'INVITE');
  const { events } = (await (
    await fetch(`${web}/api/inspector/calls/${encodeURIComponent(call!.callId)}`, { headers })
  ).json()) as { events: { message: string; direction: string }[] };
  const frames = events.filter(({ message }) => message.startsWith('MSRP '));
  expect(frames.map(({ direction, message }) => `${direction} ${message.split(/[ \r]/)[2]}`)).toEqual([
    'in SEND', // the empty one
    'out SEND',
    'in SEND',
    'out SEND',
    'in REPORT',
    'out REPORT',
  ]);
  expect(events.map(({ message }) => message).join('')).not.toContain('secret');
});
