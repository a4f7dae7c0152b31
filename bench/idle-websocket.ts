// What one idle WebSocket costs the transport alone, and what a frame in and a frame out cost it, beside plain `ws`.
// Usage: node bench/idle-websocket.ts [connections] [chappe|ws]
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type RawData, WebSocketServer } from 'ws';
import type { Flow } from '../src/transport/flow.ts';
import { WebPort } from '../src/transport/web-port.ts';
import { WebSocketFlows } from '../src/transport/websocket.ts';
import { WebSocketClient } from './websocket-client.ts';

/** As large as a REGISTER of JsSIP's, and its 200. */
const MESSAGE = `REGISTER sip:example.test SIP/2.0\r\nX: ${'x'.repeat(700)}\r\n\r\n`;
const ROUNDS = 20;

if (process.argv[2] === 'serve') await serve(process.argv[3] === 'ws');
else {
  const count = Number(process.argv[2] ?? 5000);
  for (const kind of process.argv[3] === undefined ? ['ws', 'chappe'] : [process.argv[3]]) await measure(kind, count);
}

async function serve(plain: boolean): Promise<void> {
  let port: number;
  if (plain) {
    const http = createServer();
    const ws = new WebSocketServer({ server: http, perMessageDeflate: false, clientTracking: false });
    ws.on('connection', (socket) => {
      socket.on('message', (data: RawData) => socket.send(data, { binary: false }));
      socket.on('error', () => {});
    });
    http.listen({ port: 0, host: '127.0.0.1', backlog: 4096 });
    await once(http, 'listening');
    port = (http.address() as AddressInfo).port;
  } else {
    const flows = new WebSocketFlows({ onMessage: (flow: Flow, text) => void flow.send(text), onClose: () => {} });
    const web = new WebPort({ origins: [], handshake: 'optional', verify: () => undefined });
    web.registerSubprotocol('sip', flows);
    port = (await web.listen({ address: '127.0.0.1', port: 0 })).port;
  }
  process.on('message', () => {
    globalThis.gc?.();
    globalThis.gc?.();
    process.send?.({ memory: process.memoryUsage(), cpu: process.cpuUsage() });
  });
  process.send?.({ port });
}

interface Usage {
  memory: NodeJS.MemoryUsage;
  cpu: NodeJS.CpuUsage;
}

async function usage(server: ChildProcess): Promise<Usage> {
  server.send('usage');
  return ((await once(server, 'message')) as [Usage])[0];
}

async function measure(kind: string, count: number): Promise<void> {
  const server = fork(new URL(import.meta.url), ['serve', kind], { execArgv: ['--expose-gc'] });
  const [{ port }] = (await once(server, 'message')) as [{ port: number }];
  const target = { host: '127.0.0.1', port, path: () => '/' };
  const warm = Array.from({ length: 200 }, () => new WebSocketClient(target, ''));
  await Promise.all(warm.map((client) => client.opened));
  for (let round = 0; round < ROUNDS; round++) await exchange(warm);

  const before = await usage(server);
  const began = performance.now();
  const clients: WebSocketClient[] = [];
  for (let at = 0; at < count; at += 500) {
    const some = Array.from({ length: Math.min(500, count - at) }, () => new WebSocketClient(target, ''));
    await Promise.all(some.map((client) => client.opened));
    clients.push(...some);
  }
  const opening = performance.now() - began;
  const opened = await usage(server);
  await exchange(clients);
  const idle = await usage(server);
  for (let round = 0; round < ROUNDS; round++) await exchange(clients);
  const after = await usage(server);

  const each = (what: keyof NodeJS.MemoryUsage) =>
    ((idle.memory[what] - before.memory[what]) / count / 1000).toFixed(1);
  const cpu = (from: Usage, to: Usage, by: number) =>
    ((to.cpu.user + to.cpu.system - from.cpu.user - from.cpu.system) / by).toFixed(1);
  console.log(
    `${kind}: ${count} sockets in ${opening.toFixed(0)} ms; each idle: rss ${each('rss')} kB, heap ${each('heapUsed')} kB, ` +
      `external ${each('external')} kB; a handshake ${cpu(before, opened, count)} us, ` +
      `a message in and out ${cpu(idle, after, count * ROUNDS)} us of CPU`,
  );
  for (const client of [...warm, ...clients]) client.drop();
  server.kill();
  await once(server, 'exit');
}

/** Each client sends a message and has it back; 100 are under way at a time. */
async function exchange(clients: WebSocketClient[]): Promise<void> {
  let next = 0;
  const worker = async () => {
    for (let client = clients[next++]; client !== undefined; client = clients[next++]) {
      const { promise, resolve } = Promise.withResolvers<void>();
      client.onText = () => resolve();
      client.send(MESSAGE);
      await promise;
    }
  };
  await Promise.all(Array.from({ length: 100 }, worker));
}
