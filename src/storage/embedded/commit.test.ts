import { DatabaseSync } from 'node:sqlite';
import { beforeEach, expect, test } from 'vitest';
import type { Write } from '../statements.ts';
import { committer } from './commit.ts';
import { migrate } from './migrate.ts';

let database: DatabaseSync;

beforeEach(async () => {
  database = new DatabaseSync(':memory:');
  await migrate(database);
});

const setting = (key: string, value: string): Write => [['setSetting', { key, value }]];
const kept = () =>
  database
    .prepare(`select key from setting where key like 'test.%'`)
    .all()
    .map(({ key }) => key);

test('one write that fails is not its neighbours’ failure', () => {
  const wrong: Write = [
    ['setSetting', { key: 'test.half', value: 'x' }],
    ['setSetting', { key: 'test.null', value: null }],
  ];
  expect(committer(database)([setting('test.a', 'x'), wrong, setting('test.b', 'x')])).toEqual([
    1,
    { error: expect.stringContaining('NOT NULL') },
    1,
  ]);
  expect(kept()).toEqual(['test.a', 'test.b']);
});

test('of a transaction that a full disk has undone in its middle nothing is durable, as it is said', () => {
  const commit = committer(database);
  const pages = database.prepare('PRAGMA page_count').get()?.['page_count'];
  database.exec(`PRAGMA max_page_count = ${pages}`);
  const archived: Write = { append: 'archive', rows: [['a@x', '1', 'b@x', 1, 'test']] };
  const large = setting('test.large', 'x'.repeat(100_000));
  expect(() => commit([setting('test.a', 'x'), large, setting('test.b', 'x'), archived])).toThrow('full');
  expect(kept()).toEqual([]);
  expect(database.prepare('select * from archive').all()).toEqual([]);
  database.exec('PRAGMA max_page_count = 100000');
  expect(commit([setting('test.a', 'x'), large])).toEqual([1, 1]);
});
