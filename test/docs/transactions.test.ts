import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { transactionsDocument } from '../../tools/diagrams.ts';

test('docs/transactions.md shows the transition tables as they are (node tools/diagrams.ts)', () => {
  const document = readFileSync(new URL('../../docs/transactions.md', import.meta.url), 'utf8');
  expect(document).toBe(transactionsDocument());
});
