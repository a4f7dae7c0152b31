// The two gateways that are compared, all of each on one core: Chappe, and Kamailio with rtpengine in userspace.
import { startChappe } from '../test/support/chappe.ts';
import { startKamailio } from '../test/support/kamailio.ts';
import { freePort } from '../test/support/ports.ts';
import { startRtpengine } from '../test/support/rtpengine.ts';
import type { GatewayAddress } from './gateway-calls.ts';
import { serverCore } from './servers.ts';
import { processTree, threadTime } from './usage.ts';

export interface GatewaySubject {
  name: 'Chappe' | 'Kamailio with rtpengine';
  address: GatewayAddress;
  /** User and system time of all that lives of it, in microseconds. */
  cpu(): number;
  stop(): Promise<unknown>;
}

const domain = 'bench.test';
const secret = 'for-the-benchmark-only';
/** RTP ports of phones: 40 calls that stand, and some that end while others begin. */
const PORTS = 800;

export async function chappeGateway(): Promise<GatewaySubject> {
  const web = `127.0.0.1:${await freePort(2)}`;
  const first = await freePort(PORTS + 1);
  const even = first + (first % 2);
  const server = await startChappe({
    cpu: serverCore,
    config: {
      domain,
      turn: { listen: [`udp:${web}`, `tcp:${web}`] },
      media: { listen: web, rtp: { address: '127.0.0.1', ports: `${even}-${even + PORTS - 1}` } },
      auth: { secret: [secret] },
      accounts: [],
    },
  });
  return {
    name: 'Chappe',
    address: { ws: server.ready.ws, udp: server.sip('udp'), domain, secret },
    cpu: () => cpuOf(server.ready.pid),
    stop: () => server.stop(),
  };
}

/** One relaying thread: on one core a second one only waits for the first. Eight workers are what Kamailio starts unless told. */
export async function kamailioGateway(): Promise<GatewaySubject> {
  // It would keep each call for 30 s after its end.
  const rtpengine = await startRtpengine({ cpu: serverCore, threads: 1, ports: PORTS, flags: ['--delete-delay=0'] });
  const server = await startKamailio({
    domain,
    secret,
    cpu: serverCore,
    workers: 8,
    gateway: { rtpengine: rtpengine.url.replace('udp://', ''), phones: 'RTP/AVP' },
  });
  return {
    name: 'Kamailio with rtpengine',
    address: {
      ws: `ws://${server.endpoint}`,
      udp: { host: '127.0.0.1', port: server.port },
      domain,
      secret,
    },
    cpu: () => cpuOf(server.program.pid) + cpuOf(rtpengine.pid),
    async stop() {
      await server.stop();
      await rtpengine.stop();
    },
  };
}

function cpuOf(root: number): number {
  return processTree(root).reduce((sum, pid) => sum + threadTime(pid), 0);
}
