import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Codes as they are given to errors: `new ProtocolError('CODE'`, `new HttpError(404, 'CODE'`, `code = 'CODE'`. */
function codesIn(source: string): string[] {
  const given = source.matchAll(/new \w*Error\(\s*(?:\d{3},\s*)?'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g);
  const fixed = source.matchAll(/readonly code(?::[^;=]*)? ?=\s*'([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)'/g);
  const listed = [...source.matchAll(/readonly code: ((?:\s*\|?\s*'[A-Z0-9_]+')+)/g)].flatMap((m) => [
    ...m[1]!.matchAll(/'([A-Z0-9_]+)'/g),
  ]);
  return [...given, ...fixed, ...listed].map((match) => match[1] as string);
}

test('docs/ERRORS.md lists every code that the source gives an error', () => {
  const text = readFileSync(`${root}/docs/ERRORS.md`, 'utf8');
  const codes = new Map<string, string>();
  for (const entry of readdirSync(`${root}/src`, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith('.ts') || entry.name.endsWith('.test.ts')) continue;
    const file = `${entry.parentPath}/${entry.name}`;
    for (const code of codesIn(readFileSync(file, 'utf8'))) codes.set(code, file.slice(root.length));
  }
  expect(codes.size).toBeGreaterThan(30);
  expect([...codes].filter(([code]) => !text.includes(`\`${code}\``))).toEqual([]);
});
