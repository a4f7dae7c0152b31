// What an MSRP relay costs for each kilobyte of a file, ours beside Kamailio's in the same run: CPU time of the server's
// process tree, the clients on another core.
//   node bench/msrp.ts [--write] [--megabytes 100]
import { ephemeralPassword } from '../src/protocol/credentials/ephemeral.ts';
import { primitives } from '../src/transport/primitives.ts';
import { startChappe } from '../test/support/chappe.ts';
import { startKamailioRelay } from '../test/support/kamailio-msrp.ts';
import { MsrpEnd } from './msrp-end.ts';
import { machine, writeSection } from './section.ts';
import { cpuTime, memory } from './usage.ts';

const option = (name: string) => process.argv[process.argv.indexOf(`--${name}`) + 1];
const MEGABYTES = process.argv.includes('--megabytes') ? Number(option('megabytes')) : 100;
const ROUNDS = 3;
const SECRET = 'for-the-benchmark-only';
const core = '0';

interface Result {
  /** Microseconds of CPU a kilobyte, megabytes a second, and megabytes that the server grew by. */
  cpu: number;
  speed: number;
  grown: number;
}

/** The whole file from one end to the other, every chunk answered: the best of some rounds, others share this machine. */
async function transfer(pid: number, ends: () => Promise<[MsrpEnd, MsrpEnd, string[]]>): Promise<Result> {
  const file = Buffer.alloc(MEGABYTES * 1_000_000, 'chappe');
  let best: Result | undefined;
  for (let round = 0; round <= ROUNDS; round++) {
    const [sender, receiver, remote] = await ends();
    const session = sender.begin(remote);
    receiver.begin([...sender.path, sender.own]);
    let octets = 0;
    const received = new Promise<void>((resolve) => {
      receiver.onEvent = (event) => {
        if (event.type === 'data') octets += event.octets.length;
        else if (event.type === 'received') resolve();
      };
    });
    const before = { cpu: cpuTime(pid), memory: memory(pid), at: performance.now() };
    let grown = 0;
    const watch = setInterval(() => {
      grown = Math.max(grown, memory(pid) - before.memory);
    }, 200);
    const sent = new Promise<void>((resolve, reject) => {
      sender.onEvent = (event) => {
        if (event.type === 'sent') resolve();
        if (event.type === 'failed') reject(new Error(`failed: ${event.status}`));
      };
    });
    sender.run(session.send({ contentType: 'application/octet-stream', body: file }, performance.now()).outputs);
    await Promise.all([sent, received]);
    clearInterval(watch);
    if (octets !== file.length) throw new Error(`${octets} of ${file.length} octets`);
    const cpu = (cpuTime(pid) - before.cpu) / (file.length / 1000);
    const speed = file.length / 1000 / (performance.now() - before.at);
    sender.close();
    receiver.close();
    if (round > 0 && (best === undefined || cpu < best.cpu)) best = { cpu, speed, grown: grown / 1e6 };
  }
  return best as Result;
}

async function chappe(): Promise<{ webSocket: Result; tcp: Result }> {
  const server = await startChappe({
    cpu: core,
    config: { domain: 'bench.test', auth: { secret: [SECRET] }, accounts: [] },
  });
  const { ws, pid, msrp } = server.ready;
  const webSocket = async (name: string) => {
    const username = `${Math.floor(Date.now() / 1000) + 600}:${name}`;
    const password = ephemeralPassword(primitives, SECRET, username);
    const end = await MsrpEnd.overWebSocket(
      `${ws}?username=${encodeURIComponent(username)}&password=${encodeURIComponent(password)}`,
    );
    await end.use(`msrp://${new URL(ws).host};ws`);
    return end;
  };
  const tcpPort = Number(/:(\d+)$/.exec(msrp[0] ?? '')?.[1]);
  const results = {
    webSocket: await transfer(pid, async () => {
      const [sender, receiver] = [await webSocket('alice'), await webSocket('bob')];
      return [sender, receiver, [...receiver.path, receiver.own]];
    }),
    // As Kamailio is asked: the sender goes straight to the receiver's use.
    tcp: await transfer(pid, async () => {
      const [sender, receiver] = [await MsrpEnd.overTcp(tcpPort), await webSocket('bob')];
      return [sender, receiver, [...receiver.path, receiver.own]];
    }),
  };
  await server.stop();
  return results;
}

async function kamailio(): Promise<Result> {
  const server = await startKamailioRelay(core);
  const result = await transfer(server.program.pid, async () => {
    const [sender, receiver] = [await MsrpEnd.overTcp(server.port), await MsrpEnd.overTcp(server.port)];
    await receiver.use(`msrp://127.0.0.1:${server.port};tcp`);
    return [sender, receiver, [...receiver.path, receiver.own]];
  });
  await server.stop();
  return result;
}

const ours = await chappe();
const theirs = await kamailio();
const row = (name: string, { cpu, speed, grown }: Result) =>
  `| ${name} | ${cpu.toFixed(1)} | ${speed.toFixed(0)} | ${grown.toFixed(0)} |`;
const table = `## MSRP relay

One file of ${MEGABYTES} MB in chunks of 10,000 octets, each answered by the relay and by the receiver (the best of
${ROUNDS}). The file is never in the relay as a whole. Kamailio passes frames on as they are: it
keeps no transactions, reports nothing, and has nobody wait. The aim is 15 us of CPU a kilobyte.

| relay, and how its clients reach it | CPU, us a kB | MB/s | grown by, MB |
|---|---|---|---|
${row('Chappe, WebSocket to WebSocket', ours.webSocket)}
${row('Chappe, TCP to WebSocket', ours.tcp)}
${row('Kamailio 5.6, TCP to TCP', theirs)}

- ${machine()}; the server on one core, both clients on the other
- again: \`node bench/msrp.ts --write\``;
console.log(table);
if (process.argv.includes('--write')) writeSection('MSRP', table);
process.exit(0);
