// What is asked for over HTTP: the pages and their API, metrics, the doctor.
import type { Registry } from 'prom-client';
import { AccountData } from '../accounts/account-data.ts';
import { ApiKeys } from '../credentials/api-keys.ts';
import { Doctor } from '../doctor/doctor.ts';
import type { Port } from '../doctor/examination.ts';
import { hostSystem } from '../doctor/system.ts';
import { createHttpApi } from '../http/api.ts';
import { Sessions } from '../http/sessions.ts';
import { createMetrics } from '../metrics.ts';
import type { Rooms } from '../xmpp/muc/rooms.ts';
import { addressesOf } from './addresses.ts';
import type { Foundation } from './foundation.ts';
import type { MediaPart } from './media.ts';
import type { MessagingPart } from './messaging.ts';
import type { MsrpPart } from './msrp.ts';
import type { SipPart } from './sip.ts';
import type { TurnPart } from './turn.ts';
import type { UploadsPart } from './uploads.ts';
import type { WebPart } from './web.ts';
import type { XmppPart } from './xmpp.ts';

interface Parts {
  sip: SipPart;
  turn: TurnPart;
  media: MediaPart;
  web: WebPart;
  msrp: MsrpPart;
  messaging: MessagingPart;
  xmpp: XmppPart;
}

export function composeMetrics(
  { folder, admission, version }: Foundation,
  { sip, turn, media, web, msrp, messaging, xmpp }: Parts,
): Registry {
  const { store, accounts } = folder;
  return createMetrics({
    sip: () => sip.server.metrics(),
    connections: () => ({ open: admission.connections, handshakes: admission.handshakes, refused: admission.refused }),
    handshakesRefused: web.handshakesRefused,
    stun: () => turn.stun,
    turn: () => turn.server.metrics(),
    msrp: () => msrp.server.metrics(),
    xmpp: () => xmpp.streams.metrics(),
    messages: () => messaging.inbox.counters,
    media: () => media.engine.metrics(),
    writesQueued: () => store.queued,
    callRecordsLost: () => store.calls.lost,
    accounts: () => accounts.size,
    version,
  });
}

export async function composeHttp(
  foundation: Foundation,
  parts: Parts,
  {
    appsFolder,
    registry,
    uploads,
    rooms,
  }: { appsFolder: string; registry: Registry; uploads: UploadsPart; rooms: Rooms },
): Promise<void> {
  const { configuration, folder, issuer, log, version } = foundation;
  const { sip, web } = parts;
  const { store, accounts } = folder;
  const { limits } = configuration;
  const api = await createHttpApi({
    serverFactory: web.port.serverFactory,
    accounts,
    sessions: new Sessions({
      store: store.sessions,
      accounts,
      life: limits.http.sessionLife,
      keep: limits.http.sessionsPerAccount,
    }),
    apiKeys: new ApiKeys(store.apiKeys),
    issuer,
    addresses: addressesOf(foundation, parts),
    hosts: web.hosts,
    origins: () => foundation.current.web.origins,
    limits: limits.http,
    log,
    registry,
    trace: () => sip.server.trace,
    legs: (callId) => sip.server.legs(callId),
    calls: store.calls,
    doctor: doctor(foundation, parts),
    data: new AccountData({
      ...{ accounts, store, rooms, uploads: uploads.folder },
      forget(name) {
        parts.messaging.forget(name);
        sip.server.location.forgetStored(name);
      },
    }),
    uploads,
    isRegistered: (name) => sip.server.location.reachable(name, foundation.wallClock()).length > 0,
    isReady: () => foundation.state === 'ready',
    isDraining: () => foundation.state === 'draining',
    appsFolder,
    routes: parts.xmpp.routes,
    version,
  });
  foundation.closers.push(() => api.close());
}

function doctor(foundation: Foundation, parts: Parts): Doctor {
  return new Doctor({
    now: () => performance.now(),
    examination: () => ({
      configuration: foundation.current,
      warnings: [],
      system: hostSystem,
      ports: ports(foundation, parts),
      running: true,
      inside: true,
      credential: foundation.issuer.issue('guest.doctor', 60, { ws: '', stun: [], turn: [] }),
    }),
  });
}

function ports({ certificate }: Foundation, { web, sip, turn, media, msrp }: Parts): Port[] {
  const listening = {
    'web.listen': [{ transport: certificate ? 'tls' : 'tcp', ...web.listening() }],
    'sip.listen': sip.listening(),
    'turn.listen': turn.listening(),
    'media.listen': media.listening(),
    'msrp.listen': msrp.listening(),
  };
  return Object.entries(listening).flatMap(([key, all]) => all.map((listen) => ({ key, listen, configured: true })));
}
