// What a packet costs the embedded media engine on real sockets: 40 calls of a browser (SRTP, the shared port) and a phone
// (plain RTP), 172 octets a packet, the load from another process. `node bench/media-engine.ts [packets a second] [calls]`.
// With `hop` as the third argument nothing is taken over: what browsers send and get goes by the signalling thread.
import { fork } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { parseFingerprint } from '../src/protocol/dtls/fingerprint.ts';
import { parseDescription } from '../src/protocol/sdp/session-description.ts';
import { EmbeddedEngine } from '../src/server/media/embedded/embedded-engine.ts';
import { listenForMedia } from '../src/server/media/embedded/own-socket.ts';
import type { MediaBranch } from '../src/server/media/engine.ts';
import { nativeClock } from '../src/transport/clock.ts';
import { browserDescription, phoneDescription } from '../test/support/relay-descriptions.ts';
import { PEER_FINGERPRINT, type PeerWorld, RelayPeer } from '../test/support/relay-peer.ts';

const LOOPBACK = '127.0.0.1';
const SECONDS = 5;
/** A packet of G.711: 160 octets and a header. */
const PAYLOAD = 'x'.repeat(160);

type ToLoad = { calls: number; rate: number } | { answers: string[]; offers: string[] } | 'go';
type FromLoad =
  | { phones: number[]; fingerprint: string }
  | 'connected'
  | { sent: number; received: number; cpu: number };

if (process.send) await load();
else await serve();

async function serve(): Promise<void> {
  const rate = Number(process.argv[2] ?? 12_000);
  const calls = Number(process.argv[3] ?? 40);
  const engine = new EmbeddedEngine({
    addresses: { listen: LOOPBACK, rtp: [], publicAddress: undefined },
    ports: { first: 20_000, last: 24_999 },
    limits: { workers: 1 },
  });
  const shared = engine.shared.add();
  const port = listenForMedia({ address: LOOPBACK, port: 0 }, shared, () => undefined);
  shared.attach(process.argv[4] === 'hop' ? { ...port, endpoint: port.endpoint, reusable: false } : port);
  const child = fork(fileURLToPath(import.meta.url), [], { serialization: 'advanced' });
  const tell = (message: ToLoad) => child.send(message);
  const told = async <T>(): Promise<T> => (await once(child, 'message'))[0] as T;

  tell({ calls, rate });
  const { phones, fingerprint } = await told<{ phones: number[]; fingerprint: string }>();
  const branches: MediaBranch[] = [];
  const [offers, answers]: [string[], string[]] = [[], []];
  for (const phone of phones) {
    const call = engine.open({ callId: '', callerTag: '', caller: { profile: 'webrtc', address: LOOPBACK } });
    const branch = call.branch({ profile: 'RTP/AVP', address: LOOPBACK }, (event) => console.error(event));
    offers.push(await branch.offer('caller', browserDescription({ fingerprint })));
    answers.push(await branch.answer('callee', phoneDescription({ address: LOOPBACK, port: phone })));
    branch.confirm();
    branches.push(branch);
  }
  tell({ offers, answers });
  await told();
  const before = process.cpuUsage();
  tell('go');
  const { sent, received } = await told<{ sent: number; received: number }>();
  const { user, system } = process.cpuUsage(before);
  const figures = (await Promise.all(branches.map((branch) => branch.close()))).flat();
  console.log({
    sent,
    received,
    lost: sent - received,
    'us a packet': ((user + system) / received).toFixed(1),
    'of it system': (system / received).toFixed(1),
    dropped: JSON.stringify(figures.map(({ dropped }) => dropped).filter((each) => Object.keys(each).length > 0)),
  });
  child.kill();
  await engine.close();
  await port.close();
}

/** In the other process: every browser and phone. */
async function load(): Promise<void> {
  const told = async <T>(): Promise<T> => (await once(process, 'message'))[0] as T;
  const tell = (message: FromLoad) => process.send!(message);
  const { calls, rate } = await told<{ calls: number; rate: number }>();
  const sockets = new Map<number, Socket>();
  const world: PeerWorld = {
    clock: nativeClock,
    settle() {},
    deliver(destination, octets, _address, port) {
      sockets.get(port)!.send(octets, Number(destination), LOOPBACK);
      return true;
    },
  };
  let received = 0;
  let counting = false;
  const peers = await Promise.all(
    Array.from({ length: 2 * calls }, async () => {
      const socket = createSocket({ type: 'udp4', recvBufferSize: 1 << 22 });
      socket.bind(0, LOOPBACK);
      await once(socket, 'listening');
      const { port } = socket.address();
      sockets.set(port, socket);
      const peer = new RelayPeer(world, LOOPBACK, port, '');
      socket.on('message', (datagram) => {
        if (counting && datagram.length >= 172) received++;
        else if (!counting) peer.receive(new Uint8Array(datagram));
      });
      return peer;
    }),
  );
  const [browsers, phones] = [peers.slice(0, calls), peers.slice(calls)];
  const described = told<{ offers: string[]; answers: string[] }>();
  tell({ phones: phones.map(({ port }) => port), fingerprint: PEER_FINGERPRINT });
  const { offers, answers } = await described;
  const portOf = (text: string) => String(parseDescription(text).media[0]!.port);
  for (const [i, browser] of browsers.entries()) {
    const answer = answers[i]!;
    phones[i]!.socket = portOf(offers[i]!);
    browser.socket = portOf(answer);
    browser.check(answer);
    while (browser.stun.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    const section = parseDescription(answer).media[0]!;
    const fingerprints = [parseFingerprint(section.fingerprints[0]!.value)!];
    browser.startDtls('server', { fingerprints });
    while (browser.sender === undefined) await new Promise((resolve) => setTimeout(resolve, 1));
    browser.sendRtp({ payload: PAYLOAD });
    phones[i]!.sendRtp({ payload: PAYLOAD });
  }
  await new Promise((resolve) => setTimeout(resolve, 300));
  const go = told();
  tell('connected');
  await go;
  counting = true;
  let sent = 0;
  const start = performance.now();
  while (performance.now() - start < SECONDS * 1000) {
    const due = Math.floor(((performance.now() - start) * rate) / 1000);
    while (sent < due) {
      peers[sent % peers.length]!.sendRtp({ payload: PAYLOAD });
      sent++;
    }
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  await new Promise((resolve) => setTimeout(resolve, 500));
  tell({ sent, received, cpu: 0 });
}
