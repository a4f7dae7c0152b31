// Media: who relays it, here or beside us, and the ports of WebRTC legs.
import type { StunResponder } from '../../transport/udp.ts';
import { formatHostPort, type Listen } from '../configuration/listen.ts';
import { listenAll } from '../listening.ts';
import { EmbeddedEngine } from '../media/embedded/embedded-engine.ts';
import { listenForMedia } from '../media/embedded/own-socket.ts';
import type { SharedPort } from '../media/embedded/shared-port.ts';
import type { MediaEngine } from '../media/engine.ts';
import { RtpengineEngine } from '../media/rtpengine/rtpengine-engine.ts';
import type { Foundation } from './foundation.ts';

export interface MediaPart {
  engine: MediaEngine;
  isMediaPort(port: number): boolean;
  /** What TURN's port there hands its media to; undefined: that port is TURN's alone. */
  portBesideTurn(listen: Listen): SharedPort | undefined;
  /** After TURN: the own port of WebRTC legs is the next one where TURN's is shared. */
  listen(stun: StunResponder): Promise<void>;
  listening(): Listen[];
}

export function composeMedia(foundation: Foundation): MediaPart {
  const { configuration, notice, closers } = foundation;
  const { listen, configured } = configuration.media;
  const embedded = configuration.media.engine === 'embedded' ? embeddedEngine(foundation) : undefined;
  const engine = embedded ?? rtpengine(foundation);
  closers.push(() => engine.close());
  // WebRTC legs are on TURN's port too, where both are to listen at the same address, and always on one of their own.
  const besideTurn = embedded?.shared.add();
  const own = embedded?.shared.add();
  return {
    engine,
    isMediaPort: (port) => embedded?.isMediaPort(port) ?? false,
    portBesideTurn: (at) =>
      at.transport === 'udp' && formatHostPort(at) === formatHostPort(listen) ? besideTurn : undefined,
    async listen(stun) {
      if (own === undefined) return;
      const shared = besideTurn?.socket?.endpoint;
      const [bound] = await listenAll({
        key: 'media.listen',
        entries: [shared === undefined ? listen : { ...listen, port: shared.port + 1 }],
        configured: configured && shared === undefined,
        open: async (entry) => listenForMedia(entry, own, stun),
        format: formatHostPort,
        notice,
      });
      const { port } = bound!;
      own.attach(port);
      closers.push(() => port.close());
    },
    listening: () => (own?.socket === undefined ? [] : [{ transport: 'udp', ...own.socket.endpoint }]),
  };
}

function embeddedEngine({ configuration, log }: Foundation): EmbeddedEngine {
  const { listen, rtp } = configuration.media;
  return new EmbeddedEngine({
    addresses: { listen: listen.address, rtp: rtp.addresses, publicAddress: configuration.public.address },
    ports: rtp.ports,
    limits: configuration.limits.media,
    log,
  });
}

function rtpengine({ configuration, log }: Foundation): RtpengineEngine {
  return new RtpengineEngine({
    urls: configuration.media.urls,
    limits: configuration.limits.rtpengine,
    onChange: (engine, available) =>
      available ? log.info({ engine }, 'rtpengine answers') : log.warn({ engine }, 'rtpengine does not answer'),
  });
}
