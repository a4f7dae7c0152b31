// XMPP of Chappe beside Prosody and ejabberd: the same work on the same machine in the same run, in turns (A B C A B C).
//   node bench/xmpp.ts [--write] [--only login,chat,archived,idle] [--peers Chappe,Prosody] [--scale 0.2]
// --write renews its section of docs/BENCHMARKS.md. (Rooms: bench/rooms.ts.)
import { execFileSync } from 'node:child_process';
import { parseArgs } from 'node:util';
import { machine, writeSection } from './section.ts';
import { generatorCore } from './servers.ts';
import { cpuTime, memory } from './usage.ts';
import { XmppUser } from './xmpp-login.ts';
import { chappeXmpp, ejabberdXmpp, type MeasuredXmpp, prosodyXmpp } from './xmpp-servers.ts';

const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    only: { type: 'string', default: 'login,chat,chat-full,archived,archived-full,idle' },
    peers: { type: 'string', default: 'Chappe,Prosody,ejabberd' },
    scale: { type: 'string', default: '1' },
  },
});
const only = options.only.split(',');
const peers = options.peers.split(',');
const scale = Number(options.scale);
const ROUNDS = 2;
const accounts = Array.from({ length: 200 }, (_, i) => `user${i}`);
/** Messages a second, over all. */
const RATE = 500;

interface Row {
  title: string;
  unit: 'us' | 'kB';
  /** At most this share of that peer's. */
  budget?: { ratio: number; of: MeasuredXmpp['name'] };
  limit?: number;
}

const rows: Record<string, Row> = {
  login: {
    title: 'login: WebSocket, SCRAM-SHA-1, resource, presence',
    unit: 'us',
    budget: { ratio: 1, of: 'ejabberd' },
  },
  chat: {
    title: `chat message, not archived, ${RATE}/s`,
    unit: 'us',
    budget: { ratio: 0.5, of: 'Prosody' },
  },
  'chat-full': { title: 'chat message, not archived, as many as the server takes', unit: 'us' },
  archived: { title: `chat message, archived, ${RATE}/s`, unit: 'us', budget: { ratio: 0.4, of: 'Prosody' } },
  'archived-full': { title: 'chat message, archived, as many as the server takes', unit: 'us' },
  idle: { title: 'idle WebSocket, bound and available, at 2,000', unit: 'kB', limit: 25 },
};

const results = new Map<string, number[]>();

function record(row: string, server: MeasuredXmpp, value: number): void {
  const key = `${row} ${server.name}`;
  results.set(key, [...(results.get(key) ?? []), value]);
  process.stderr.write(`${key}: ${value.toFixed(1)} ${rows[row]?.unit}\n`);
}

async function startAll(archive: boolean): Promise<MeasuredXmpp[]> {
  const start = {
    Chappe: () => chappeXmpp(accounts),
    Prosody: () => prosodyXmpp(archive, accounts),
    ejabberd: () => ejabberdXmpp(archive, accounts),
  };
  const servers: MeasuredXmpp[] = [];
  for (const name of peers) servers.push(await start[name as keyof typeof start]());
  return servers;
}

/** Each with `run` in turns, after a warm-up of twice as many; CPU of the server for one operation. */
async function inTurns(
  row: string,
  servers: readonly MeasuredXmpp[],
  operations: number,
  run: (server: MeasuredXmpp, operations: number) => Promise<void>,
): Promise<void> {
  if (!only.includes(row)) return;
  const count = Math.max(20, Math.round(operations * scale));
  for (const server of servers) await run(server, 2 * count);
  for (let round = 0; round < ROUNDS; round++) {
    for (const server of servers) {
      const before = cpuTime(server.pid);
      await run(server, count);
      record(row, server, (cpuTime(server.pid) - before) / count);
    }
  }
}

async function logins({ target }: MeasuredXmpp, operations: number): Promise<void> {
  let next = 0;
  const worker = async () => {
    while (next < operations) {
      const user = await XmppUser.login(target, accounts[next++ % accounts.length]!);
      user.drop();
    }
  };
  await Promise.all(Array.from({ length: 10 }, worker));
}

const users = new Map<MeasuredXmpp, XmppUser[]>();
const text = 'A sentence of about the length that people write to each other, and then a little more of it.';

/** Pairs write to each other's bare address; `rate` a second, or 100 under way. */
function chat(hint: string, rate?: number) {
  return async (server: MeasuredXmpp, operations: number): Promise<void> => {
    const all = users.get(server)!;
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    let [sent, received] = [0, 0];
    const late = setTimeout(() => reject(new Error(`${server.name}: ${received} of ${operations} came`)), 120_000);
    const send = () => {
      const at = sent++ % all.length;
      const to = all[at ^ 1]!.jid.split('/')[0];
      all[at]!.send(
        `<message xmlns='jabber:client' to='${to}' type='chat' id='m${sent}'><body>${text}</body>${hint}</message>`,
      );
    };
    for (const user of all)
      user.onStanza = (stanza) => {
        if (!stanza.includes('<body>')) return;
        received += 1;
        if (received === operations) resolve();
        else if (rate === undefined && sent < operations) send();
      };
    if (rate === undefined) for (let i = 0; i < Math.min(100, operations); i++) send();
    else {
      const began = performance.now();
      const timer = setInterval(() => {
        const due = Math.min(operations, ((performance.now() - began) / 1000) * rate);
        while (sent < due) send();
        if (sent >= operations) clearInterval(timer);
      }, 2);
    }
    await promise;
    clearTimeout(late);
  };
}

async function connectAll(servers: readonly MeasuredXmpp[]): Promise<void> {
  for (const server of servers) {
    const all: XmppUser[] = [];
    for (const name of accounts.slice(0, 100)) all.push(await XmppUser.login(server.target, name));
    users.set(server, all);
  }
}

async function stopAll(servers: readonly MeasuredXmpp[]): Promise<void> {
  for (const server of servers) {
    for (const user of users.get(server) ?? []) user.drop();
    await server.stop();
  }
}

execFileSync('taskset', ['-acp', generatorCore, String(process.pid)], { stdio: 'ignore' });
for (const archive of [false, true]) {
  const wanted = archive ? ['archived', 'archived-full', 'idle'] : ['login', 'chat', 'chat-full'];
  if (!wanted.some((row) => only.includes(row))) continue;
  const servers = await startAll(archive);
  if (!archive) await inTurns('login', servers, 300, logins);
  await connectAll(servers);
  const hint = archive ? '' : `<no-store xmlns='urn:xmpp:hints'/><no-permanent-store xmlns='urn:xmpp:hints'/>`;
  const row = archive ? 'archived' : 'chat';
  await inTurns(row, servers, 3_000, chat(hint, RATE));
  await inTurns(`${row}-full`, servers, 5_000, chat(hint));
  if (archive && only.includes('idle')) {
    for (const server of servers) {
      const held: XmppUser[] = [];
      const before = memory(server.pid);
      const count = Math.round(2_000 * scale);
      while (held.length < count) {
        const names = accounts.slice(held.length % accounts.length).slice(0, 50);
        held.push(...(await Promise.all(names.map((name) => XmppUser.login(server.target, name)))));
      }
      await new Promise((resolve) => setTimeout(resolve, 5_000));
      record('idle', server, (memory(server.pid) - before) / held.length / 1000);
      for (const user of held) user.drop();
    }
  }
  await stopAll(servers);
}

const table = ['| | Chappe | Prosody | ejabberd | budget | |', '|---|---|---|---|---|---|'];
for (const [row, { title, unit, budget, limit }] of Object.entries(rows)) {
  const of = (name: string) => results.get(`${row} ${name}`) ?? [];
  if (of('Chappe').length === 0) continue;
  const mean = (values: number[]) => values.reduce((a, b) => a + b, 0) / values.length;
  const range = (values: number[]) => {
    const texts = [Math.min(...values), Math.max(...values)].map((value) => value.toFixed(unit === 'us' ? 0 : 1));
    return values.length === 0 ? '' : `${texts[0] === texts[1] ? texts[0] : texts.join('-')} ${unit}`;
  };
  const ratio = budget === undefined ? undefined : mean(of('Chappe')) / mean(of(budget.of));
  const allowed =
    budget !== undefined ? `<= ${budget.ratio}x ${budget.of}` : limit === undefined ? '' : `<= ${limit} ${unit}`;
  const hit = ratio === undefined ? limit !== undefined && Math.max(...of('Chappe')) <= limit : ratio <= budget!.ratio;
  const verdict =
    allowed === '' ? '' : `${hit ? 'hit' : 'missed'}${ratio === undefined ? '' : ` (${ratio.toFixed(2)})`}`;
  table.push(
    `| ${title} | ${range(of('Chappe'))} | ${range(of('Prosody'))} | ${range(of('ejabberd'))} | ${allowed} | ${verdict} |`,
  );
}
console.log(table.join('\n'));
if (options.write)
  writeSection(
    'XMPP',
    `## XMPP

CPU is user and system time of the server's whole process tree for one operation, from \`/proc\`; memory is the growth of its
proportional set size. All servers run at the same time on one core, the load generator on the other, and are measured in turns
after a warm-up of twice as many operations; a range is the lowest and the highest of the rounds. Over WebSocket; 50 pairs write to
each other's bare addresses. Not archived: Prosody and ejabberd run without archives, Chappe is told by a hint (XEP-0334). Archived: in
the archives of both, Chappe's on disk before it is acknowledged (XEP-0198), ejabberd's in mnesia, Prosody's in its files.

${table.join('\n')}

- date: ${new Date().toISOString().slice(0, 10)}
- machine: ${machine()}
- peers: Prosody 0.12.3, ejabberd 23.01 (Debian 12; \`tools/peers.sh\` installs them)
- again: \`node bench/xmpp.ts --write\`; one row: \`node bench/xmpp.ts --only chat\`
`,
  );
process.exit();
