/**
 * Emits what is published: dist/ holds the server and the SDK as JavaScript with declarations (Node strips no types below
 * node_modules) and dist/apps the web apps. A clone never needs it: there everything runs from source.
 */
import { spawnSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { root } from './setup.js';

for (const part of ['client', 'protocol', 'server', 'storage', 'transport', 'apps']) {
  rmSync(`${root}/dist/${part}`, { recursive: true, force: true });
}
run('tsc', '-p', 'tsconfig.build.json');
run('vite', 'build', '--config', 'apps/vite.config.ts', '--logLevel', 'warn');

function run(...args: string[]): void {
  const { status } = spawnSync(process.execPath, [`${root}/tools/run.js`, ...args], { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exit(status ?? 1);
}
