// XMPP's streams: in a WebSocket of the web port, and on ports of their own. Where their stanzas go is messaging.ts.
import type { FastifyInstance } from 'fastify';
import { primitives } from '../../transport/primitives.ts';
import type { Configuration } from '../config.ts';
import { formatListen, type Listen } from '../configuration/listen.ts';
import { stanzaRecord, XMPP_FLOW } from '../inspector/stanza-trace.ts';
import { type Bound, listenAll } from '../listening.ts';
import { boshRoutes } from '../xmpp/bosh/routes.ts';
import type { StreamRouter } from '../xmpp/streams/router.ts';
import { XmppStreams } from '../xmpp/streams/streams.ts';
import { readCertificate } from './certificate.ts';
import type { Foundation } from './foundation.ts';
import type { SipPart } from './sip.ts';
import type { WebPart } from './web.ts';

export interface XmppPart {
  streams: XmppStreams;
  /** `/http-bind`. */
  routes(app: FastifyInstance): void;
  listen(): Promise<void>;
  listening(): Array<Listen<'tcp' | 'tls'>>;
  reload(next: Configuration): void;
}

export function composeXmpp(
  foundation: Foundation,
  router: StreamRouter,
  { web, sip }: { web: WebPart; sip: SipPart },
): XmppPart {
  const { configuration, folder, log, notice, closers } = foundation;
  const { xmpp, limits } = configuration;
  let listening: Array<Listen<'tcp' | 'tls'>> = [];
  const streams = new XmppStreams({
    router,
    accounts: folder.accounts,
    documents: folder.store.messaging.documents,
    primitives,
    secret: folder.internalSecret,
    admission: foundation.admission,
    tls: xmpp.tls && readCertificate(xmpp.tls),
    limits: limits.xmpp,
    bosh: limits.bosh,
    transport: limits.transport,
    wallClock: foundation.wallClock,
    log,
    trace: (out, session, stanza) =>
      sip.server.trace.recordText(out, `${XMPP_FLOW}${session.transport}`, stanzaRecord(session.jid.full, stanza)),
    fault: (error) => log.error({ error: (error as Error)?.stack ?? String(error) }, 'fault in XMPP'),
  });
  web.port.registerSubprotocol('xmpp', streams.webSockets);
  return {
    streams,
    routes: (app) =>
      boshRoutes(app, {
        bosh: streams.bosh,
        bodyBytes: limits.xmpp.stanzaBytes,
        origins: () => foundation.current.web.origins,
        handshake: () => foundation.current.auth.handshake,
        verify: ({ username, password }) =>
          folder.accounts.verifyCredential(username, password, foundation.wallClock()),
        isDraining: () => foundation.state === 'draining',
        now: () => performance.now(),
      }),
    async listen() {
      const ports = await listenAll({
        key: 'xmpp.listen',
        entries: xmpp.listen,
        configured: xmpp.configured,
        open: (entry): Promise<Bound> => streams.tcp.listen(entry, entry.transport === 'tls'),
        format: formatListen,
        notice,
      });
      for (const { port } of ports) closers.push(() => port.close());
      closers.push(() => streams.close());
      listening = ports.map(({ entry: { transport }, port }) => ({ transport, ...port.endpoint }));
    },
    listening: () => listening,
    reload(next) {
      if (next.xmpp.tls !== undefined) streams.tcp.renewCertificate(readCertificate(next.xmpp.tls));
    },
  };
}
