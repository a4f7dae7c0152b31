import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { CallRecordStore } from '../../storage/ports.ts';
import { canonicalName } from '../accounts/canonical-name.ts';
import { type DataFolder, isInUse, openDataFolder, UPLOADS } from '../data-folder.ts';
import { type Call, type Command, CommandError, commonFlags, UsageError } from './command.ts';

const RECORDS_AT_ONCE = 1_000;

export const accountExport: Command = {
  name: 'account export',
  operands: 'NAME',
  summary: 'Writes everything that is kept for an account, a line of JSON each, also while the server runs.',
  details:
    'Uploaded files are named with their ids: they lie in the data folder, in uploads. Passwords are not written.',
  flags: commonFlags,
  run: (call) =>
    withAccount(call, async ({ accounts, store }, name) => {
      const account = accounts.list().find((one) => one.name === name);
      if (account !== undefined) {
        const { admin, created } = account;
        call.print(JSON.stringify({ kind: 'account', name, admin, created: new Date(created).toISOString() }));
      }
      for await (const record of recordsOf(store.calls, name)) call.print(JSON.stringify({ kind: 'call', ...record }));
      for await (const line of store.messaging.export(`${name}@${accounts.domain}`)) call.print(line);
    }),
};

export const accountErase: Command = {
  name: 'account erase',
  operands: 'NAME',
  summary: 'Deletes everything that is kept for an account but the account itself; the server must not run.',
  details:
    'Messages, contacts, files, records of calls, sessions. What others keep of their talks with it stays theirs.',
  flags: { ...commonFlags, yes: { type: 'boolean', help: 'it cannot be undone, and is meant' } },
  async run(call) {
    if (!call.has('yes')) throw new UsageError('account erase cannot be undone: --yes says that it is meant');
    return withAccount(call, async ({ accounts, store, path }, name) => {
      if (isInUse(path)) throw new CommandError(`A server is using ${path}: stop it first.`);
      await store.accounts.erase(name);
      const files = await store.messaging.erase(`${name}@${accounts.domain}`);
      for (const { id } of files) rmSync(join(path, UPLOADS, id), { force: true });
      call.print(call.json ? JSON.stringify({ erased: name }) : `${name}: erased`);
    });
  },
};

/** Of whoever has an account, or once had one and has left something. */
async function withAccount(call: Call, run: (folder: DataFolder, name: string) => Promise<void>): Promise<number> {
  const name = canonicalName(call.operands[0] as string);
  if (name === undefined) throw new CommandError('Nobody can have that name.');
  const folder = await openDataFolder(call.configuration().configuration);
  try {
    const { accounts, store } = folder;
    if (!accounts.exists(name) && !(await store.accounts.ownsData(name, `${name}@${accounts.domain}`)))
      throw new CommandError(`Nothing is kept for ${name}.`);
    await run(folder, name);
    return 0;
  } finally {
    await folder.store.close();
  }
}

async function* recordsOf(calls: CallRecordStore, account: string) {
  let before: number | undefined;
  for (;;) {
    const records = await calls.list({ account, before, limit: RECORDS_AT_ONCE });
    yield* records;
    const last = records.at(-1);
    if (records.length < RECORDS_AT_ONCE || last === undefined) return;
    before = last.started;
  }
}
