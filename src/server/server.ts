// The composition root: every part is made here and given what it needs (composition/ has a file for each).

import { addressesOf } from './composition/addresses.ts';
import { readCertificate } from './composition/certificate.ts';
import { makeFirstAccounts, type NewAccount } from './composition/first-accounts.ts';
import { type Foundation, layFoundation, reloadAccounts } from './composition/foundation.ts';
import { composeHttp, composeMetrics } from './composition/http.ts';
import { composeMedia } from './composition/media.ts';
import { composeMessaging } from './composition/messaging.ts';
import { composeMsrp } from './composition/msrp.ts';
import { reachable } from './composition/own-names.ts';
import { needRestart } from './composition/reload.ts';
import { composeRooms } from './composition/rooms.ts';
import { composeSip } from './composition/sip.ts';
import { composeTurn } from './composition/turn.ts';
import { composeUploads } from './composition/uploads.ts';
import { composeWeb } from './composition/web.ts';
import { composeXmpp } from './composition/xmpp.ts';
import type { Configuration } from './config.ts';
import { formatHostPort, formatListen } from './configuration/listen.ts';
import { lockFolder } from './data-folder.ts';
import { reachByConfiguration } from './http/reach.ts';
import type { Log } from './log.ts';
import { observeCalls } from './metrics.ts';
import { tellExternalServices } from './xmpp/modules/external-services.ts';

/** What listens, as the first line of `--json` says it. */
export interface ReadyInfo {
  pid: number;
  version: string;
  domain: string;
  web: string;
  ws: string;
  sip: string[];
  stun: string[];
  xmpp: string[];
  msrp: string[];
}

export interface StartOptions {
  version: string;
  log: Log;
  /** The built web apps. */
  appsFolder: string;
  /** For a person: a default port that was taken, and such. */
  notice: (text: string) => void;
}

export interface RunningServer {
  ready: ReadyInfo;
  /** Made at the first run. */
  firstAccounts: NewAccount[];
  accountNames: string[];
  /** No new work; resolves when no call is up, or after the configured time. */
  drain(): Promise<void>;
  /** Takes over what can change while it runs: accounts, secrets, origins, hosts, routes, certificates. */
  reload(configuration: Configuration): Promise<void>;
  close(): Promise<void>;
}

/** In milliseconds: for the server that is ending to let go of the folder. */
const LOCK_PATIENCE = 2_000;

export class FolderInUseError extends Error {
  readonly code = 'FOLDER_IN_USE';

  constructor(folder: string) {
    super(`another server is using the data folder ${folder}`);
    this.name = 'FolderInUseError';
  }
}

export async function startServer(configuration: Configuration, options: StartOptions): Promise<RunningServer> {
  const lock = lockFolder(configuration.data, LOCK_PATIENCE);
  if (lock === undefined) throw new FolderInUseError(configuration.data);
  const closers: Foundation['closers'] = [() => lock.release()];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return { ...(await compose(configuration, options, closers)), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function compose(
  configuration: Configuration,
  { appsFolder, ...given }: StartOptions,
  closers: Foundation['closers'],
): Promise<Omit<RunningServer, 'close'>> {
  const foundation = await layFoundation(configuration, { ...given, closers });
  const { accounts, store } = foundation.folder;
  const { log } = foundation;

  // Every part is made,
  const messaging = composeMessaging(foundation);
  const rooms = await composeRooms(foundation, messaging);
  const media = composeMedia(foundation);
  const sip = composeSip(foundation, media.engine, messaging, (record) => {
    store.calls.add(record);
    observeCall(record);
  });
  const turn = composeTurn(foundation, media);
  const web = composeWeb(foundation, { sip, turn });
  const msrp = composeMsrp(foundation, { sip, web });
  const addresses = addressesOf(foundation, { turn, web });
  const uploads = composeUploads(foundation, { messaging, addresses });
  tellExternalServices(messaging.xmpp, {
    issue: (account) =>
      foundation.issuer.issue(account, configuration.limits.http.credentialTtl, reachByConfiguration(addresses)),
    now: foundation.wallClock,
  });
  const xmpp = composeXmpp(foundation, messaging.xmpp, { web, sip });
  const parts = { media, sip, turn, web, msrp, messaging, xmpp };
  const registry = composeMetrics(foundation, parts);
  const observeCall = observeCalls(registry);
  await composeHttp(foundation, parts, { appsFolder, registry, uploads, rooms });

  // then everything listens.
  await web.listen();
  await sip.listen(turn.stun.respond);
  await turn.listen();
  await media.listen(turn.stun.respond);
  await msrp.listen();
  await xmpp.listen();
  // Whoever is in a room is told that it closes, while there is still a way to tell him.
  closers.push(() => rooms.close());
  const secure = foundation.certificate !== undefined;
  await sip.start({ transport: secure ? 'wss' : 'ws', ...web.listening() });
  // Not before it is certain that their passwords will be shown.
  const firstAccounts = await makeFirstAccounts(configuration, foundation.folder);
  foundation.state = 'ready';

  const host = formatHostPort(reachable(web.listening()));
  const ready: ReadyInfo = {
    pid: process.pid,
    version: foundation.version,
    domain: configuration.domain,
    web: `${secure ? 'https' : 'http'}://${host}`,
    ws: `${secure ? 'wss' : 'ws'}://${host}`,
    sip: sip.listening().map((listen) => formatListen(reachable(listen))),
    stun: turn.listening().map((listen) => formatListen(reachable(listen))),
    xmpp: xmpp.listening().map((listen) => formatListen(reachable(listen))),
    msrp: msrp.listening().map((listen) => formatListen(reachable(listen))),
  };
  log.info({ domain: ready.domain, web: ready.web, sip: ready.sip, stun: ready.stun, xmpp: ready.xmpp }, 'ready');

  return {
    ready,
    firstAccounts,
    accountNames: accounts.list().map(({ name }) => name),
    async drain() {
      if (foundation.state === 'draining') return;
      foundation.state = 'draining';
      log.info({ calls: sip.server.metrics().calls }, 'draining');
      web.port.drain();
      xmpp.streams.drain();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, foundation.current.drain);
      });
      await Promise.race([sip.server.drain(), late]);
      clearTimeout(timer);
    },
    async reload(next) {
      const changed = await reloadAccounts(foundation, next);
      turn.reload(next);
      web.reload(next);
      sip.reload(next);
      xmpp.reload(next);
      if (secure && next.web.tls !== undefined) {
        const renewed = readCertificate(next.web.tls);
        web.port.renewCertificate(renewed);
        turn.server.renewCertificate(renewed);
        msrp.server.renewCertificate(renewed);
      }
      const fixed = needRestart(foundation.current, next);
      foundation.current = next;
      log.info({ accounts: changed }, 'reloaded');
      if (fixed.length > 0) log.warn({ keys: fixed }, 'these keys take effect at the next start');
    },
  };
}
