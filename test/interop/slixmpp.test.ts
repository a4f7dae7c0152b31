// slixmpp over TCP: rooms, and what an account keeps for itself, on either store.
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { Program } from '../support/program.ts';
import { onEachStore, type TestStore } from '../support/stores.ts';

onEachStore(['slixmpp'], 'slixmpp', (openStore) => {
  let store: TestStore;
  let chappe: Chappe;

  beforeAll(async () => {
    store = await openStore();
    chappe = await startChappe(store.fresh());
  });
  afterAll(async () => {
    await chappe?.stop();
    await store?.remove();
  });

  test('makes, configures, enters, uses, moderates and ends a room', async () => {
    const room = 'cave@rooms.example.test';
    await run('slixmpp-rooms.py', chappe, [
      { step: 'found', service: true },
      { step: 'made', statuses: [110, 170, 201] },
      { step: 'configured', name: 'A dark cave', open: true },
      { step: 'joined', occupants: ['Alice', 'Bob'], subject: 'Spells', history: ['before'] },
      { step: 'conflict', condition: 'conflict' },
      { step: 'spoke', sender: `${room}/Bob`, occupant: true },
      { step: 'whispered', sender: `${room}/Bob` },
      { step: 'invited', sender: room, reason: 'come' },
      { step: 'members', members: ['carol@example.test'] },
      { step: 'powerless', condition: 'forbidden' },
      { step: 'archive', bodies: ['', 'before', 'hello'] },
      { step: 'moderated', id: true },
      { step: 'kicked', statuses: [110, 307] },
    ]);
  });

  test('publishes a nickname, a picture and bookmarks, and uploads a file', async () => {
    await run('slixmpp-personal.py', chappe, [
      { step: 'nick', sender: 'bob@example.test', nick: 'Bobby' },
      { step: 'avatar', announced: true, same: true },
      { step: 'card', same: true },
      { step: 'bookmarks', rooms: ['cave@rooms.example.test'], secret: true },
      { step: 'upload', status: 200, type: 'image/png', same: true },
    ]);
  });
});

/** The script's steps, a line of JSON each, are those. */
async function run(name: string, chappe: Chappe, expected: object[]): Promise<void> {
  const script = fileURLToPath(new URL(`../support/${name}`, import.meta.url));
  const [, host = '', port = ''] = /^tcp:(.*):(\d+)$/.exec(chappe.ready.xmpp[0] ?? '') ?? [];
  const program = new Program('slixmpp', '/usr/bin/python3', [script, 'example.test', host, port]);
  const code = await program.exited;
  const steps = program.stdout.split('\n').filter((line) => line.startsWith('{'));
  expect(
    steps.map((line) => JSON.parse(line)),
    program.output,
  ).toEqual(expected);
  expect(code).toBe(0);
}
