import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { AccountData } from '../accounts/account-data.ts';
import { canonicalName } from '../accounts/canonical-name.ts';
import { isInUse, openDataFolder, UPLOADS } from '../data-folder.ts';
import { forgetInRooms } from '../xmpp/muc/room-documents.ts';
import { type Call, type Command, CommandError, commonFlags, UsageError } from './command.ts';

export const accountExport: Command = {
  name: 'account export',
  operands: 'NAME',
  summary: 'Writes everything that is kept for an account, a line of JSON each, also while the server runs.',
  details:
    'Uploaded files are named with their ids: they lie in the data folder, in uploads. Passwords are not written.',
  flags: commonFlags,
  run: (call) =>
    withData(call, async (data, name) => {
      for await (const line of data.export(name)) call.print(line);
    }),
};

export const accountErase: Command = {
  name: 'account erase',
  operands: 'NAME',
  summary: 'Deletes everything that is kept for an account but the account itself; the server must not run.',
  details:
    'Messages, contacts, files, places on the lists of rooms, records of calls, sessions. What others keep of their ' +
    'talks with it stays theirs, and so do bans, and rooms that have no other owner. ' +
    'A running server does it by DELETE /api/account/data.',
  flags: { ...commonFlags, yes: { type: 'boolean', help: 'it cannot be undone, and is meant' } },
  async run(call) {
    if (!call.has('yes')) throw new UsageError('account erase cannot be undone: --yes says that it is meant');
    return withData(call, async (data, name, path) => {
      if (isInUse(path)) throw new CommandError(`A server is using ${path}: stop it first.`);
      await data.erase(name);
      call.print(call.json ? JSON.stringify({ erased: name }) : `${name}: erased`);
    });
  },
};

async function withData(
  call: Call,
  run: (data: AccountData, name: string, path: string) => Promise<void>,
): Promise<number> {
  const name = canonicalName(call.operands[0] as string);
  if (name === undefined) throw new CommandError('Nobody can have that name.');
  const { accounts, store, path } = await openDataFolder(call.configuration().configuration);
  try {
    const remove = async (files: readonly { id: string }[]) => {
      for (const { id } of files) rmSync(join(path, UPLOADS, id), { force: true });
    };
    const rooms = { forget: (address: string) => forgetInRooms(store.messaging.documents, address) };
    const data = new AccountData({ accounts, store, uploads: { remove }, rooms });
    if (!(await data.isKept(name))) throw new CommandError(`Nothing is kept for ${name}.`);
    await run(data, name, path);
    return 0;
  } finally {
    await store.close();
  }
}
