// Runs every conversation of this folder. A file holds several: each begins with a line `=== title`, the sentence that it proves.
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { Conversation } from './conversation.ts';

const folder = new URL('.', import.meta.url);

for (const file of readdirSync(folder).filter((name) => name.endsWith('.txt'))) {
  describe(file.slice(0, -4), () => {
    for (const part of readFileSync(new URL(file, folder), 'utf8').split(/^=== /m).slice(1)) {
      const end = part.indexOf('\n');
      test(part.slice(0, end).trim(), async () => {
        const conversation = new Conversation();
        await conversation.run(part.slice(end));
        conversation.streams.close();
        expect(conversation.world.faults).toEqual([]);
      });
    }
  });
}
