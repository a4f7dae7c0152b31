// The web port: HTTP, WebSocket, and what else its first octets say.
import type { Endpoint } from '../../transport/flow.ts';
import { WebPort } from '../../transport/web-port.ts';
import type { Configuration } from '../config.ts';
import { formatHostPort } from '../configuration/listen.ts';
import type { HostPolicy } from '../http/host-policy.ts';
import { type Bound, listenAll } from '../listening.ts';
import { turnSubprotocol } from '../turn/websocket-client.ts';
import type { Foundation } from './foundation.ts';
import { webHosts } from './own-names.ts';
import type { SipPart } from './sip.ts';
import type { TurnPart } from './turn.ts';

export interface WebPart {
  /** Further subprotocols are registered there. */
  port: WebPort;
  hosts: Pick<HostPolicy, 'allows'>;
  handshakesRefused(): number;
  listen(): Promise<void>;
  listening(): Endpoint;
  reload(next: Configuration): void;
}

export function composeWeb(foundation: Foundation, { sip, turn }: { sip: SipPart; turn: TurnPart }): WebPart {
  const { configuration, certificate, folder, log, notice, closers } = foundation;
  let policy = webHosts(configuration);
  const hosts = { allows: (header: string | undefined) => policy.allows(header) };
  let handshakesRefused = 0;
  const port = new WebPort({
    limits: configuration.limits.transport,
    admission: foundation.admission,
    ...(certificate && { tls: certificate }),
    get origins() {
      return foundation.current.web.origins;
    },
    get handshake() {
      return foundation.current.auth.handshake;
    },
    // Who sends no Origin is no browser, and may call us as he likes.
    isOurHost: hosts.allows,
    verify: (credential) => {
      if (credential === undefined) return undefined;
      const { username, password } = credential;
      return folder.accounts.verifyCredential(username, password, foundation.wallClock()) ?? 'refused';
    },
    stun: turn.server.accept,
    sip: (socket, secure) => void sip.streams.accept(socket, secure),
    onRefused: (error, remote) => {
      handshakesRefused += 1;
      log.info({ code: error.code, remote: remote.address }, 'handshake refused');
    },
  });
  port.registerSubprotocol('sip', sip.webSockets);
  port.registerSubprotocol('turn', turnSubprotocol(turn.server));
  let listening: Endpoint = configuration.web.listen;
  return {
    port,
    hosts,
    handshakesRefused: () => handshakesRefused,
    async listen() {
      const [bound] = await listenAll({
        key: 'web.listen',
        entries: [configuration.web.listen],
        configured: configuration.web.configured,
        open: async (entry): Promise<Bound> => ({ endpoint: await port.listen(entry), close: () => port.close() }),
        format: formatHostPort,
        notice,
      });
      closers.push(() => port.close());
      listening = bound!.port.endpoint;
    },
    listening: () => listening,
    reload(next) {
      policy = webHosts(next);
    },
  };
}
