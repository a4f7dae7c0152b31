// What was acknowledged is in the archive, once: killed without warning, and with a disk that is full.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { NS } from '../../src/protocol/xmpp/namespaces.ts';
import { chatMessage, countBodies, killUnderLoad, logIn, sipLoad } from '../support/acknowledged-load.ts';
import { type Chappe, startChappe } from '../support/chappe.ts';
import type { XmppClient } from '../support/xmpp-client.ts';

let server: Chappe | undefined;
const clients: XmppClient[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  await server?.stop();
  server = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chappe-data-'));
  folders.push(folder);
  return folder;
}

async function login(name: string): Promise<XmppClient> {
  const client = await logIn(server as Chappe, name);
  clients.push(client);
  return client;
}

/** How often each text is in an owner's archive. */
function archived(data: string, owner: string): Map<string, number> {
  const database = new DatabaseSync(join(data, 'chappe.db'), { readOnly: true });
  const rows = database.prepare('select stanza from archive where owner = ?').all(owner);
  database.close();
  return countBodies(rows.map(({ stanza }) => stanza as string));
}

describe('messages', () => {
  test('that were acknowledged survive kill -9 in the middle of a load, once each, 20 times of 20', async () => {
    const data = dataFolder();
    const acknowledged: string[] = [];
    /** By SIP, 200 or 202. */
    const answered: string[] = [];
    for (let round = 0; round < 20; round++) {
      server = await startChappe({ data });
      const before = acknowledged.length;
      const bySip = sipLoad(server, round);
      acknowledged.push(...(await killUnderLoad(server, round)));
      expect(acknowledged.length).toBeGreaterThan(before);
      answered.push(...(await bySip));
      for (const [owner, kept] of [
        ['alice@example.test', acknowledged],
        ['carol@example.test', answered],
        ['bob@example.test', [...acknowledged, ...answered]],
      ] as const) {
        const counts = archived(data, owner);
        expect(
          kept.filter((body) => counts.get(body) !== 1),
          `${owner} in round ${round}`,
        ).toEqual([]);
      }
    }
    expect(acknowledged.length).toBeGreaterThan(1_000);
    expect(answered.length).toBeGreaterThan(100);
  }, 180_000);

  test('in a room that were acknowledged survive as well, once each, 20 times of 20', async () => {
    const data = dataFolder();
    const room = 'cave@rooms.example.test';
    const acknowledged: string[] = [];
    for (let round = 0; round < 20; round++) {
      server = await startChappe({ data });
      acknowledged.push(...(await killUnderLoad(server, round, room)));
      const counts = archived(data, room);
      expect(
        acknowledged.filter((body) => counts.get(body) !== 1),
        `round ${round}`,
      ).toEqual([]);
    }
    expect(acknowledged.length).toBeGreaterThan(1_000);
  }, 180_000);

  test('are refused with "wait" when the disk is full; signalling lives, and it recovers by itself', async () => {
    const data = dataFolder();
    server = await startChappe({ data });
    const [alice, bob] = [await login('alice'), await login('bob')];
    bob.write('<presence/>');
    await bob.settle();
    alice.write(chatMessage('before'));
    await bob.next((stanza) => stanza.childText('body') === 'before');
    // No file of the server's may grow.
    const limit = (octets: string) =>
      execFileSync('prlimit', ['--pid', String(server?.ready.pid), `--fsize=${octets}:unlimited`]);
    limit('4096');
    alice.write(chatMessage('lost'));
    const refused = await alice.next(({ attributes: { id, type } }) => id === 'lost' && type === 'error');
    expect(refused.child('error')?.attributes['type']).toBe('wait');
    alice.write(`<message to='bob@example.test' type='chat'><composing xmlns='${NS.CHAT_STATES}'/></message>`);
    await bob.next((stanza) => stanza.child('composing', NS.CHAT_STATES) !== undefined);
    await alice.settle();
    limit('unlimited');
    alice.write(chatMessage('after'));
    await bob.next((stanza) => stanza.childText('body') === 'after');
    expect(bob.received.some((stanza) => stanza.childText('body') === 'lost')).toBe(false);
    expect([...archived(data, 'bob@example.test').keys()]).toEqual(['before', 'after']);
  });

  test('a file of which the disk takes but a part is not said to be stored, and can be put again when there is room', async () => {
    const data = dataFolder();
    server = await startChappe({ data });
    const alice = await login('alice');
    const size = 1_000_000;
    alice.write(
      `<iq type='get' id='slot' to='upload.example.test'><request xmlns='urn:xmpp:http:upload:0' filename='f' size='${size}'/></iq>`,
    );
    const slot = (await alice.next(({ attributes: { id } }) => id === 'slot')).elements()[0];
    const put = slot?.child('put');
    const url = put?.attributes['url'] ?? '';
    const authorization = put?.childText('header') ?? '';
    const upload = () => fetch(url, { method: 'PUT', body: Buffer.alloc(size, 7), headers: { authorization } });
    // The last write of the file is a short one.
    const limit = (octets: string) =>
      execFileSync('prlimit', ['--pid', String(server?.ready.pid), `--fsize=${octets}:unlimited`]);
    limit(String(size - 1));
    expect((await upload()).status).toBe(500);
    expect((await fetch(url)).status).toBe(404);
    limit('unlimited');
    expect((await upload()).status).toBe(201);
    expect((await (await fetch(url)).arrayBuffer()).byteLength).toBe(size);
  });
});
