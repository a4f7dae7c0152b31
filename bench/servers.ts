// The two servers that are compared, configured for the same work: SIP over WebSocket with an ephemeral credential checked at
// the handshake and again on every request, digest on UDP, the location service in memory, stateful relay.
import { startChappe } from '../test/support/chappe.ts';
import { startKamailio } from '../test/support/kamailio.ts';
import { Program } from '../test/support/program.ts';
import type { Peer } from './generator.ts';

export type ServerName = 'chappe' | 'kamailio' | 'floor';

export interface MeasuredServer {
  name: ServerName;
  pid: number;
  /** WebSocket side */
  peer: Peer;
  /** UDP side, `host:port` */
  udp: string;
  stop(): Promise<unknown>;
}

const domain = 'bench.test';
const secret = 'for-the-benchmark-only';

/** Both servers run on this core, the generators on the other. */
export const serverCore = '0';
export const generatorCore = '1';

export async function chappeServer(): Promise<MeasuredServer> {
  const server = await startChappe({
    cpu: serverCore,
    config: {
      domain,
      web: { listen: '127.0.0.1:0' },
      sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] },
      turn: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] },
      media: { policy: 'never', probe: false }, // Kamailio does nothing of that kind
      auth: { secret: [secret] },
      accounts: [],
    },
  });
  return {
    name: 'chappe',
    pid: server.ready.pid,
    peer: { name: 'chappe', host: '127.0.0.1', port: Number(new URL(server.ready.ws).port), domain, secret },
    udp: server.sip('udp').text,
    stop: () => server.stop(),
  };
}

/** `workers`: 8 is what Kamailio starts unless told otherwise; 1 is its leanest, without a lock contended. */
export async function kamailioServer(workers: number): Promise<MeasuredServer> {
  const server = await startKamailio({ domain, secret, cpu: serverCore, megabytes: 4096, workers });
  return {
    name: 'kamailio',
    pid: server.program.pid,
    peer: { name: 'kamailio', host: '127.0.0.1', port: server.port, domain, secret },
    udp: server.endpoint,
    stop: () => server.stop(),
  };
}

/** Not a SIP server: what Node and `ws` cost by themselves. */
export async function floorServer(): Promise<MeasuredServer> {
  const file = new URL('./floor.ts', import.meta.url).pathname;
  const program = new Program('floor', process.execPath, [file], { cpu: serverCore });
  const [, port] = await program.waitFor(/^ready (\d+)$/m);
  return {
    name: 'floor',
    pid: program.pid,
    peer: { name: 'floor', host: '127.0.0.1', port: Number(port), domain, secret },
    udp: '',
    stop: () => program.stop(),
  };
}
