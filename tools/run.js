// Runs a development tool under the project's runtime: `node tools/run.js vitest run`.
// The tool is a binary name of node_modules, or a script of the project's own (tools/docs.ts).
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { ensureRuntime, root } from './setup.js';

const [tool, ...args] = process.argv.slice(2);
const { status, signal } = spawnSync(ensureRuntime(), [script(tool), ...args], { cwd: root, stdio: 'inherit' });
process.exit(status ?? (signal ? 1 : 0));

function script(name) {
  if (existsSync(join(root, name))) return join(root, name);
  for (const folder of [name, `@biomejs/${name}`, name === 'tsc' ? 'typescript' : name]) {
    const home = join(root, 'node_modules', folder);
    if (!existsSync(join(home, 'package.json'))) continue;
    const { bin } = JSON.parse(readFileSync(join(home, 'package.json'), 'utf8'));
    const file = typeof bin === 'string' ? bin : bin?.[name];
    if (file) return join(home, file);
  }
  throw new Error(`no tool named ${name}`);
}
