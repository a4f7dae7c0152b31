// The data folder: the key that seals accounts, the secret of credentials, the lock of the server, and the database unless
// that is PostgreSQL. The keys are in a folder always: whoever has a copy of the database is to have nothing by it.
import { createHmac, hash } from 'node:crypto';
import { closeSync, existsSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { makeFolder } from '../storage/embedded/database.ts';
import { openEmbeddedStore } from '../storage/embedded/store.ts';
import type { StorageLimits } from '../storage/limits.ts';
import type { Store } from '../storage/ports.ts';
import { primitives } from '../transport/primitives.ts';
import { Accounts } from './accounts/accounts.ts';
import { Seal } from './accounts/seal.ts';
import { secretFile } from './accounts/secret-file.ts';
import type { Configuration } from './config.ts';

export const SEAL_KEY = 'seal.key';
export const AUTH_SECRET = 'auth.secret';
/** Files that people have uploaded. */
export const UPLOADS = 'uploads';
const LOCK = 'server.lock';

export interface DataFolder {
  path: string;
  store: Store;
  accounts: Accounts;
  /** Of ephemeral credentials: the configured ones, else this folder's own. */
  secrets: string[];
  /** Signs what only this server reads, flow tokens and such; 32 octets, a byte string. */
  internalSecret: string;
}

/** Opens everything in it, made as needed. */
export async function openDataFolder({ data, database, domain, auth, limits }: Configuration): Promise<DataFolder> {
  makeFolder(data);
  const sealKey = secretFile(join(data, SEAL_KEY));
  const secrets = authSecrets(data, auth.secrets);
  const store = await openStore(data, database, limits.storage);
  const mark = hash('sha256', `chappe seal mark ${sealKey}`, 'hex').slice(0, 16);
  const known = store.settings.get('seal');
  if (known !== undefined && known !== mark) {
    await store.close();
    throw new Error(`${join(data, SEAL_KEY)} is not the key that this database was sealed with`);
  }
  if (known === undefined) await store.settings.set('seal', mark);
  return {
    path: data,
    store,
    accounts: new Accounts({ store: store.accounts, seal: new Seal(sealKey), domain, secrets, primitives }),
    secrets,
    internalSecret: createHmac('sha256', sealKey).update('signed by this server').digest('binary'),
  };
}

/** `pg` is loaded only where it is needed. */
async function openStore(folder: string, database: string | undefined, limits: StorageLimits): Promise<Store> {
  if (database === undefined) return openEmbeddedStore(folder, { limits });
  const { openPostgresStore } = await import('../storage/postgres/store.ts');
  return openPostgresStore(database, { limits });
}

export function authSecrets(data: string, configured: string[] | undefined): string[] {
  return configured ?? [secretFile(join(data, AUTH_SECRET))];
}

/**
 * One server a folder. The lock is SQLite's on a file of its own: the system lets go of it when its process dies, however
 * that ends. Undefined: somebody else has it still after `patience` milliseconds.
 */
export function lockFolder(folder: string, patience: number): { release(): void } | undefined {
  makeFolder(folder);
  const file = join(folder, LOCK);
  closeSync(openSync(file, 'a', 0o600));
  const lock = new DatabaseSync(file, { timeout: patience });
  try {
    lock.exec('BEGIN EXCLUSIVE');
  } catch {
    lock.close();
    return undefined;
  }
  return { release: () => lock.close() };
}

/** Whether a server runs with that folder. */
export function isInUse(folder: string): boolean {
  if (!existsSync(join(folder, LOCK))) return false;
  const lock = lockFolder(folder, 0);
  lock?.release();
  return lock === undefined;
}
