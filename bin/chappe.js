#!/usr/bin/env node
// The launcher, plain JavaScript so that an older Node can read it. It runs the server in this process when this
// Node is new enough; in a clone on an older one it starts the pinned runtime of tools/runtime and stays as a parent
// (Node 20 cannot replace its process image): signals and the exit code pass through, and the server ends when the
// launcher's pipe (file descriptor 3) closes, so a killed launcher leaves nothing behind.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const source = here('../src/server/main.ts');
const inClone = existsSync(source) && existsSync(here('../tools/setup.js'));
const main = inClone ? source : here('../dist/server/main.js');

// `npm start` puts a shell in between that passes no SIGTERM on: when npm is told to end, this process is orphaned.
if (process.env.npm_lifecycle_event) {
  const parent = process.ppid;
  const watch = setInterval(() => {
    if (process.ppid === parent) return;
    clearInterval(watch);
    process.kill(process.pid, 'SIGTERM');
  }, 500).unref();
}

const [major, minor] = process.versions.node.split('.').map(Number);

if (major > 22 || (major === 22 && minor >= 18)) {
  // Compiled code is kept (where the folder can be written): a start takes 0.3 s then instead of 0.8.
  const { enableCompileCache } = await import('node:module');
  enableCompileCache(here('../.cache/compile'));
  const { main: run } = await import(new URL(`file://${main}`).href);
  await run(process.argv.slice(2));
} else if (inClone) {
  const { ensureRuntime } = await import('../tools/setup.js');
  const child = spawn(ensureRuntime(), [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'pipe'],
    env: { ...process.env, CHAPPE_LAUNCHER_FD: '3' },
  });
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR2']) process.on(signal, () => child.kill(signal));
  child.on('exit', (code, signal) => {
    if (!signal) process.exit(code ?? 1);
    process.removeAllListeners(signal);
    process.kill(process.pid, signal);
  });
} else {
  process.stderr.write(`chappe needs Node 22.18 or later; this is ${process.versions.node}\n`);
  process.exit(1);
}
