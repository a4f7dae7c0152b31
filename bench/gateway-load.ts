// The load generator of the gateway benchmark: pages and phones of both gateways, in a process of its own. Told over IPC what to do.
import { type GatewayAddress, GatewayCalls } from './gateway-calls.ts';
import { type LoadResult, StreamLoad } from './stream-load.ts';

export type GatewayWork =
  | { kind: 'register'; name: string; address: GatewayAddress; calls: number }
  /** One call of each page, until media comes through. */
  | { kind: 'begin'; name: string }
  /** Packets a second over those calls, both directions. */
  | { kind: 'run'; rate: number; seconds: number }
  | { kind: 'end'; name: string }
  /** So many calls, without sound, begun at a rate. */
  | { kind: 'short'; name: string; calls: number; rate: number };

const gateways = new Map<string, GatewayCalls>();
let calls: Awaited<ReturnType<GatewayCalls['begin']>> = [];
let load: StreamLoad | undefined;

async function perform(work: GatewayWork): Promise<LoadResult | undefined> {
  if (work.kind === 'run') return load!.run(work.rate, work.seconds);
  if (work.kind === 'register') {
    gateways.set(work.name, await GatewayCalls.open(work.address, work.calls));
    return undefined;
  }
  const gateway = gateways.get(work.name)!;
  if (work.kind === 'begin') {
    calls = await gateway.begin();
    load = await StreamLoad.open(calls.map(({ page, phone }) => [page, phone] as const));
  } else if (work.kind === 'end') await gateway.end(calls);
  else await gateway.short(work.calls, work.rate);
  return undefined;
}

process.on('message', (work: GatewayWork) => {
  perform(work).then(
    (result) => process.send!({ result }),
    (error: Error) => process.send!({ failed: error.stack ?? error.message }),
  );
});
process.on('disconnect', () => process.exit());
