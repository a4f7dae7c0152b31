import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { until } from '../../test/support/until.ts';
import { LogOutput } from './log-output.ts';

let folder: string;
let pipe: number;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chappe-log-'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
  pipe = openSync(join(folder, 'pipe'), constants.O_RDWR | constants.O_NONBLOCK);
});

afterEach(() => {
  closeSync(pipe);
  rmSync(folder, { recursive: true });
});

/** What is there to be read now. */
function read(): string {
  const octets = Buffer.alloc(65_536);
  try {
    return octets.toString('latin1', 0, readSync(pipe, octets));
  } catch {
    return '';
  }
}

const lines = (count: number) => Array.from({ length: count }, (_, i) => `${i} ${'x'.repeat(90)}\n`);

test('every line comes, in its order, also to a reader who is behind', async () => {
  const output = new LogOutput(pipe);
  const written = lines(5_000);
  for (const line of written) output.write(line);
  let text = '';
  await until(() => {
    text += read();
    return text.length >= written.join('').length;
  });
  expect(text).toBe(written.join(''));
});

test('for a reader who does not read no more than a bounded number of lines waits', async () => {
  const output = new LogOutput(pipe);
  for (const line of lines(50_000)) output.write(line);
  let text = '';
  await until(() => {
    const more = read();
    text += more;
    return text.length > 1_000_000 && more === '';
  });
  expect(text.length).toBeLessThan(1_500_000);
  expect(text.startsWith(lines(3).join(''))).toBe(true);
});
