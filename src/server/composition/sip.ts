// SIP: the server, and everything that brings it flows.
import type { CallRecord } from '../../storage/ports.ts';
import { nativeClock } from '../../transport/clock.ts';
import { Resolver } from '../../transport/dns.ts';
import { LocalAddresses } from '../../transport/local-address.ts';
import { OutgoingConnections } from '../../transport/outgoing.ts';
import { primitives } from '../../transport/primitives.ts';
import { listenTcp, TcpFlows } from '../../transport/tcp.ts';
import { listenTls, type TlsPort } from '../../transport/tls.ts';
import { listenUdp, type StunResponder, type UdpPort } from '../../transport/udp.ts';
import { WebSocketFlows } from '../../transport/websocket.ts';
import type { Configuration, TlsFiles } from '../config.ts';
import { formatListen, type Listen } from '../configuration/listen.ts';
import { type Bound, listenAll } from '../listening.ts';
import { LoopLag } from '../loop-lag.ts';
import type { MediaEngine } from '../media/engine.ts';
import type { MediaPolicies } from '../sip/gateway.ts';
import type { Listening, Transports } from '../sip/ports.ts';
import { SipServer } from '../sip/sip-server.ts';
import { readCertificate } from './certificate.ts';
import type { Foundation } from './foundation.ts';
import type { MessagingPart } from './messaging.ts';
import { sipHosts } from './own-names.ts';

export interface SipPart {
  server: SipServer;
  /** What the web port hands over: WebSockets, and connections whose first octets are SIP's. */
  webSockets: WebSocketFlows;
  streams: TcpFlows;
  listen(stun: StunResponder): Promise<void>;
  listening(): Array<Listen<'udp' | 'tcp' | 'tls'>>;
  /** Once everything listens. `web`: the web port, as SIP names it. */
  start(web: Listening): Promise<void>;
  reload(next: Configuration): void;
}

/** `onCallEnd` is told of every call that is over. */
export function composeSip(
  foundation: Foundation,
  media: MediaEngine,
  { inbox, presences, subscriptions, blockLists, waiting }: MessagingPart,
  onCallEnd: (record: CallRecord) => void,
): SipPart {
  const { configuration, folder, log, notice, closers } = foundation;
  const { limits, sip } = configuration;
  const loopLag = new LoopLag();
  closers.push(() => loopLag.stop());
  const server = new SipServer(
    {
      domain: configuration.domain,
      hosts: sipHosts(configuration),
      ...(configuration.public.host !== undefined && { publicHost: configuration.public.host }),
      secrets: [folder.internalSecret],
      auth: configuration.auth,
      routes: sip.routes,
      limits: limits.sip,
      messageBytes: limits.transport.messageBytes,
      media: { policies: mediaPolicies(configuration), probe: configuration.media.probe },
    },
    {
      accounts: folder.accounts,
      primitives,
      clock: nativeClock,
      wallClock: foundation.wallClock,
      bindings: folder.store.bindings,
      calls: onCallEnd,
      log,
      loopLag: () => loopLag.value,
      media,
      messaging: {
        inbox,
        presences,
        watchers: subscriptions,
        waiting,
        onWaiting: (listener) => inbox.onWaiting(listener),
        onBlock: (listener) => blockLists.onChange((owner) => listener(owner.slice(0, owner.indexOf('@')))),
      },
    },
  );
  const webSockets = new WebSocketFlows(server, limits.transport);
  const streams = new TcpFlows(server, limits.transport);
  const udpPorts: UdpPort[] = [];
  const tlsPorts: TlsPort[] = [];
  let listening: Array<Listen<'udp' | 'tcp' | 'tls'>> = [];
  return {
    server,
    webSockets,
    streams,
    async listen(stun) {
      const shared = { limits: limits.transport, admission: foundation.admission };
      const ports = await listenAll({
        key: 'sip.listen',
        entries: sip.listen,
        configured: sip.configured,
        open: async (entry): Promise<Bound> => {
          if (entry.transport === 'tcp') return listenTcp({ ...entry, ...shared }, server);
          if (entry.transport === 'tls') {
            const tls = readCertificate(sip.tls as TlsFiles);
            const port = await listenTls({ ...entry, ...shared, tls }, server);
            tlsPorts.push(port);
            return port;
          }
          const port = await listenUdp({ ...entry, stun, limits: limits.transport }, server);
          udpPorts.push(port);
          return {
            endpoint: port.endpoint,
            close() {
              udpPorts.splice(udpPorts.indexOf(port), 1);
              return port.close();
            },
          };
        },
        format: formatListen,
        notice,
      });
      for (const { port } of ports) closers.push(() => port.close());
      listening = ports.map(({ entry, port }) => ({ ...entry, ...port.endpoint }));
    },
    listening: () => listening,
    async start(web) {
      await server.start(transports(udpPorts, streams, configuration.public.address), [...listening, web]);
      // From the last to the first: what the SIP server still has to say goes out by its flows.
      closers.push(
        () => webSockets.close(),
        () => streams.close(),
        () => server.close(),
      );
    },
    reload(next) {
      server.routes = next.sip.routes;
      server.mediaPolicies = mediaPolicies(next);
      if (next.sip.tls !== undefined) for (const port of tlsPorts) port.renewCertificate(readCertificate(next.sip.tls));
    },
  };
}

/** What the SIP server sends by when it is not an answer. */
function transports(
  udpPorts: readonly UdpPort[],
  streams: TcpFlows,
  publicAddress: Configuration['public']['address'],
): Transports {
  const outgoing = new OutgoingConnections(streams);
  const resolver = new Resolver();
  const localAddresses = new LocalAddresses(publicAddress);
  return {
    udpFlow(remote, localPort) {
      const family = remote.address.includes(':');
      // (`::` is bound to IPv4 as well.)
      const fit = udpPorts.filter(
        ({ endpoint: { address } }) => address.includes(':') === family || (address === '::' && !family),
      );
      const port = localPort === undefined ? fit[0] : fit.find(({ endpoint }) => endpoint.port === localPort);
      return port?.flowTo(remote);
    },
    connect: (transport, remote, servername) => outgoing.flowTo(transport, remote, servername),
    addressTowards: (remote, bound) => localAddresses.towards(remote, bound),
    resolve: (host) => resolver.resolve(host),
  };
}

function mediaPolicies({ media, accounts }: Configuration): MediaPolicies {
  const own = accounts.flatMap(({ name, media: policy }) => (policy === undefined ? [] : [[name, policy] as const]));
  return { general: media.policy, accounts: new Map(own) };
}
