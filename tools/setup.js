// Makes a clone ready to run, from nothing but Node 20 and npm: plain JavaScript, no dependency.
//   1. a runtime new enough for type stripping and node:sqlite (tools/runtime, when this Node is older)
//   2. node_modules as the lock file says
//   3. the web apps, built when their sources are newer than the last build
// `--prepare` leaves out 2: npm's own `prepare` script, so that `npm ci` alone is enough for bin/chappe.js and its pages.
// Everything it prints goes to standard error: standard output belongs to the command that follows.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
const vite = join(root, 'node_modules/vite/bin/vite.js');

/** The Node to run under: this one when it is new enough, else the pinned one (undefined: not installed yet). */
export function runtime() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major > 22 || (major === 22 && minor >= 18)) return process.execPath;
  const name = `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const file = join(
    root,
    'tools/runtime/node_modules',
    name,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  return existsSync(file) ? file : undefined;
}

/** Installs the pinned runtime when this Node is too old for the server; returns its path. */
export function ensureRuntime() {
  const found = runtime();
  if (found) return found;
  say(`Node ${process.versions.node} is older than 22.18: fetching the pinned runtime (tools/runtime)`);
  npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], join(root, 'tools/runtime'), process.execPath);
  const installed = runtime();
  if (!installed) {
    say(`no runtime is published for ${process.platform}-${process.arch}: install Node 22.18 or later`);
    process.exit(1);
  }
  return installed;
}

function ensurePackages(node) {
  const want = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
  const stamp = join(root, 'node_modules', '.chappe-lock');
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === want) return;
  if (!matchesLock()) {
    say('installing packages (npm ci)');
    npm(['ci', '--ignore-scripts', '--no-audit', '--no-fund'], root, node);
  }
  writeFileSync(stamp, want);
}

/** Whether an `npm ci` by hand has already laid out what the lock file says. */
function matchesLock() {
  const hidden = join(root, 'node_modules/.package-lock.json');
  if (!existsSync(hidden)) return false;
  const have = JSON.parse(readFileSync(hidden, 'utf8')).packages;
  const want = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages;
  for (const [path, entry] of Object.entries(want)) {
    if (path === '' || entry.optional || entry.peer) continue;
    if (have[path]?.version !== entry.version) return false;
  }
  return true;
}

function ensureApps(node) {
  if (!existsSync(join(root, 'apps/vite.config.ts'))) return;
  const built = join(root, 'dist/apps/.built');
  const sources = newest(['apps', 'src/client', 'src/protocol', 'package-lock.json']);
  if (existsSync(built) && statSync(built).mtimeMs >= sources) return;
  say('building the web apps');
  run(node, [vite, 'build', '--config', join(root, 'apps/vite.config.ts'), '--logLevel', 'warn'], root);
  mkdirSync(join(root, 'dist/apps'), { recursive: true });
  writeFileSync(built, new Date().toISOString());
}

function newest(paths) {
  let latest = 0;
  for (const path of paths) {
    const full = join(root, path);
    if (!existsSync(full)) continue;
    if (statSync(full).isDirectory()) {
      for (const entry of readdirSync(full, { recursive: true, withFileTypes: true })) {
        if (entry.isFile() && !entry.name.endsWith('.test.ts'))
          latest = Math.max(latest, statSync(join(entry.parentPath ?? entry.path, entry.name)).mtimeMs);
      }
    } else latest = Math.max(latest, statSync(full).mtimeMs);
  }
  return latest;
}

/** npm itself runs under `node`, so that packages' `engines` are judged by what they will run on. */
function npm(args, cwd, node) {
  const cli = process.env.npm_execpath;
  if (cli?.endsWith('.js')) run(node, [cli, ...args], cwd);
  else run(process.platform === 'win32' ? 'npm.cmd' : 'npm', args, cwd);
}

function run(command, args, cwd) {
  const { status, error } = spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] });
  if (status !== 0) {
    say(`${command} ${args.join(' ')} failed${error ? `: ${error.message}` : ''}`);
    process.exit(1);
  }
}

function say(text) {
  process.stderr.write(`chappe: ${text}\n`);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const node = ensureRuntime();
  const preparing = process.argv.includes('--prepare');
  if (!preparing) ensurePackages(node);
  // `npm ci --omit=dev` lays out nothing to build with.
  if (!preparing || existsSync(vite)) ensureApps(node);
}
