import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startChappe } from '../support/chappe.ts';
import { Program } from '../support/program.ts';
import { hasSlixmpp } from '../support/slixmpp.ts';

const script = fileURLToPath(new URL('../support/slixmpp-personal.py', import.meta.url));

it.skipIf(!hasSlixmpp)(
  'slixmpp publishes a nickname, a picture and bookmarks, and uploads a file',
  async () => {
    const chappe = await startChappe();
    try {
      const [, host = '', port = ''] = /^tcp:(.*):(\d+)$/.exec(chappe.ready.xmpp[0] ?? '') ?? [];
      const program = new Program('slixmpp', '/usr/bin/python3', [script, 'example.test', host, port]);
      const code = await program.exited;
      const steps = program.stdout.split('\n').filter((line) => line.startsWith('{'));
      expect(
        steps.map((line) => JSON.parse(line)),
        program.output,
      ).toEqual([
        { step: 'nick', sender: 'bob@example.test', nick: 'Bobby' },
        { step: 'avatar', announced: true, same: true },
        { step: 'card', same: true },
        { step: 'bookmarks', rooms: ['cave@rooms.example.test'], secret: true },
        { step: 'upload', status: 200, type: 'image/png', same: true },
      ]);
      expect(code).toBe(0);
    } finally {
      await chappe.stop();
    }
  },
  60_000,
);
