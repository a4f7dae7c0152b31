// The composition root: every part is made here and given what it needs.
import { readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import type { TurnEvent } from '../protocol/turn/outputs.ts';
import { Admission } from '../transport/admission.ts';
import { nativeClock } from '../transport/clock.ts';
import { Resolver } from '../transport/dns.ts';
import { type Endpoint, plainAddress } from '../transport/flow.ts';
import { LocalAddresses } from '../transport/local-address.ts';
import { OutgoingConnections } from '../transport/outgoing.ts';
import { primitives } from '../transport/primitives.ts';
import { listenTcp, TcpFlows } from '../transport/tcp.ts';
import { listenTls, type TlsPort } from '../transport/tls.ts';
import { listenUdp, type UdpPort } from '../transport/udp.ts';
import { WebPort } from '../transport/web-port.ts';
import { WebSocketFlows } from '../transport/websocket.ts';
import type { Configuration, TlsFiles } from './config.ts';
import { formatHostPort, formatListen, isWildcard, type Listen } from './configuration/listen.ts';
import { ApiKeys } from './credentials/api-keys.ts';
import { CredentialIssuer } from './credentials/issuer.ts';
import { authSecrets, lockFolder, openDataFolder } from './data-folder.ts';
import { Doctor } from './doctor/doctor.ts';
import type { Port } from './doctor/examination.ts';
import { hostSystem } from './doctor/system.ts';
import { createHttpApi } from './http/api.ts';
import { HostPolicy } from './http/host-policy.ts';
import { Sessions } from './http/sessions.ts';
import { type Bound, listenAll } from './listening.ts';
import type { Log } from './log.ts';
import { LoopLag } from './loop-lag.ts';
import { EmbeddedEngine } from './media/embedded/embedded-engine.ts';
import { listenForMedia } from './media/embedded/own-socket.ts';
import type { MediaEngine } from './media/engine.ts';
import { RtpengineEngine } from './media/rtpengine/rtpengine-engine.ts';
import { createMetrics, observeCalls } from './metrics.ts';
import { generatePassword } from './passwords.ts';
import type { MediaPolicies } from './sip/gateway.ts';
import type { Transports } from './sip/ports.ts';
import { SipServer } from './sip/sip-server.ts';
import { AccountCredentials } from './turn/credentials.ts';
import { relayAddresses } from './turn/relay-addresses.ts';
import { SourceRate } from './turn/source-rate.ts';
import { StunServer } from './turn/stun-server.ts';
import { TurnServer } from './turn/turn-server.ts';
import { turnSubprotocol } from './turn/websocket-client.ts';

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

export interface NewAccount {
  name: string;
  password: string;
  admin: boolean;
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

const LOCK_PATIENCE = 2_000;
/** How often changes made by another process (`account add` for a name that exists) are looked for. */
const REFRESH = 1_000;

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
  const closers: Array<() => unknown> = [() => lock.release()];
  const close = async () => {
    for (const closer of closers.splice(0).reverse()) await closer();
  };
  try {
    return await compose(configuration, options, closers, close);
  } catch (error) {
    await close();
    throw error;
  }
}

async function compose(
  configuration: Configuration,
  { version, log, appsFolder, notice }: StartOptions,
  closers: Array<() => unknown>,
  close: () => Promise<void>,
): Promise<RunningServer> {
  const { domain, limits } = configuration;
  let current = configuration;
  let state: 'starting' | 'ready' | 'draining' = 'starting';

  // The store, the accounts, who may.
  const folder = await openDataFolder(configuration);
  closers.push(() => folder.store.close());
  const { store, accounts } = folder;
  await accounts.configure(configuration.accounts);
  await warnOfMovedAccounts(configuration, folder, notice);
  const refresh = setInterval(() => accounts.refresh(), REFRESH);
  closers.push(() => clearInterval(refresh));
  const wallClock = Date.now;
  const issuer = new CredentialIssuer({ domain, secrets: folder.secrets, primitives, now: wallClock });
  const sessions = new Sessions({
    store: store.sessions,
    accounts,
    life: limits.http.sessionLife,
    keep: limits.http.sessionsPerAccount,
  });
  let hosts = hostPolicy(configuration);

  // Media: who relays it, here or beside us.
  const { media: mediaConfiguration } = configuration;
  const embedded =
    mediaConfiguration.engine === 'embedded'
      ? new EmbeddedEngine({
          addresses: {
            listen: mediaConfiguration.listen.address,
            rtp: mediaConfiguration.rtp.addresses,
            publicAddress: configuration.public.address,
          },
          ports: mediaConfiguration.rtp.ports,
          limits: limits.media,
          log,
        })
      : undefined;
  const media: MediaEngine =
    embedded ??
    new RtpengineEngine({
      urls: mediaConfiguration.urls,
      limits: limits.rtpengine,
      onChange: (engine, available) =>
        available ? log.info({ engine }, 'rtpengine answers') : log.warn({ engine }, 'rtpengine does not answer'),
    });
  closers.push(() => media.close());

  // SIP, and STUN beside it.
  const loopLag = new LoopLag();
  closers.push(() => loopLag.stop());
  const sip = new SipServer(
    {
      domain,
      hosts: localHosts(configuration),
      ...(configuration.public.host !== undefined && { publicHost: configuration.public.host }),
      secrets: [folder.internalSecret],
      auth: configuration.auth,
      routes: configuration.sip.routes,
      limits: limits.sip,
      messageBytes: limits.transport.messageBytes,
      media: { policies: mediaPolicies(configuration), probe: mediaConfiguration.probe },
    },
    {
      accounts,
      primitives,
      clock: nativeClock,
      wallClock,
      bindings: store.bindings,
      calls: (record) => {
        store.calls.add(record);
        callDurations(record);
      },
      log,
      loopLag: () => loopLag.value,
      media,
    },
  );
  const admission = new Admission(limits.transport);
  const shared = { limits: limits.transport, admission };
  const software = `Chappe ${version}`;
  const { bindingBurst: burst, bindingRate: rate } = limits.turn;
  const stun = new StunServer({ software, rate: new SourceRate({ burst, rate, now: () => performance.now() }) });
  const { turn: turnConfiguration } = configuration;
  const turnCredentials = new AccountCredentials({ accounts, realm: domain, primitives, now: wallClock });
  turnCredentials.secrets = turnConfiguration.secrets ?? [];
  const turn = new TurnServer({
    realm: domain,
    credentials: turnCredentials,
    primitives,
    clock: nativeClock,
    binding: stun.respond,
    relay: {
      addresses: relayAddresses({
        configured: turnConfiguration.relay.addresses,
        publicAddress: configuration.public.address,
        listening: turnConfiguration.listen.map(({ address }) => address),
      }),
      ports: turnConfiguration.relay.ports,
    },
    ownAddresses: [configuration.public.address ?? []].flat(),
    isMediaPort: (port) => embedded?.isMediaPort(port) ?? false,
    allowPeers: turnConfiguration.allowPeers,
    denyPeers: turnConfiguration.denyPeers,
    software,
    limits: limits.turn,
    transport: limits.transport,
    admission,
    onEvent: (event) => logTurn(log, event),
    onFault: (error) => log.error({ error: String(error) }, 'fault in TURN'),
  });
  const webFlows = new WebSocketFlows(sip, limits.transport);
  const streamFlows = new TcpFlows(sip, limits.transport);

  // The web port.
  const tls = configuration.web.tls && readTls(configuration.web.tls);
  let handshakesRefused = 0;
  const makeWebPort = () => {
    const port = new WebPort({
      ...shared,
      ...(tls && { tls }),
      get origins() {
        return current.web.origins;
      },
      get handshake() {
        return current.auth.handshake;
      },
      // Who sends no Origin is no browser, and may call us as he likes.
      isOurHost: (host) => hosts.allows(host),
      verify: (credential) => {
        if (credential === undefined) return undefined;
        return accounts.verifyCredential(credential.username, credential.password, wallClock()) ?? 'refused';
      },
      stun: turn.accept,
      sip: (socket: Socket, secure: boolean) => void streamFlows.accept(socket, secure),
      onRefused: (error, remote) => {
        handshakesRefused += 1;
        log.info({ code: error.code, remote: remote.address }, 'handshake refused');
      },
    });
    port.registerSubprotocol('sip', webFlows);
    port.registerSubprotocol('turn', turnSubprotocol(turn));
    return port;
  };
  let webEndpoint: Endpoint = configuration.web.listen;
  let stunListening: Listen[] = [];
  const metrics = createMetrics({
    sip: () => sip.metrics(),
    connections: () => ({ open: admission.connections, handshakes: admission.handshakes, refused: admission.refused }),
    handshakesRefused: () => handshakesRefused,
    stun: () => stun,
    turn: () => turn.metrics(),
    media: () => media.metrics(),
    writesQueued: () => store.queued,
    callRecordsLost: () => store.calls.lost,
    accounts: () => accounts.size,
    version,
  });
  const callDurations = observeCalls(metrics);
  const webPort = makeWebPort();
  let listeningPorts: Port[] = [];
  const doctor = new Doctor({
    now: () => performance.now(),
    examination: () => ({
      configuration: current,
      warnings: [],
      system: hostSystem,
      ports: listeningPorts,
      running: true,
      inside: true,
      credential: issuer.issue('guest.doctor', 60, { ws: '', stun: [], turn: [] }),
    }),
  });
  const api = await createHttpApi({
    serverFactory: webPort.serverFactory,
    accounts,
    sessions,
    apiKeys: new ApiKeys(store.apiKeys),
    issuer,
    addresses: {
      publicHost: configuration.public.host,
      publicAddress: configuration.public.address,
      web: () => ({ endpoint: webEndpoint, tls: tls !== undefined }),
      stun: () => stunListening,
    },
    hosts: { allows: (header: string | undefined) => hosts.allows(header) },
    origins: () => current.web.origins,
    limits: limits.http,
    log,
    registry: metrics,
    trace: () => sip.trace,
    legs: (callId) => sip.legs(callId),
    calls: store.calls,
    doctor,
    isRegistered: (name) => sip.location.reachable(name, wallClock()).length > 0,
    isReady: () => state === 'ready',
    isDraining: () => state === 'draining',
    appsFolder,
    version,
  });
  closers.push(() => api.close());

  // Everything listens.
  const listened = await listenAll({
    key: 'web.listen',
    entries: [configuration.web.listen],
    configured: configuration.web.configured,
    open: async (entry): Promise<Bound> => ({ endpoint: await webPort.listen(entry), close: () => webPort.close() }),
    format: formatHostPort,
    notice,
  });
  closers.push(() => webPort.close());
  webEndpoint = listened[0]!.port.endpoint;
  const udpPorts: UdpPort[] = [];
  const tlsPorts: TlsPort[] = [];
  const sipListening = await listenAll({
    key: 'sip.listen',
    entries: configuration.sip.listen,
    configured: configuration.sip.configured,
    open: async (entry): Promise<Bound> => {
      if (entry.transport === 'tcp') return listenTcp({ ...entry, ...shared }, sip);
      if (entry.transport === 'tls') {
        const port = await listenTls({ ...entry, ...shared, tls: readTls(configuration.sip.tls as TlsFiles) }, sip);
        tlsPorts.push(port);
        return port;
      }
      const port = await listenUdp({ ...entry, stun: stun.respond, limits: limits.transport }, sip);
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
  for (const { port } of sipListening) closers.push(() => port.close());
  // WebRTC legs are on TURN's port too, where both are to listen at the same address, and always on one of their own.
  const mediaListen = mediaConfiguration.listen;
  const [turnsMediaPort, ownMediaPort] = [embedded?.shared.add(), embedded?.shared.add()];
  let sharedWithTurn: Endpoint | undefined;
  const stunPorts = await listenAll({
    key: 'turn.listen',
    entries: turnConfiguration.listen.map((entry) => ({
      ...entry,
      shared: entry.transport === 'udp' && formatHostPort(entry) === formatHostPort(mediaListen),
    })),
    configured: turnConfiguration.configured,
    open: async (entry): Promise<Bound> => {
      if (entry.transport === 'tcp') return turn.listenTcp(entry);
      if (entry.transport === 'tls') return turn.listenTls(entry, tls as NonNullable<typeof tls>);
      if (turnsMediaPort === undefined || !entry.shared) return turn.listenUdp(entry);
      const port = await turn.listenUdp(entry, turnsMediaPort);
      turnsMediaPort.attach(port);
      sharedWithTurn = port.endpoint;
      return port;
    },
    format: formatListen,
    notice,
  });
  closers.push(() => turn.close());
  if (ownMediaPort !== undefined) {
    const [listened] = await listenAll({
      key: 'media.listen',
      entries: [sharedWithTurn === undefined ? mediaListen : { ...mediaListen, port: sharedWithTurn.port + 1 }],
      configured: mediaConfiguration.configured && sharedWithTurn === undefined,
      open: async (entry) => listenForMedia(entry, ownMediaPort, stun.respond),
      format: formatHostPort,
      notice,
    });
    ownMediaPort.attach(listened!.port);
    closers.push(() => listened!.port.close());
  }
  stunListening = stunPorts.map(({ entry, port }) => ({ ...entry, ...port.endpoint }));
  const sipNames = sipListening.map(({ entry, port }) => ({ ...entry, ...port.endpoint }));
  listeningPorts = [
    { key: 'web.listen', listen: { transport: tls ? 'tls' : 'tcp', ...webEndpoint }, configured: true },
    ...sipNames.map((listen) => ({ key: 'sip.listen', listen, configured: true })),
    ...stunListening.map((listen) => ({ key: 'turn.listen', listen, configured: true })),
    ...(ownMediaPort?.socket
      ? [{ key: 'media.listen', listen: { transport: 'udp', ...ownMediaPort.socket.endpoint }, configured: true }]
      : []),
  ];

  const outgoing = new OutgoingConnections(streamFlows);
  const resolver = new Resolver();
  const localAddresses = new LocalAddresses(configuration.public.address);
  const transports: Transports = {
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
  const secure = tls !== undefined;
  await sip.start(transports, [...sipNames, { transport: secure ? 'wss' : 'ws', ...webEndpoint }]);
  // From the last to the first: what the SIP server still has to say goes out by its flows.
  closers.push(
    () => webFlows.close(),
    () => streamFlows.close(),
    () => sip.close(),
  );
  // Not before it is certain that their passwords will be shown.
  const firstAccounts = await makeFirstAccounts(configuration, folder);
  state = 'ready';

  const host = formatHostPort({ address: reachable(webEndpoint.address), port: webEndpoint.port });
  const ready: ReadyInfo = {
    pid: process.pid,
    version,
    domain,
    web: `${secure ? 'https' : 'http'}://${host}`,
    ws: `${secure ? 'wss' : 'ws'}://${host}`,
    sip: sipNames.map((listen) => formatListen({ ...listen, address: reachable(listen.address) })),
    stun: stunListening.map((listen) => formatListen({ ...listen, address: reachable(listen.address) })),
    xmpp: [],
    msrp: [],
  };
  log.info({ domain, web: ready.web, sip: ready.sip, stun: ready.stun }, 'ready');

  return {
    ready,
    firstAccounts,
    accountNames: accounts.list().map(({ name }) => name),
    async drain() {
      if (state === 'draining') return;
      state = 'draining';
      log.info({ calls: sip.metrics().calls }, 'draining');
      webPort.drain();
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, current.drain);
      });
      await Promise.race([sip.drain(), late]);
      clearTimeout(timer);
    },
    async reload(next) {
      const changed = await accounts.configure(next.accounts);
      const secrets = authSecrets(next.data, next.auth.secrets);
      accounts.secrets = secrets;
      issuer.secrets = secrets;
      turnCredentials.secrets = next.turn.secrets ?? [];
      hosts = hostPolicy(next);
      sip.routes = next.sip.routes;
      sip.mediaPolicies = mediaPolicies(next);
      if (tls !== undefined && next.web.tls !== undefined) {
        const renewed = readTls(next.web.tls);
        webPort.renewCertificate(renewed);
        turn.renewCertificate(renewed);
      }
      if (next.sip.tls !== undefined) for (const port of tlsPorts) port.renewCertificate(readTls(next.sip.tls));
      const fixed = needRestart(current, next);
      current = { ...next, web: { ...next.web } };
      log.info({ accounts: changed }, 'reloaded');
      if (fixed.length > 0) log.warn({ keys: fixed }, 'these keys take effect at the next start');
    },
    close,
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

/** Two accounts with random passwords, once, where nobody has made any. */
async function makeFirstAccounts(
  { accounts: configured }: Configuration,
  { accounts, store }: Awaited<ReturnType<typeof openDataFolder>>,
): Promise<NewAccount[]> {
  if (store.settings.get('first-run') !== undefined) return [];
  const made: NewAccount[] = [];
  if (configured.length === 0 && accounts.size === 0) {
    made.push({ name: 'alice', password: generatePassword(), admin: true });
    made.push({ name: 'bob', password: generatePassword(), admin: false });
    await Promise.all(made.map(({ name, password, admin }) => accounts.add(name, password, { admin })));
  }
  await store.settings.set('first-run', new Date().toISOString());
  return made;
}

/**
 * Digest material is made for one realm. When the domain was changed, that of the accounts in the folder no longer fits:
 * said at every start until it does for all.
 */
async function warnOfMovedAccounts(
  { domain }: Configuration,
  { accounts, store }: Awaited<ReturnType<typeof openDataFolder>>,
  notice: (text: string) => void,
): Promise<void> {
  if (store.settings.get('domain') === domain) return;
  const moved = accounts.ofAnotherDomain();
  if (moved.length === 0) return store.settings.set('domain', domain);
  const names = `${moved.slice(0, 5).join(', ')}${moved.length > 5 ? ` and ${moved.length - 5} more` : ''}`;
  notice(
    `warning: the domain is now ${domain}, but the passwords of ${names} are kept for another: phones cannot register ` +
      'with them until their owner has signed in once at the web page, or they stand under `accounts` in the configuration',
  );
}

function mediaPolicies({ media, accounts }: Configuration): MediaPolicies {
  const own = accounts.flatMap(({ name, media: policy }) => (policy === undefined ? [] : [[name, policy] as const]));
  return { general: media.policy, accounts: new Map(own) };
}

function hostPolicy({ domain, public: { host }, web }: Configuration): HostPolicy {
  return new HostPolicy([domain, host, ...web.hosts]);
}

/** Names and addresses that mean this server in a SIP URI, besides those it listens on. */
function localHosts({ public: { host, address }, sip, web }: Configuration): string[] {
  const names = ['localhost'];
  if (host !== undefined) names.push(host);
  if (address !== undefined) names.push(address);
  if ([...sip.listen, web.listen].some((listen) => isWildcard(listen.address))) {
    for (const known of Object.values(networkInterfaces()))
      for (const it of known ?? []) names.push(plainAddress(it.address));
  }
  return names;
}

/** A wildcard is no address to connect to. */
function reachable(address: string): string {
  return address === '0.0.0.0' ? '127.0.0.1' : address === '::' ? '::1' : address;
}

function readTls({ cert, key }: TlsFiles): { cert: Buffer; key: Buffer } {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}

const RELOADED = new Set([
  'accounts',
  'drain',
  'auth.secrets',
  'turn.secrets',
  'auth.handshake',
  'web.origins',
  'web.hosts',
  'sip.routes',
  'media.policy',
]);

function needRestart(before: Configuration, after: Configuration): string[] {
  const keys: string[] = [];
  for (const [part, value] of Object.entries(before)) {
    const next = after[part as keyof Configuration] as unknown;
    const nested = typeof value === 'object' && value !== null && !Array.isArray(value);
    for (const key of nested ? Object.keys({ ...value, ...(next as object) }) : [undefined]) {
      const name = key === undefined ? part : `${part}.${key}`;
      const pick = (from: unknown) => JSON.stringify(key === undefined ? from : (from as Record<string, unknown>)[key]);
      if (!RELOADED.has(name) && pick(value) !== pick(next)) keys.push(name);
    }
  }
  return keys;
}
