import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { loadConfiguration } from '../config.ts';
import { lockFolder, openDataFolder } from '../data-folder.ts';
import { accountErase, accountExport } from './account-data.ts';
import { backup, restore } from './backup.ts';
import type { Call, Command } from './command.ts';

let at: string;

beforeEach(async () => {
  at = mkdtempSync(join(tmpdir(), 'chappe-commands-'));
  const { store, accounts } = await openDataFolder(configuration('data').configuration);
  await accounts.add('alice', 'secret1');
  await store.bindings.save('alice', [{ id: 'sip:phone', expires: 9e12, data: '{"address":"192.0.2.1"}' }]);
  for (const owner of ['alice@localhost', 'bob@localhost']) {
    const message = { owner, id: '1', peer: 'x@y', time: 1, stanza: '<message/>' };
    await store.messaging.archive.add([message]);
    await store.messaging.documents.set(owner, 'vcard', 'V');
  }
  const affiliations = [
    ['alice@localhost', { affiliation: 'member', nick: 'Al' }],
    ['bob@localhost', { affiliation: 'owner' }],
  ];
  await store.messaging.documents.set('cave@rooms.localhost', 'room', JSON.stringify({ affiliations, secret: '' }));
  const upload = { owner: 'alice@localhost', name: 'f', type: 't/t', size: 1, created: Date.now(), stored: false };
  await store.messaging.uploads.add({ ...upload, id: 'FILE' }, 1);
  mkdirSync(join(at, 'data/uploads'));
  writeFileSync(join(at, 'data/uploads/FILE'), 'x');
  writeFileSync(join(at, 'data/uploads/FILE2.part'), 'x');
  await store.close();
});

afterEach(() => rmSync(at, { recursive: true }));

function configuration(data: string) {
  return loadConfiguration({ directory: at, data: join(at, data), environment: {} });
}

/** The lines that it prints. */
async function run(command: Command, operand: string, options: { data?: string; flags?: string[] } = {}) {
  const { data = 'data', flags = [] } = options;
  const lines: string[] = [];
  const call: Call = {
    ...{ operands: [operand], json: false, version: '0', packageFolder: at },
    text: () => undefined,
    has: (flag) => flags.includes(flag),
    configuration: () => configuration(data),
    print: (line) => void lines.push(line),
    say: () => {},
  };
  expect(await command.run(call)).toBe(0);
  return lines;
}

const kinds = (lines: string[]) => lines.map((line) => (JSON.parse(line) as { kind: string }).kind);

test('everything that is kept for an account is exported, and no password', async () => {
  const lines = await run(accountExport, 'Alice');
  expect(kinds(lines)).toEqual(['account', 'binding', 'affiliation', 'document', 'upload', 'archive']);
  expect(lines[0]).not.toContain('sealed');
  await expect(run(accountExport, 'carol')).rejects.toThrow('Nothing is kept');
});

test('what is kept for an account is erased when it is meant, its files too, and nobody else’s', async () => {
  await expect(run(accountErase, 'alice')).rejects.toThrow('--yes');
  const lock = lockFolder(join(at, 'data'), 0);
  await expect(run(accountErase, 'alice', { flags: ['yes'] })).rejects.toThrow('stop it first');
  lock?.release();
  await run(accountErase, 'alice', { flags: ['yes'] });
  expect(kinds(await run(accountExport, 'alice'))).toEqual(['account']);
  expect(existsSync(join(at, 'data/uploads/FILE'))).toBe(false);
  expect(kinds(await run(accountExport, 'bob'))).toEqual(['affiliation', 'document', 'archive']);
});

test('a backup has the messages, the keys and the files that are whole, also while the server runs', async () => {
  const lock = lockFolder(join(at, 'data'), 0);
  await run(backup, join(at, 'copy'));
  lock?.release();
  expect(existsSync(join(at, 'copy/uploads/FILE2.part'))).toBe(false);
  await run(restore, join(at, 'copy'), { data: 'new' });
  expect(readFileSync(join(at, 'new/uploads/FILE'), 'utf8')).toBe('x');
  expect(kinds(await run(accountExport, 'alice', { data: 'new' }))).toHaveLength(6);
  await expect(run(restore, join(at, 'copy'), { data: 'new' })).rejects.toThrow('--force');
  await run(restore, join(at, 'copy'), { data: 'new', flags: ['force'] });
  await expect(run(backup, join(at, 'copy'))).rejects.toThrow('not empty');
});

test('what is no whole backup is refused, and what is here stays', async () => {
  const copy = join(at, 'copy');
  await run(backup, copy);
  expect(existsSync(join(copy, 'chappe.db.part'))).toBe(false);
  const broken = async (make: (folder: string) => void) => {
    const folder = mkdtempSync(join(at, 'broken-'));
    cpSync(copy, folder, { recursive: true });
    make(folder);
    return expect(run(restore, folder, { flags: ['force'] }));
  };
  const file = (folder: string, name = 'chappe.db') => join(folder, name);
  await (await broken((folder) => renameSync(file(folder), file(folder, 'chappe.db.part')))).rejects.toThrow(
    'no backup',
  );
  await (await broken((folder) => rmSync(file(folder, 'seal.key')))).rejects.toThrow('seal.key');
  await (await broken((folder) => writeFileSync(file(folder), ''))).rejects.toThrow('empty');
  await (await broken((folder) => writeFileSync(file(folder), 'x'.repeat(9_000)))).rejects.toThrow('damaged');
  await (await broken((folder) => truncateSync(file(folder), 20_000))).rejects.toThrow('damaged');
  await (await broken((folder) => writeFileSync(file(folder, 'chappe.db-wal'), 'x'))).rejects.toThrow('data folder');
  // The last of it cannot be read.
  await (await broken((folder) => mkdirSync(file(folder, 'uploads/DIR')))).rejects.toThrow();
  expect(kinds(await run(accountExport, 'alice'))).toHaveLength(6);
  expect(readFileSync(join(at, 'data/uploads/FILE'), 'utf8')).toBe('x');
  expect(existsSync(join(at, 'data/restoring'))).toBe(false);
});
