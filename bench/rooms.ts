// CPU of a message in a room of 50, for each occupant who gets it: Chappe beside ejabberd and Prosody, in turns.
//   node tools/run.js bench/rooms.ts [--write] [--occupants 50] [--messages 200] [--rate 20] [--rounds 2] [--servers Chappe,ejabberd,Prosody]
import { execFileSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { machine, writeSection } from './section.ts';
import { generatorCore } from './servers.ts';
import { cpuTime } from './usage.ts';
import { XmppClient } from './xmpp-client.ts';
import { chappeXmpp, ejabberdXmpp, type MeasuredXmpp, prosodyXmpp } from './xmpp-servers.ts';

const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    occupants: { type: 'string', default: '50' },
    messages: { type: 'string', default: '200' },
    rate: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '2' },
    servers: { type: 'string', default: 'Chappe,ejabberd,Prosody' },
  },
});
const occupants = Number(options.occupants);
const messages = Number(options.messages);
/** Messages a second. */
const rate = Number(options.rate);
const users = Array.from({ length: occupants }, (_, i) => `user${i}`);
const BODY = 'Shall we meet at the station, or is it too far from where you are?';

execFileSync('taskset', ['-acp', generatorCore, String(process.pid)]);

interface Crowd {
  server: MeasuredXmpp;
  clients: XmppClient[];
  room: string;
  /** Microseconds of CPU for each message that reached somebody, a round each. */
  costs: number[];
  /** Messages that did not reach somebody. */
  lost: number;
}

async function gather(server: MeasuredXmpp): Promise<Crowd> {
  const room = `bench@rooms.${server.target.domain}`;
  const clients: XmppClient[] = [];
  for (const user of users) {
    const client = await XmppClient.connect(server.target, user);
    await client.ask(
      `<presence xmlns='jabber:client' to='${room}/${user}'><x xmlns='http://jabber.org/protocol/muc'><history maxchars='0'/></x></presence>`,
      /<subject/,
    );
    if (clients.length === 0)
      await client.ask(
        `<iq xmlns='jabber:client' type='set' id='open' to='${room}'><query xmlns='http://jabber.org/protocol/muc#owner'><x xmlns='jabber:x:data' type='submit'/></query></iq>`,
        /id=['"]open['"]/,
      );
    clients.push(client);
  }
  return { server, clients, room, costs: [], lost: 0 };
}

/** So many messages at the rate, from one occupant after the other; CPU until all have arrived everywhere. */
async function speak({ server, clients, room }: Crowd, count: number): Promise<{ cost: number; lost: number }> {
  let arrived = 0;
  for (const client of clients)
    client.onStanza = (text) => {
      if (text.includes(BODY)) arrived += 1;
    };
  const before = cpuTime(server.pid);
  const began = performance.now();
  for (let i = 0; i < count; i++) {
    const wait = began + (i * 1_000) / rate - performance.now();
    if (wait > 0) await sleep(wait);
    clients[i % clients.length]?.send(
      `<message xmlns='jabber:client' type='groupchat' id='m${i}' to='${room}'><body>${BODY}</body></message>`,
    );
  }
  const expected = count * clients.length;
  for (const deadline = Date.now() + 10_000; arrived < expected && Date.now() < deadline; ) await sleep(20);
  return { cost: (cpuTime(server.pid) - before) / arrived, lost: expected - arrived };
}

/** That it did what it is measured for: the last message is in the room's archive. */
async function checkArchive({ server, clients, room }: Crowd): Promise<void> {
  const query = `<query xmlns='urn:xmpp:mam:2'><set xmlns='http://jabber.org/protocol/rsm'><max>1</max><before/></set></query>`;
  const found = await clients[0]?.ask(
    `<iq xmlns='jabber:client' type='set' id='archive' to='${room}'>${query}</iq>`,
    /<result|type=['"]error/,
  );
  if (!found?.includes(BODY)) throw new Error(`${server.name} has not archived: ${found}`);
}

const start = {
  Chappe: () => chappeXmpp(users),
  ejabberd: () => ejabberdXmpp(true),
  Prosody: () => prosodyXmpp(true),
};
const began = Date.now();
const crowds: Crowd[] = [];
try {
  for (const name of options.servers.split(',') as (keyof typeof start)[]) {
    const server = await start[name]();
    crowds.push({ server, clients: [], room: '', costs: [], lost: 0 });
    crowds[crowds.length - 1] = await gather(server);
  }
  // Not counted: what runs often is compiled now.
  for (const crowd of crowds) await speak(crowd, messages);
  for (let round = 0; round < Number(options.rounds); round++)
    for (const crowd of crowds) {
      const { cost, lost } = await speak(crowd, messages);
      crowd.costs.push(cost);
      crowd.lost += lost;
      await checkArchive(crowd);
      process.stderr.write(`${crowd.server.name}: ${cost.toFixed(1)} us, ${lost} lost\n`);
    }
} finally {
  for (const { server, clients } of crowds) {
    for (const client of clients) client.drop();
    await server.stop();
  }
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
const range = (values: readonly number[]) => {
  const [low, high] = [Math.min(...values).toFixed(0), Math.max(...values).toFixed(0)];
  return low === high ? low : `${low}-${high}`;
};
const own = crowds.find(({ server }) => server.name === 'Chappe');
const lines = ['| server | CPU a delivery | lost | Chappe to it |', '|---|---|---|---|'];
for (const { server, costs, lost } of crowds) {
  const ratio = own === undefined || server.name === 'Chappe' ? '' : (mean(own.costs) / mean(costs)).toFixed(2);
  lines.push(`| ${server.name} | ${range(costs)} us | ${lost || 'none'} | ${ratio} |`);
}
const table = lines.join('\n');
process.stdout.write(`${table}\n`);
if (options.write)
  writeSection(
    'rooms',
    `## A message in a room of ${occupants}

CPU (user and system, all processes and threads, from \`/proc\`) of messages to a room, divided by the occupants who got each. Everybody is
connected by WebSocket; one after the other says ${BODY.length} characters, ${rate} messages a second, ${messages} a round. The rooms are archived
(XEP-0313). Each server has one core, the load the other one, in turns after a warm-up; a range is the lowest and highest of the
rounds. ejabberd and Prosody run with Debian's defaults and their own stores (Mnesia, files). Budget: at most 0.6 of ejabberd.

${table}

- date: ${new Date().toISOString().slice(0, 10)}; the run took ${Math.round((Date.now() - began) / 1000)} s
- machine: ${machine()}; ejabberd 23.01, Prosody 0.12.3 (Debian 12)
- again: \`node tools/run.js bench/rooms.ts --write\``,
  );
