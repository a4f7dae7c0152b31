// Runs every conversation script of this folder. A file holds several: each begins with a line `=== title`, and the title
// is the sentence that it proves.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FAKE_SECRET } from '../support/fake-media-engine.ts';
import { runScript } from './scenario.ts';

const folder = new URL('.', import.meta.url);

for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
  describe(file.slice(0, -4), () => {
    const text = readFileSync(new URL(file, folder), 'utf8');
    for (const part of text.split(/^=== /m).slice(1)) {
      const end = part.indexOf('\n');
      test(part.slice(0, end).trim(), async () => {
        const world = await runScript(part.slice(end));
        const calls = world.server.metrics().calls;
        world.pass(64_000);
        // What a call that is over has had of the media engine is closed; of one that is up, with the server.
        if (calls === 0) expect(world.engine?.branches ?? 0).toBe(0);
        world.server.close();
        expect(world.engine?.branches ?? 0).toBe(0);
        expect(world.faults).toEqual([]);
        for (const { callId } of world.server.trace.list(100))
          for (const { message } of world.server.trace.get(callId)) expect(message).not.toContain(FAKE_SECRET);
        world.pass(0);
        // Nothing is left running but what was asked for.
        expect(world.server.metrics()).toMatchObject({ clientTransactions: 0, serverTransactions: 0, contexts: 0 });
        expect(world.clock.pending).toBeLessThanOrEqual(1);
      });
    }
  });
}
