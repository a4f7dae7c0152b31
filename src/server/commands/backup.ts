import { chmodSync, constants, copyFileSync, existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DATABASE_FILE, openDatabase, schemaVersion, userVersion } from '../../storage/embedded/database.ts';
import { openEmbeddedStore } from '../../storage/embedded/store.ts';
import { AUTH_SECRET, lockFolder, SEAL_KEY } from '../data-folder.ts';
import { type Command, CommandError, commonFlags } from './command.ts';

const KEYS = [SEAL_KEY, AUTH_SECRET];

export const backup: Command = {
  name: 'backup',
  operands: 'DIR',
  summary: 'Copies the data folder, also while the server runs, into a new folder.',
  details: 'The copy holds the keys too: keep it as safe as the original.',
  flags: commonFlags,
  async run(call) {
    const { data } = call.configuration().configuration;
    if (!existsSync(join(data, DATABASE_FILE))) throw new CommandError(`${data} holds no data yet.`);
    const target = resolve(call.operands[0] as string);
    if (existsSync(target) && readdirSync(target).length > 0) throw new CommandError(`${target} is not empty.`);
    mkdirSync(target, { recursive: true, mode: 0o700 });
    chmodSync(target, 0o700);
    const store = await openEmbeddedStore(data);
    try {
      store.backup(join(target, DATABASE_FILE));
    } finally {
      await store.close();
    }
    copyKeys(data, target);
    call.print(call.json ? JSON.stringify({ backup: target }) : `Copied to ${target}`);
    return 0;
  },
};

export const restore: Command = {
  name: 'restore',
  operands: 'DIR',
  summary: 'Makes a backup the data folder; the server must not run.',
  flags: { ...commonFlags, force: { type: 'boolean', help: 'replace the data that is there' } },
  async run(call) {
    const { data } = call.configuration().configuration;
    const source = resolve(call.operands[0] as string);
    const from = join(source, DATABASE_FILE);
    if (!existsSync(from)) throw new CommandError(`${source} is no backup: it holds no ${DATABASE_FILE}.`);
    const database = openDatabase(from, { readOnly: true });
    const whole = database.prepare('PRAGMA quick_check').get()?.['quick_check'] === 'ok';
    const version = userVersion(database);
    database.close();
    if (!whole) throw new CommandError(`${from} is damaged.`);
    if (version > schemaVersion) throw new CommandError(`${from} was written by a newer version of Chappe.`);
    const lock = lockFolder(data, 0);
    if (lock === undefined) throw new CommandError(`A server is using ${data}: stop it first.`);
    try {
      if (existsSync(join(data, DATABASE_FILE)) && !call.has('force'))
        throw new CommandError(`${data} holds data: --force replaces it.`);
      for (const file of [DATABASE_FILE, `${DATABASE_FILE}-wal`, `${DATABASE_FILE}-shm`, ...KEYS])
        rmSync(join(data, file), { force: true });
      copyFileSync(from, join(data, DATABASE_FILE));
      chmodSync(join(data, DATABASE_FILE), 0o600);
      copyKeys(source, data);
    } finally {
      lock.release();
    }
    call.print(call.json ? JSON.stringify({ restored: data }) : `Restored to ${data}`);
    return 0;
  },
};

function copyKeys(from: string, to: string): void {
  for (const file of KEYS) {
    if (!existsSync(join(from, file))) continue;
    copyFileSync(join(from, file), join(to, file), constants.COPYFILE_EXCL);
    chmodSync(join(to, file), 0o600);
  }
}
