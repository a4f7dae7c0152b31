import {
  chmodSync,
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join, resolve } from 'node:path';
import {
  DATABASE_FILE,
  makeFolder,
  openDatabase,
  schemaVersion,
  userVersion,
} from '../../storage/embedded/database.ts';
import { openEmbeddedStore } from '../../storage/embedded/store.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { AUTH_SECRET, lockFolder, SEAL_KEY, UPLOADS } from '../data-folder.ts';
import { type Command, CommandError, commonFlags } from './command.ts';

const KEYS = [SEAL_KEY, AUTH_SECRET];
/** In the data folder: a backup on its way in. */
const INCOMING = 'restoring';

export const backup: Command = {
  name: 'backup',
  operands: 'DIR',
  summary: 'Copies all data, also while the server runs, into a new folder.',
  details:
    'Database, uploaded files and keys: keep it as safe as the original. A PostgreSQL database becomes a file as the ' +
    'embedded store has it, so that restore brings it into either.',
  flags: commonFlags,
  async run(call) {
    const { data, database } = call.configuration().configuration;
    if (database === undefined && !existsSync(join(data, DATABASE_FILE)))
      throw new CommandError(`${data} holds no data yet.`);
    const target = resolve(call.operands[0] as string);
    if (existsSync(target) && readdirSync(target).length > 0) throw new CommandError(`${target} is not empty.`);
    mkdirSync(target, { recursive: true, mode: 0o700 });
    chmodSync(target, 0o700);
    const unfinished = join(target, `${DATABASE_FILE}.part`);
    await copyDatabase(data, database, unfinished);
    copyKeys(data, target);
    // After the database: a file of which it knows is there, but for those that have expired since.
    copyUploads(data, target);
    // It has its name when all is there: half a backup is none.
    renameSync(unfinished, join(target, DATABASE_FILE));
    call.print(call.json ? JSON.stringify({ backup: target }) : `Copied to ${target}`);
    return 0;
  },
};

async function copyDatabase(data: string, database: string | undefined, file: string): Promise<void> {
  if (database !== undefined) {
    closeSync(openSync(file, 'wx', 0o600));
    const { exportDatabase } = await import('../../storage/postgres/transfer.ts');
    return asCommandError(exportDatabase(database, file));
  }
  const store = await openEmbeddedStore(data);
  try {
    store.backup(file);
  } finally {
    await store.close();
  }
}

export const restore: Command = {
  name: 'restore',
  operands: 'DIR',
  summary: 'Puts a backup in the place of the data; no server may run.',
  flags: { ...commonFlags, force: { type: 'boolean', help: 'replace the data that is there' } },
  async run(call) {
    const { data, database } = call.configuration().configuration;
    const source = resolve(call.operands[0] as string);
    const from = join(source, DATABASE_FILE);
    checkBackup(source, from);
    const lock = lockFolder(data, 0);
    if (lock === undefined) throw new CommandError(`A server is using ${data}: stop it first.`);
    try {
      const holds = [DATABASE_FILE, ...(database === undefined ? [] : KEYS)].some((name) =>
        existsSync(join(data, name)),
      );
      if (holds && !call.has('force')) throw new CommandError(`${data} holds data: --force replaces it.`);
      // All of it is here before anything that was here goes.
      const incoming = join(data, INCOMING);
      rmSync(incoming, { recursive: true, force: true });
      makeFolder(incoming);
      try {
        copyPrivate(from, join(incoming, DATABASE_FILE));
        copyKeys(source, incoming);
        copyUploads(source, incoming);
        if (database !== undefined) await intoPostgres(incoming, database, call.has('force'));
        for (const file of [DATABASE_FILE, `${DATABASE_FILE}-wal`, `${DATABASE_FILE}-shm`, ...KEYS])
          rmSync(join(data, file), { force: true });
        rmSync(join(data, UPLOADS), { recursive: true, force: true });
        for (const name of readdirSync(incoming)) renameSync(join(incoming, name), join(data, name));
      } finally {
        rmSync(incoming, { recursive: true, force: true });
      }
    } finally {
      lock.release();
    }
    call.print(call.json ? JSON.stringify({ restored: data }) : `Restored to ${data}`);
    return 0;
  },
};

function checkBackup(source: string, file: string): void {
  const none = (why: string) => new CommandError(`${source} is no backup: ${why}.`);
  if (!existsSync(file)) throw none(`it holds no ${DATABASE_FILE}`);
  if (!existsSync(join(source, SEAL_KEY))) throw none(`it holds no ${SEAL_KEY}, without which nobody can sign in`);
  // What a server has written last is there.
  if ((statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0) > 0)
    throw none('it is the data folder of a server, of which chappe backup makes one');
  const version = wholeVersion(file);
  if (version === undefined) throw new CommandError(`${file} is damaged.`);
  if (version === 0) throw none(`${DATABASE_FILE} is empty`);
  if (version > schemaVersion) throw new CommandError(`${file} was written by a newer version of Chappe.`);
}

/** Of its schema; undefined: it is damaged. */
function wholeVersion(file: string): number | undefined {
  const database = openDatabase(file, { readOnly: true });
  try {
    const whole = database.prepare('PRAGMA quick_check').get()?.['quick_check'] === 'ok';
    return whole ? userVersion(database) : undefined;
  } catch {
    return undefined;
  } finally {
    database.close();
  }
}

/** A backup of an older version is migrated first; it is a copy, which goes. */
async function intoPostgres(incoming: string, database: string, replace: boolean): Promise<void> {
  const file = join(incoming, DATABASE_FILE);
  const { importDatabase } = await import('../../storage/postgres/transfer.ts');
  await asCommandError(importDatabase(file, database, { replace }));
  for (const end of ['', '-wal', '-shm']) rmSync(file + end, { force: true });
}

async function asCommandError(work: Promise<void>): Promise<void> {
  try {
    await work;
  } catch (error) {
    throw error instanceof StorageError ? new CommandError(error.message) : error;
  }
}

function copyKeys(from: string, to: string): void {
  for (const file of KEYS) if (existsSync(join(from, file))) copyPrivate(join(from, file), join(to, file));
}

/** Those that are whole. */
function copyUploads(from: string, to: string): void {
  if (!existsSync(join(from, UPLOADS))) return;
  makeFolder(join(to, UPLOADS));
  for (const name of readdirSync(join(from, UPLOADS)))
    if (!name.includes('.')) copyPrivate(join(from, UPLOADS, name), join(to, UPLOADS, name));
}

function copyPrivate(from: string, to: string): void {
  try {
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return; // it has expired meanwhile
    throw error;
  }
  chmodSync(to, 0o600);
}
