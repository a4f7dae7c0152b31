// STUN and TURN: on the ports of their own, on the web port and in a WebSocket.

import type { TurnEvent } from '../../protocol/turn/outputs.ts';
import { nativeClock } from '../../transport/clock.ts';
import { primitives } from '../../transport/primitives.ts';
import type { Configuration } from '../config.ts';
import { formatListen, type Listen } from '../configuration/listen.ts';
import { type Bound, listenAll } from '../listening.ts';
import type { Log } from '../log.ts';
import { AccountCredentials } from '../turn/credentials.ts';
import { relayAddresses } from '../turn/relay-addresses.ts';
import { SourceRate } from '../turn/source-rate.ts';
import { StunServer } from '../turn/stun-server.ts';
import { TurnServer } from '../turn/turn-server.ts';
import type { Certificate } from './certificate.ts';
import type { Foundation } from './foundation.ts';
import type { MediaPart } from './media.ts';

export interface TurnPart {
  server: TurnServer;
  /** Plain STUN, which every UDP port of this server answers. */
  stun: StunServer;
  listen(): Promise<void>;
  listening(): Listen[];
  reload(next: Configuration): void;
}

export function composeTurn(foundation: Foundation, media: MediaPart): TurnPart {
  const { configuration, certificate, notice, closers } = foundation;
  const { turn, limits } = configuration;
  const software = `Chappe ${foundation.version}`;
  const { bindingBurst: burst, bindingRate: rate } = limits.turn;
  const stun = new StunServer({ software, rate: new SourceRate({ burst, rate, now: () => performance.now() }) });
  const credentials = new AccountCredentials({
    accounts: foundation.folder.accounts,
    realm: configuration.domain,
    primitives,
    now: foundation.wallClock,
  });
  credentials.secrets = turn.secrets ?? [];
  const server = new TurnServer({
    realm: configuration.domain,
    credentials,
    primitives,
    clock: nativeClock,
    binding: stun.respond,
    relay: {
      addresses: relayAddresses({
        configured: turn.relay.addresses,
        publicAddress: configuration.public.address,
        listening: turn.listen.map(({ address }) => address),
      }),
      ports: turn.relay.ports,
    },
    ownAddresses: [configuration.public.address ?? []].flat(),
    isMediaPort: media.isMediaPort,
    allowPeers: turn.allowPeers,
    denyPeers: turn.denyPeers,
    software,
    limits: limits.turn,
    transport: limits.transport,
    admission: foundation.admission,
    onEvent: (event) => logTurn(foundation.log, event),
    onFault: (error) => foundation.log.error({ error: String(error) }, 'fault in TURN'),
  });
  let listening: Listen[] = [];
  return {
    server,
    stun,
    async listen() {
      const ports = await listenAll({
        key: 'turn.listen',
        entries: turn.listen.map((entry) => ({ ...entry, media: media.portBesideTurn(entry) })),
        configured: turn.configured,
        open: async ({ media: beside, ...entry }): Promise<Bound> => {
          if (entry.transport === 'tcp') return server.listenTcp(entry);
          if (entry.transport === 'tls') return server.listenTls(entry, certificate as Certificate);
          const port = await server.listenUdp(entry, beside);
          beside?.attach(port);
          return port;
        },
        format: formatListen,
        notice,
      });
      closers.push(() => server.close());
      listening = ports.map(({ entry: { transport }, port }) => ({ transport, ...port.endpoint }));
    },
    listening: () => listening,
    reload(next) {
      credentials.secrets = next.turn.secrets ?? [];
    },
  };
}

/** One line for an allocation's beginning and end, and for what was refused. */
function logTurn(log: Log, event: TurnEvent): void {
  if (event.type === 'refused') {
    log.debug({ code: event.code, remote: event.fiveTuple.address }, 'TURN request refused');
    return;
  }
  const { usage, fiveTuple } = event.allocation;
  const fields = { account: usage.account, remote: fiveTuple.address, transport: fiveTuple.transport };
  if (event.type === 'allocated') log.info(fields, 'allocation made');
  else log.info({ ...fields, reason: event.reason }, 'allocation ended');
}
