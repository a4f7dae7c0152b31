import { text as readAll } from 'node:stream/consumers';
import { AccountError } from '../accounts/accounts.ts';
import { openDataFolder } from '../data-folder.ts';
import { generatePassword } from '../passwords.ts';
import { type Command, CommandError, commonFlags, UsageError } from './command.ts';

export const accountAdd: Command = {
  name: 'account add',
  operands: 'NAME',
  summary: 'Adds an account; a running server on the same data folder knows it at once.',
  details: 'Without a password one is made at random and printed.',
  flags: {
    ...commonFlags,
    password: {
      type: 'string',
      value: 'TEXT',
      help: 'the password (others on this machine can see it while this runs)',
    },
    'password-stdin': { type: 'boolean', help: 'read the password from standard input, its first line' },
    admin: { type: 'boolean', help: 'an administrator: may read the inspector' },
    adopt: { type: 'boolean', help: 'even though something is stored for that name already' },
  },
  async run(call) {
    if (call.has('password-stdin') && call.text('password') !== undefined)
      throw new UsageError('--password and --password-stdin exclude each other');
    const given = call.has('password-stdin')
      ? ((await readAll(process.stdin)).split(/\r?\n/, 1)[0] ?? '')
      : call.text('password');
    const password = given ?? generatePassword();
    const folder = await openDataFolder(call.configuration().configuration);
    try {
      const admin = call.has('admin');
      const name = await folder.accounts.add(call.operands[0] as string, password, { admin, adopt: call.has('adopt') });
      if (call.json) call.print(JSON.stringify({ name, admin, ...(given === undefined && { password }) }));
      else call.print(given === undefined ? `${name}: password ${password}` : `${name}: added`);
      return 0;
    } catch (error) {
      if (error instanceof AccountError) throw new CommandError(error.message);
      throw error;
    } finally {
      await folder.store.close();
    }
  },
};

export const accountList: Command = {
  name: 'account list',
  summary: 'Lists the accounts.',
  flags: commonFlags,
  async run(call) {
    const folder = await openDataFolder(call.configuration().configuration);
    try {
      for (const { name, admin, created } of folder.accounts.list()) {
        if (call.json) call.print(JSON.stringify({ name, admin, created: new Date(created).toISOString() }));
        else call.print(`${name}${admin ? '  (administrator)' : ''}`);
      }
      return 0;
    } finally {
      await folder.store.close();
    }
  },
};
