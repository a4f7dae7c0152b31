// A relaying thread: the relay's cores on sockets. Calls are pinned to it by the signalling thread (relay-thread.ts).
import { parentPort, workerData } from 'node:worker_threads';
import { nativeClock, type Timer } from '../../../transport/clock.ts';
import { primitives } from '../../../transport/primitives.ts';
import { localCertificate, nodeDtlsCrypto } from '../dtls-crypto.ts';
import { Relay } from '../relay/relay.ts';
import { nodeSrtpCrypto } from '../srtp-crypto.ts';
import { PacketRing } from './packet-ring.ts';
import { PhoneSockets } from './phone-sockets.ts';
import { SharedPaths } from './shared-paths.ts';
import type { FromThread, Reply, ThreadData, ToThread } from './thread-messages.ts';

if (parentPort === null) throw new Error('this is a worker thread');
const parent = parentPort;
const { certificate, options, takeovers } = workerData as ThreadData;

/** How often the other thread hears our counters while there is something to count. Milliseconds. */
const METRICS = 1_000;

const tell = (message: FromThread): void => parent.postMessage(message);
const ring = new PacketRing();
const phones = new PhoneSockets(ring, (name, datagram, address, port) => {
  try {
    relay.receive(name, ring.take(datagram), datagram.length, address, port);
  } catch (error) {
    fault(error);
  }
});
const shared = new SharedPaths({ ring, takeovers, tell, receive: receiveShared });
const relay = new Relay(
  {
    clock: { now: nativeClock.now, setTimer },
    epoch: performance.timeOrigin,
    primitives,
    dtls: nodeDtlsCrypto,
    srtp: nodeSrtpCrypto,
    certificate: localCertificate(certificate.der, certificate.privateKey),
    send: (name, packet, length, address, port) => phones.send(name, packet, length, address, port),
    sendMux: (path, packet, length) => shared.send(path, packet, length),
    pathValid: (path) => shared.valid(path),
    pathGone: (path) => shared.gone(path),
    settled: (name, address, port) => phones.connect(name, address, port),
    unsettled: (name) => phones.disconnect(name),
    event: (event) => tell({ type: 'event', event }),
  },
  options,
);

function receiveShared(local: string, datagram: Uint8Array, address: string, port: number): void {
  try {
    relay.receiveMux(local, ring.take(datagram), datagram.length, address, port);
  } catch (error) {
    fault(error);
  }
}

function setTimer(delay: number, fire: () => void): Timer {
  return nativeClock.setTimer(delay, () => {
    try {
      fire();
    } catch (error) {
      fault(error);
    }
  });
}

/** Of one datagram or one timer, which is not everybody's: uncaught, it would end the thread. */
function fault(error: unknown): void {
  tell({ type: 'fault', error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
}

let metricsTimer: NodeJS.Timeout | undefined;

function tellMetrics(): void {
  tell({ type: 'metrics', metrics: relay.metrics });
  if (relay.branches > 0) return;
  clearInterval(metricsTimer);
  metricsTimer = undefined;
}

/** A fault in one request is that request's alone. */
function answer(id: number, work: () => Reply): void {
  let reply: Reply;
  try {
    reply = work();
  } catch (error) {
    reply = { failed: (error as Error).message };
  }
  tell({ type: 'reply', id, reply });
}

parent.on('message', (message: ToThread) => {
  switch (message.type) {
    case 'packet':
      receiveShared(message.local, message.octets, message.address, message.port);
      break;
    case 'bind':
      answer(message.id, () => {
        try {
          phones.bind(message.address, message.sockets);
          return { bound: true };
        } catch (error) {
          return { bound: false, code: (error as NodeJS.ErrnoException).code ?? 'UNKNOWN' };
        }
      });
      break;
    case 'update':
      answer(message.id, () => {
        relay.update(message.plan);
        metricsTimer ??= setInterval(tellMetrics, METRICS);
        return { updated: true };
      });
      break;
    case 'statistics':
      answer(message.id, () => ({ statistics: relay.statistics(message.branch) }));
      break;
    case 'close':
      answer(message.id, () => ({ statistics: relay.close(message.branch) }));
      break;
    case 'unbind':
      phones.unbind(message.names);
      break;
    case 'shared':
      if (message.reusable) shared.ports.set(message.local, message.at);
      break;
  }
});
