// A page of 50 in an archive of a million messages, and what a message costs to archive, on either store.
//   node tools/run.js bench/archive.ts [--write] [--messages N]
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { Element } from '../src/protocol/xmpp/element.ts';
import { NS } from '../src/protocol/xmpp/namespaces.ts';
import { parseElement } from '../src/protocol/xmpp/tokenizer.ts';
import { answerArchiveQuery } from '../src/server/xmpp/archive-query.ts';
import { ArchiveIds } from '../src/storage/archive-id.ts';
import { openEmbeddedStore } from '../src/storage/embedded/store.ts';
import type { ArchivedMessage, ArchiveQuery, ArchiveStore } from '../src/storage/messaging.ts';
import { openPostgresStore } from '../src/storage/postgres/store.ts';
import { findPeer } from '../test/support/peer.ts';
import { startPostgres } from '../test/support/postgres.ts';
import { machine, writeSection } from './section.ts';

const { values } = parseArgs({
  options: { write: { type: 'boolean', default: false }, messages: { type: 'string', default: '1000000' } },
});
const total = Number(values.messages);
/** Half of all is one owner's, the rest is 999 others'. */
const OWNERS = 1_000;
const PEERS = 200;
const BATCH = 200;
const START = Date.UTC(2026, 0, 1);
const GAP = 20_000;
const owner = 'alice@example.test';
const BODY = 'Shall we meet at the station, or is it too far from where you are? '.repeat(3);

function message(i: number, ids: ArchiveIds): ArchivedMessage {
  const time = START + i * GAP;
  const peer = `person${(i * 7919) % PEERS}@example.test`;
  const id = ids.next(time);
  const stanza = `<message xmlns='jabber:client' from='${peer}/phone' to='${owner}' type='chat' id='${id}'><body>${BODY}</body><request xmlns='urn:xmpp:receipts'/></message>`;
  return { owner: i % 2 === 0 ? owner : `owner${(i * 104_729) % OWNERS}@example.test`, id, peer, time, stanza };
}

interface Figures {
  /** Our CPU, in microseconds. */
  cpu: number;
  /** Median, 95th percentile, worst: milliseconds. */
  times: string;
}

/** Fills an archive, and asks it. By what was done. `filled`: what else is to be done before it is asked. */
async function measure(archive: ArchiveStore, filled = () => {}): Promise<Map<string, Figures>> {
  const figures = new Map<string, Figures>();
  const ids = new ArchiveIds('0000');
  const kept: string[] = [];
  let before = process.cpuUsage();
  let measured = 0;
  for (let i = 0; i < total; ) {
    const adding: Array<Promise<void>> = [];
    for (const end = Math.min(total, i + BATCH); i < end; i++) {
      const one = message(i, ids);
      if (one.owner === owner) kept.push(one.id);
      adding.push(archive.add([one]));
    }
    await Promise.all(adding);
    if (i === total - (total % BATCH) - Math.floor(total / 10 / BATCH) * BATCH) {
      before = process.cpuUsage();
      measured = i;
    }
  }
  const { user, system } = process.cpuUsage(before);
  figures.set(`archived, ${BATCH} at once, the last tenth`, {
    cpu: (user + system) / (total - measured),
    times: '',
  });
  filled();

  const at = () => START + Math.floor(Math.random() * total) * GAP;
  const any = () => kept[Math.floor(Math.random() * kept.length)] as string;
  /** One with a whole page before it. */
  const late = () => kept[50 + Math.floor(Math.random() * (kept.length - 50))] as string;
  const peer = () => `person${Math.floor(Math.random() * PEERS)}@example.test`;
  // The same as a client asks it (XEP-0313), to the last octet of the answer.
  const asked = (query: string) => async () => {
    let length = 0;
    const send = (stanza: Element) => {
      length += stanza.serialize(NS.CLIENT).length;
    };
    const iq = parseElement(`<query xmlns='${NS.MAM}'>${query}</query>`);
    send(await answerArchiveQuery(iq, { archive, owner, to: `${owner}/page`, most: 50, send }));
    if (length < 50 * BODY.length) throw new Error('a page is missing');
  };
  const page = (set: string) => `<set xmlns='${NS.RSM}'><max>50</max>${set}</set>`;
  const withPeer = `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>${NS.MAM}</value></field><field var='with'><value>person8@example.test</value></field></x>`;
  const queries: Record<string, () => Partial<ArchiveQuery>> = {
    'the newest 50': () => ({ backwards: true }),
    'back from somewhere': () => ({ backwards: true, beforeId: any() }),
    'on from somewhere': () => ({ afterId: any() }),
    'from a time on': () => ({ start: at() }),
    'with one of 200 peers, the newest': () => ({ peer: peer(), backwards: true }),
    'with one peer, from a time on': () => ({ peer: peer(), start: at() }),
    'with a stranger': () => ({ peer: 'nobody@example.test' }),
    '50 by their ids': () => ({ ids: Array.from({ length: 50 }, any) }),
  };
  const reads: Array<[string, () => Promise<unknown>]> = [
    ...Object.entries(queries).map(
      ([name, query]) =>
        [name, () => archive.page({ owner, limit: 50, ...query() })] as [string, () => Promise<unknown>],
    ),
    ['asked by XMPP: the newest 50', asked(page('<before/>'))],
    ['asked by XMPP: back from somewhere', () => asked(page(`<before>${late()}</before>`))()],
    ['asked by XMPP: with one peer, the newest', asked(withPeer + page('<before/>'))],
  ];
  for (const [name, read] of reads) {
    const times: number[] = [];
    const start = process.cpuUsage();
    for (let i = 0; i < 500; i++) {
      const from = performance.now();
      await read();
      times.push(performance.now() - from);
    }
    const cpu = process.cpuUsage(start);
    times.sort((a, b) => a - b);
    const ms = (share: number) => (times[Math.floor(share * (times.length - 1))] as number).toFixed(2);
    figures.set(name, { cpu: (cpu.user + cpu.system) / 500, times: `${ms(0.5)}, ${ms(0.95)}, ${ms(1)} ms` });
  }
  return figures;
}

async function onSqlite(): Promise<Map<string, Figures>> {
  const folder = mkdtempSync(join(tmpdir(), 'chappe-archive-'));
  const store = await openEmbeddedStore(folder);
  try {
    return await measure(store.messaging.archive);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true });
  }
}

async function onPostgres(): Promise<Map<string, Figures> | undefined> {
  if (findPeer('postgres') === undefined) return undefined;
  const postgres = await startPostgres();
  try {
    const url = postgres.database();
    const store = await openPostgresStore(url);
    try {
      // What it does by itself some time after so many rows have come.
      return await measure(store.messaging.archive, () => {
        for (const work of ['vacuum analyze', 'checkpoint']) postgres.query(url, work);
      });
    } finally {
      await store.close();
    }
  } finally {
    await postgres.remove();
  }
}

const sqlite = await onSqlite();
const postgres = await onPostgres();
const cells = (figures: Figures | undefined) =>
  figures === undefined ? '| |' : `${figures.cpu.toFixed(figures.cpu < 100 ? 1 : 0)} us | ${figures.times} |`;
const rows = [...sqlite].map(([what, figures]) => `| ${what} | ${cells(figures)} ${cells(postgres?.get(what))}`);
console.log(rows.join('\n'));
if (values.write)
  writeSection(
    'archive',
    `## The archive

${total.toLocaleString('en')} messages of about 450 octets, half of them in the archive that is asked. A page is 50 messages; 500 of each kind.
Budget: 5 ms a page. CPU is this process's, and with PostgreSQL the database has its own; times are the median, the 95th percentile and the
worst. PostgreSQL has 16 MB of buffers and flushes each commit.

| what | SQLite: CPU | time | PostgreSQL: CPU | time |
|---|---|---|---|---|
${rows.join('\n')}

${machine()}.`,
  );
