import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { Program } from '../support/program.ts';

const script = fileURLToPath(new URL('../support/slixmpp-rooms.py', import.meta.url));

it('slixmpp makes, configures, enters, uses, moderates and ends a room', { timeout: 60_000 }, async () => {
  const chappe: Chappe = await startChappe();
  try {
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
  } finally {
    await chappe.stop();
  }
});
