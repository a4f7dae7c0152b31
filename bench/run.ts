// Chappe beside Kamailio: the same load on the same machine in the same run, in turns (A B A B).
//   node bench/run.ts [--write] [--only register,call] [--peers kamailio,floor] [--scale 0.2] [--workers 1]
// --write renews its section of docs/BENCHMARKS.md. The whole run takes about seven minutes.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { parseArgs } from 'node:util';
import type { Done, Work } from './generator.ts';
import { type Measurement, markdown, rows, sectionName, table } from './report.ts';
import { writeSection } from './section.ts';
import {
  chappeServer,
  floorServer,
  generatorCore,
  kamailioServer,
  type MeasuredServer,
  type ServerName,
} from './servers.ts';
import { udpCall, udpRegister } from './udp.ts';
import { cpuTime, memory } from './usage.ts';

const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    only: { type: 'string' },
    peers: { type: 'string', default: 'chappe,kamailio,floor' },
    scale: { type: 'string', default: '1' },
    workers: { type: 'string', default: '8' },
  },
});
const only = options.only?.split(',') ?? rows.map(({ name }) => name);
const scale = Number(options.scale);
const rounds = 2;
const measurements: Measurement[] = [];
const started = Date.now();

const generator = fork(new URL('./generator.ts', import.meta.url), {
  execPath: 'taskset',
  execArgv: ['-c', generatorCore, process.execPath],
});
const generatorEnded = once(generator, 'exit').then(([code]) => {
  throw new Error(`the generator ended with ${code}`);
});
generatorEnded.catch(() => {});

/** One piece of work by the generator's process. */
async function perform(work: Work): Promise<Done> {
  generator.send(work);
  const [done] = await Promise.race([once(generator, 'message'), generatorEnded]);
  return done as Done;
}

const servers: MeasuredServer[] = [];
const start = { chappe: chappeServer, kamailio: () => kamailioServer(Number(options.workers)), floor: floorServer };
const peers = options.peers.split(',') as (keyof typeof start)[];
async function startAll(names: readonly ServerName[] = peers.filter((name) => name !== 'floor')): Promise<void> {
  for (const name of names) servers.push(await start[name]());
}
async function stopAll(): Promise<void> {
  for (const server of servers.splice(0)) {
    await perform({ kind: 'disconnect', peer: server.peer });
    await server.stop();
  }
}

/**
 * CPU of one operation, the servers in turns, after a warm-up of twice as many operations that is not counted: V8 goes on
 * compiling for thousands of calls, which a server does once in its life.
 */
async function cpuOf(
  name: string,
  operations: number,
  run: (server: MeasuredServer, operations: number) => Promise<Done>,
): Promise<void> {
  if (!only.includes(name)) return;
  const count = Math.max(50, Math.round(operations * scale));
  for (const server of servers) await run(server, 2 * count);
  for (let round = 0; round < rounds; round++) {
    for (const server of servers) {
      const before = cpuTime(server.pid);
      const done = await run(server, count);
      record(name, server, (cpuTime(server.pid) - before) / Math.max(1, done.operations), done);
    }
  }
}

function record(name: string, server: MeasuredServer, value: number, done: Done): void {
  const { failures, elapsed, lastFailure } = done;
  measurements.push({ name, server: server.name, value, failures, elapsed });
  const failed = failures ? `  ${failures} FAILED (${lastFailure})` : '';
  process.stderr.write(
    `${name} ${server.name}: ${value.toFixed(1)} (${done.operations} in ${elapsed.toFixed(0)} ms)${failed}\n`,
  );
}

async function connect(count: number): Promise<void> {
  for (const { peer } of servers) {
    const done = await perform({ kind: 'connect', peer, count, prefix: 'load' });
    if (done.failures) process.stderr.write(`connect ${peer.name}: ${done.failures} FAILED (${done.lastFailure})\n`);
  }
}

try {
  await startAll(peers);
  if (only.some((name) => /^(register|message|call)/.test(name))) await connect(Math.round(5_000 * scale));
  const overWebSocket =
    (kind: 'register' | 'message' | 'call', rate?: number) => (server: MeasuredServer, operations: number) =>
      perform({ kind, peer: server.peer, operations, ...(rate ? { rate: rate * scale } : {}) });
  await cpuOf('register', 12_000, overWebSocket('register', 3_000));
  await cpuOf('message', 6_000, overWebSocket('message', 1_500));
  await cpuOf('call', 2_000, overWebSocket('call', 400));
  await cpuOf('register-full', 20_000, overWebSocket('register'));
  await cpuOf('message-full', 10_000, overWebSocket('message'));
  await cpuOf('call-full', 3_000, overWebSocket('call'));
  await stopAll();

  await startAll();
  await cpuOf('udp-register', 6_000, udpRegister);
  await cpuOf('udp-call', 1_000, udpCall);
  await stopAll();

  if (only.includes('storm')) {
    // 5,000 lose their connection in the same instant and come back at once.
    await startAll();
    await connect(Math.round(5_000 * scale));
    for (let round = 0; round < rounds; round++) {
      for (const server of servers) {
        const done = await perform({ kind: 'storm', peer: server.peer });
        record('storm', server, done.elapsed, done);
      }
    }
    await stopAll();
  }

  if (only.includes('idle')) {
    const count = Math.round(10_000 * scale);
    for (const name of peers.filter((name) => name !== 'floor')) {
      // One at a time: the generator has file descriptors for one.
      const server = await start[name]();
      servers.push(server);
      const { peer, pid } = server;
      // The first thousand bring the code and pools every server has once; the others cost what one more costs.
      await perform({ kind: 'connect', peer, count: Math.round(count / 10), prefix: 'first' });
      const before = memory(pid);
      const done = await perform({ kind: 'connect', peer, count, prefix: 'idle' });
      await new Promise((resolve) => setTimeout(resolve, 5_000)); // what was only needed for connecting is given back
      record('idle', server, (memory(pid) - before) / count, done);
      await stopAll();
    }
  }
} finally {
  generator.disconnect();
  for (const server of servers) await server.stop();
}

process.stdout.write(`${table(measurements)}\n`);
if (options.write) {
  const seconds = Math.round((Date.now() - started) / 1000);
  writeSection(sectionName(Number(options.workers)), markdown(measurements, seconds, Number(options.workers)));
}
