// What was acknowledged is in the archive, once: killed without warning, and with a disk that is full.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, describe, expect, test } from 'vitest';
import { NS } from '../../src/protocol/xmpp/namespaces.ts';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { XmppClient } from '../support/xmpp-client.ts';

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
  const [, host = '', port] = /^tcp:(.*):(\d+)$/.exec(server?.ready.xmpp[0] ?? '') ?? [];
  const client = await XmppClient.login({
    ...{ host, port: Number(port), domain: 'example.test', name, password: `${name}-password` },
  });
  clients.push(client);
  return client;
}

/** How often each text is in an owner's archive. */
function archived(data: string, owner: string): Map<string, number> {
  const database = new DatabaseSync(join(data, 'chappe.db'), { readOnly: true });
  const counts = new Map<string, number>();
  for (const row of database.prepare('select stanza from archive where owner = ?').iterate(owner)) {
    const body = /<body>(.*)<\/body>/.exec(row['stanza'] as string)?.[1] ?? '';
    counts.set(body, (counts.get(body) ?? 0) + 1);
  }
  database.close();
  return counts;
}

const text = (body: string, to = 'bob@example.test') =>
  `<message to='${to}' type='chat' id='${body}'><body>${body}</body></message>`;

describe('messages', () => {
  test('that were acknowledged survive kill -9 in the middle of a load, once each, 20 times of 20', async () => {
    const data = dataFolder();
    const acknowledged: string[] = [];
    for (let round = 0; round < 20; round++) {
      server = await startChappe({ data });
      const alice = await login('alice');
      if (round % 2 === 0) await (await login('bob')).write('<presence/>'); // else they wait for him
      alice.write(`<enable xmlns='${NS.SM}'/>`);
      await alice.next((element) => element.is('enabled', NS.SM));
      const before = acknowledged.length;
      const sent: string[] = [];
      // At a place of the load that differs each time; it is neither at its begin nor at its end.
      const kill = 40 + ((round * 37) % 160);
      let handled = 0;
      const look = () => {
        for (const { attributes } of alice.received.splice(0))
          if (attributes['h'] !== undefined) handled = Number(attributes['h']);
      };
      while (handled < kill) {
        for (let i = 0; i < 5; i++) {
          sent.push(`${round}-${sent.length}`);
          alice.write(text(sent.at(-1) as string));
        }
        alice.write(`<r xmlns='${NS.SM}'/>`);
        look();
        // As much as the server can take, and always more on its way.
        await new Promise((resolve) => (sent.length - handled > 400 ? setTimeout(resolve, 1) : setImmediate(resolve)));
      }
      server.program.kill('SIGKILL');
      await server.program.exited;
      // What came before the end of the connection counts.
      while (alice.open) await new Promise(setImmediate);
      look();
      acknowledged.push(...sent.slice(0, handled));
      expect(acknowledged.length).toBeGreaterThan(before);
      for (const owner of ['alice@example.test', 'bob@example.test']) {
        const counts = archived(data, owner);
        expect(
          acknowledged.filter((body) => counts.get(body) !== 1),
          `${owner} in round ${round}`,
        ).toEqual([]);
      }
      for (const client of clients.splice(0)) client.close();
    }
    expect(acknowledged.length).toBeGreaterThan(1_000);
  }, 180_000);

  test('are refused with "wait" when the disk is full; signalling lives, and it recovers by itself', async () => {
    const data = dataFolder();
    server = await startChappe({ data });
    const [alice, bob] = [await login('alice'), await login('bob')];
    bob.write('<presence/>');
    await bob.settle();
    alice.write(text('before'));
    await bob.next((stanza) => stanza.childText('body') === 'before');
    // No file of the server's may grow.
    const limit = (octets: string) =>
      execFileSync('prlimit', ['--pid', String(server?.ready.pid), `--fsize=${octets}:unlimited`]);
    limit('4096');
    alice.write(text('lost'));
    const refused = await alice.next(({ attributes: { id, type } }) => id === 'lost' && type === 'error');
    expect(refused.child('error')?.attributes['type']).toBe('wait');
    alice.write(`<message to='bob@example.test' type='chat'><composing xmlns='${NS.CHAT_STATES}'/></message>`);
    await bob.next((stanza) => stanza.child('composing', NS.CHAT_STATES) !== undefined);
    await alice.settle();
    limit('unlimited');
    alice.write(text('after'));
    await bob.next((stanza) => stanza.childText('body') === 'after');
    expect(bob.received.some((stanza) => stanza.childText('body') === 'lost')).toBe(false);
    expect([...archived(data, 'bob@example.test').keys()]).toEqual(['before', 'after']);
  });
});
