// What a person is told of accounts at the start: those made at the first run, and those that a change of the domain leaves behind.
import type { Configuration } from '../config.ts';
import type { DataFolder } from '../data-folder.ts';
import { generatePassword } from '../passwords.ts';

export interface NewAccount {
  name: string;
  password: string;
  admin: boolean;
}

/** Two accounts with random passwords, once, where nobody has made any. */
export async function makeFirstAccounts(
  { accounts: configured }: Configuration,
  { accounts, store }: DataFolder,
): Promise<NewAccount[]> {
  if (store.settings.get('first-run') !== undefined) return [];
  const made: NewAccount[] = [];
  if (configured.length === 0 && accounts.size === 0) {
    made.push({ name: 'alice', password: generatePassword(), admin: true });
    made.push({ name: 'bob', password: generatePassword(), admin: false });
    await Promise.all(made.map(({ name, password, admin }) => accounts.add(name, password, { admin })));
  }
  await store.settings.set('first-run', new Date().toISOString());
  return made;
}

/**
 * Digest material is made for one realm. When the domain was changed, that of the accounts in the folder no longer fits:
 * said at every start until it does for all.
 */
export async function warnOfMovedAccounts(
  { domain }: Configuration,
  { accounts, store }: DataFolder,
  notice: (text: string) => void,
): Promise<void> {
  if (store.settings.get('domain') === domain) return;
  const moved = accounts.ofAnotherDomain();
  if (moved.length === 0) return store.settings.set('domain', domain);
  const names = `${moved.slice(0, 5).join(', ')}${moved.length > 5 ? ` and ${moved.length - 5} more` : ''}`;
  notice(
    `warning: the domain is now ${domain}, but the passwords of ${names} are kept for another: phones cannot register ` +
      'with them until their owner has signed in once at the web page, or they stand under `accounts` in the configuration',
  );
}
