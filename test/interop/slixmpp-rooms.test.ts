import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { describeWith } from '../support/peer.ts';
import { startPostgres } from '../support/postgres.ts';
import { Program } from '../support/program.ts';

const script = fileURLToPath(new URL('../support/slixmpp-rooms.py', import.meta.url));

describeWith(['slixmpp'], 'slixmpp makes, configures, enters, uses, moderates and ends a room', () => {
  test('on SQLite', async () => {
    const chappe = await startChappe();
    try {
      await useRoom(chappe);
    } finally {
      await chappe.stop();
    }
  });
});

describeWith(['slixmpp', 'postgres'], 'slixmpp does all of that', () => {
  test('on PostgreSQL', async () => {
    const postgres = await startPostgres();
    const folder = mkdtempSync(join(tmpdir(), 'chappe-folder-'));
    const chappe = await startChappe({ data: postgres.database(), config: { folder } });
    try {
      await useRoom(chappe);
    } finally {
      await chappe.stop();
      rmSync(folder, { recursive: true, force: true });
      await postgres.remove();
    }
  });
});

async function useRoom(chappe: Chappe): Promise<void> {
  const [, host = '', port = ''] = /^tcp:(.*):(\d+)$/.exec(chappe.ready.xmpp[0] ?? '') ?? [];
  const program = new Program('slixmpp', '/usr/bin/python3', [script, 'example.test', host, port]);
  const code = await program.exited;
  const steps = program.stdout.split('\n').filter((line) => line.startsWith('{'));
  const room = 'cave@rooms.example.test';
  expect(
    steps.map((line) => JSON.parse(line)),
    program.output,
  ).toEqual([
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
  expect(code).toBe(0);
}
