// docs/BENCHMARKS.md has a section for each benchmark, which only its own run rewrites.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { fileURLToPath } from 'node:url';

const file = fileURLToPath(new URL('../docs/BENCHMARKS.md', import.meta.url));

export function writeSection(name: string, markdown: string): void {
  const begin = `<!-- ${name}: written by its benchmark -->`;
  const end = `<!-- end of ${name} -->`;
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '# Benchmarks\n';
  const section = `${begin}\n${markdown.trim()}\n${end}`;
  const start = text.indexOf(begin);
  const stop = text.indexOf(end);
  writeFileSync(
    file,
    start >= 0 && stop > start
      ? text.slice(0, start) + section + text.slice(stop + end.length)
      : `${text.trimEnd()}\n\n${section}\n`,
  );
}

/** What a table was measured on. */
export function machine(): string {
  const [cpu] = cpus();
  return `${cpu?.model ?? 'unknown'}, ${cpus().length} cores, ${Math.round(totalmem() / 2 ** 30)} GiB, Linux ${release()}, Node ${process.versions.node}`;
}
