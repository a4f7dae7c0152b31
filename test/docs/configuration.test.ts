import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { limitDefaults } from '../../src/server/configuration/schema.ts';
import { configurationFile, configurationMarkdown } from '../../tools/docs.ts';

test('docs/CONFIGURATION.md is what the schema says (node tools/run.js tools/docs.ts writes it)', () => {
  expect(readFileSync(configurationFile, 'utf8')).toBe(configurationMarkdown());
});

test('every bound has its meaning there', () => {
  const text = configurationMarkdown();
  for (const defaults of Object.values(limitDefaults))
    for (const name of Object.keys(defaults))
      expect(text, name).toMatch(new RegExp(`^\\| \`${name}\` \\| [\\d,]+ \\| \\S`, 'm'));
});
