// The guides are true: their configurations are taken as they stand, and what they say the doctor says, it can say.
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { loadConfiguration } from '../../src/server/config.ts';
import { testCertificate } from '../support/certificate.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const guides = readdirSync(`${root}/docs/guides`).filter((name) => name.endsWith('.md'));
const folder = mkdtempSync(join(tmpdir(), 'chappe-guides-'));
const { cert, key } = testCertificate();
writeFileSync(join(folder, 'cert.pem'), cert);
writeFileSync(join(folder, 'key.pem'), key);
afterAll(() => rmSync(folder, { recursive: true }));

/** Titles in the source of both doctors; a template is what it may become. */
const titles = ['src/server/doctor', 'apps/doctor']
  .flatMap((part) => readdirSync(`${root}/${part}`).map((name) => `${root}/${part}/${name}`))
  .filter((file) => /(?<!\.test)\.tsx?$/.test(file))
  .flatMap((file) => [...readFileSync(file, 'utf8').matchAll(/'((?:[^'\\\n]|\\.)+)'|"([^"\n]+)"|`([^`\n]+)`/g)])
  .map((found) => (found[1] ?? found[2] ?? found[3]) as string)
  .map((text) => text.replace(/[.*+?^()|[\]\\]/g, '\\$&').replace(/\$\{[^}]*\}/g, '\\w+'))
  .filter((pattern) => /^[A-Za-z\\]/.test(pattern) && pattern.length > 8);
const said = new RegExp(`^(?:${titles.join('|').replaceAll('{', '\\{').replaceAll('}', '\\}')})$`);

describe.each(guides)('%s', (guide) => {
  const text = readFileSync(`${root}/docs/guides/${guide}`, 'utf8');

  test('its configurations are valid, without a warning', () => {
    const blocks = [...text.matchAll(/^```yaml\n([\s\S]*?)^```$/gm)].map((found) => found[1] as string);
    expect(blocks.length).toBeGreaterThan(0);
    for (const block of blocks) {
      const file = join(folder, 'chappe.yaml');
      writeFileSync(file, block.replace(/\b(cert|key): [^\s,}]+/g, '$1: $1.pem'));
      expect(loadConfiguration({ file, environment: {} }).warnings, block).toEqual([]);
    }
  });

  test('what it quotes, the doctor says in these words', () => {
    const table = text.slice(text.indexOf('## When it does not work'));
    const quoted = [...table.matchAll(/\*\*([^*]+)\*\*/g)].map((found) => found[1] as string);
    expect(quoted.length).toBeGreaterThan(2);
    expect(quoted.filter((title) => !said.test(title))).toEqual([]);
  });

  test('what it links to is there', () => {
    const links = [...text.matchAll(/\]\((?!https?:)([^)#]+)/g)].map((found) => found[1] as string);
    for (const link of links) expect(() => readFileSync(`${root}/docs/guides/${link}`), link).not.toThrow();
  });
});

test('the README leads to every guide', () => {
  const readme = readFileSync(`${root}/README.md`, 'utf8');
  expect(guides.filter((guide) => !readme.includes(`docs/guides/${guide}`))).toEqual([]);
});
