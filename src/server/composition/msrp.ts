// The MSRP relay: in a WebSocket of the web port, and on ports of its own.
import { nativeClock } from '../../transport/clock.ts';
import { primitives } from '../../transport/primitives.ts';
import { formatListen, type Listen } from '../configuration/listen.ts';
import { type Bound, listenAll } from '../listening.ts';
import { MsrpAuthentication } from '../msrp/authentication.ts';
import { MsrpServer } from '../msrp/msrp-server.ts';
import { msrpSubprotocol } from '../msrp/websocket-connection.ts';
import type { Certificate } from './certificate.ts';
import type { Foundation } from './foundation.ts';
import { reachable } from './own-names.ts';
import type { SipPart } from './sip.ts';
import type { WebPart } from './web.ts';

export interface MsrpPart {
  server: MsrpServer;
  listen(): Promise<void>;
  listening(): Array<Listen<'tcp' | 'tls'>>;
}

export function composeMsrp(foundation: Foundation, { sip, web }: { sip: SipPart; web: WebPart }): MsrpPart {
  const { configuration, certificate, folder, log, notice, closers } = foundation;
  const { msrp, limits } = configuration;
  let listening: Array<Listen<'tcp' | 'tls'>> = [];
  const server = new MsrpServer({
    authentication: new MsrpAuthentication({
      realm: configuration.domain,
      algorithms: configuration.auth.digest,
      secret: folder.internalSecret,
      accounts: folder.accounts,
      primitives,
      wallClock: foundation.wallClock,
      failures: { burst: limits.sip.failuresPerAddress, rate: 1_000 / limits.sip.addressFailureForgiven },
      now: () => performance.now(),
    }),
    primitives,
    clock: nativeClock,
    wallClock: foundation.wallClock,
    // Where others reach us: a port of our own, with TLS before without; else the web port.
    address: () => {
      const best = listening.find(({ transport }) => transport === 'tls') ?? listening[0];
      const at = reachable(best ?? web.listening());
      const address = configuration.public.host ?? configuration.public.address ?? at.address;
      return {
        secure: best === undefined ? certificate !== undefined : best.transport === 'tls',
        host: address.includes(':') ? `[${address}]` : address,
        port: at.port,
        transport: best === undefined ? 'ws' : 'tcp',
      };
    },
    allowPeers: msrp.allowPeers,
    limits: limits.msrp,
    transport: limits.transport,
    admission: foundation.admission,
    onFrame: (out, connection, head) => sip.server.trace?.record(out, connection, head),
    onEvent: (event, connection) => {
      const remote = connection?.address;
      if (event.type === 'granted')
        log.info({ account: event.name, remote, expires: event.expires }, 'MSRP use granted');
      else if (event.type === 'refused')
        log.debug({ status: event.status, method: event.head.method, remote }, 'MSRP request refused');
    },
    onFault: (error) => log.error({ error: String(error) }, 'fault in MSRP'),
  });
  web.port.registerSubprotocol('msrp', msrpSubprotocol(server));
  return {
    server,
    async listen() {
      const ports = await listenAll({
        key: 'msrp.listen',
        entries: msrp.listen,
        configured: msrp.configured,
        open: (entry): Promise<Bound> =>
          entry.transport === 'tcp' ? server.listenTcp(entry) : server.listenTls(entry, certificate as Certificate),
        format: formatListen,
        notice,
      });
      closers.push(() => server.close());
      listening = ports.map(({ entry: { transport }, port }) => ({ transport, ...port.endpoint }));
    },
    listening: () => listening,
  };
}
