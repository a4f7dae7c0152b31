// PostgreSQL (Debian package postgresql): a private cluster in a temporary folder, on loopback.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { peerPath } from './peer.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';

export interface Postgres {
  /** Of a new, empty database. */
  database(): string;
  /** Cuts every connection and is away until `start`; by SIGQUIT it ends as if it had crashed. */
  stop(signal?: 'SIGINT' | 'SIGQUIT'): Promise<void>;
  start(): Promise<void>;
  /** Holds all its processes, as a disk that hangs does, until what is returned is called. */
  freeze(): () => void;
  /** What psql prints. */
  query(url: string, sql: string): string;
  /** Another's transaction that has the table for itself until it is released. */
  hold(url: string, table: string): Promise<{ release(): Promise<unknown> }>;
  /** Ends it and removes everything. */
  remove(): Promise<void>;
}

export async function startPostgres(): Promise<Postgres> {
  const postgres = peerPath('postgres');
  const bin = dirname(postgres);
  const folder = mkdtempSync(join(tmpdir(), 'chappe-postgres-'));
  const data = join(folder, 'data');
  // It refuses to run as root.
  const root = process.getuid?.() === 0;
  const as = root ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups'] : [];
  const run = (command: string, ...args: string[]): string => {
    const [file, ...rest] = [...as, join(bin, command), ...args];
    const { status, stdout, stderr } = spawnSync(file!, rest, { encoding: 'utf8', cwd: folder });
    if (status !== 0) throw new Error(`${command}: ${stderr}`);
    return stdout;
  };
  if (root) spawnSync('chown', ['postgres:postgres', folder]);
  run('initdb', '-D', data, '-U', 'chappe', '-A', 'trust', '-E', 'UTF8', '--locale=C.UTF-8', '--no-sync');
  const port = await freePort();
  let server: Program;
  let databases = 0;
  const start = async () => {
    const settings = ['-h', '127.0.0.1', '-p', `${port}`, '-k', folder, '-c', 'shared_buffers=16MB'];
    const [file, ...rest] = [...as, postgres, '-D', data, ...settings];
    server = new Program('postgres', file!, rest, { cwd: folder });
    await server.waitFor(/ready to accept connections/);
  };
  const stop = async (signal: 'SIGINT' | 'SIGQUIT' = 'SIGINT') => {
    server.kill(signal);
    await server.exited;
  };
  await start();
  return {
    database() {
      const name = `chappe${++databases}`;
      run('createdb', '-h', '127.0.0.1', '-p', `${port}`, '-U', 'chappe', name);
      return `postgres://chappe@127.0.0.1:${port}/${name}`;
    },
    start,
    stop,
    freeze() {
      const [main] = readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n');
      const children = readFileSync(`/proc/${main}/task/${main}/children`, 'utf8').trim().split(' ');
      const all = [main, ...children].map(Number);
      for (const pid of all) process.kill(pid, 'SIGSTOP');
      return () => {
        for (const pid of all) process.kill(pid, 'SIGCONT');
      };
    },
    query: (url, sql) => run('psql', '-XAtq', '-v', 'ON_ERROR_STOP=1', '-d', url, '-c', sql),
    async hold(url, table) {
      const holder = new Program('psql', join(bin, 'psql'), ['-XAtq', '-d', url]);
      holder.write(`begin; lock table ${table}; select 'held';\n`);
      await holder.waitFor(/held/);
      return {
        release() {
          holder.closeInput();
          return holder.exited;
        },
      };
    },
    async remove() {
      if (server.isRunning) await stop();
      rmSync(folder, { recursive: true });
    },
  };
}
