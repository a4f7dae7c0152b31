// Both stores that a server may be started on, so that what is promised of one is seen on the other.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ChappeOptions } from './chappe.ts';
import { describeWith, type Peer } from './peer.ts';
import { startPostgres } from './postgres.ts';

export interface TestStore {
  /** Of a server with nothing in its store yet. */
  fresh(): ChappeOptions;
  remove(): Promise<void>;
}

/** The same tests on SQLite and on PostgreSQL. */
export function onEachStore(
  peers: readonly Peer[],
  title: string,
  tests: (openStore: () => Promise<TestStore>) => void,
): void {
  describeWith(peers, `${title}, on SQLite`, () => tests(async () => ({ fresh: () => ({}), remove: async () => {} })));
  describeWith([...peers, 'postgres'], `${title}, on PostgreSQL`, () => tests(openPostgres));
}

async function openPostgres(): Promise<TestStore> {
  const postgres = await startPostgres();
  const folder = mkdtempSync(join(tmpdir(), 'chappe-folder-'));
  let servers = 0;
  return {
    fresh: () => ({ data: postgres.database(), config: { folder: join(folder, `${++servers}`) } }),
    async remove() {
      await postgres.remove();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
