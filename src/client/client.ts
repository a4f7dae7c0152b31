import { type ByteString, decodeUtf8, encodeUtf8 } from '../protocol/byte-string.ts';
import { UserAgent } from '../protocol/sip/user-agent.ts';
import type { Body, UserAgentEvent, UserAgentOutput } from '../protocol/sip/user-agent-event.ts';
import { BackOff } from './back-off.ts';
import { Call, type CallPort } from './call.ts';
import { type Clock, nativeClock } from './clock.ts';
import {
  accountName,
  type Credentials,
  CredentialsKeeper,
  type CredentialsProvider,
  fetchCredentials,
  handshakeUrl,
} from './credentials.ts';
import type { Devices, MediaWish } from './devices.ts';
import { Emitter } from './emitter.ts';
import { ClientError } from './errors.ts';
import { MediaSession } from './media-session.ts';
import { sessionDescription, textOf } from './negotiation.ts';
import { describePeer, type Peer, targetUri } from './peer.ts';
import { primitives } from './primitives.ts';
import { hasMedia } from './session-description.ts';
import type { SessionListener, SessionPort, TakeInvitation } from './session-port.ts';
import { type NetworkEvents, type WebSocketConstructor, WebSocketTransport } from './web-socket-transport.ts';

/** `connecting`: no connection yet, or again none. `registering`: connected, calls can be made but not come in. */
export type ClientState = 'disconnected' | 'connecting' | 'registering' | 'registered';

export interface ClientOptions {
  /** Where credentials come from: a function, or the URL to POST to. Default: `/api/credentials` of this page's server. */
  credentials?: CredentialsProvider | string;
  /** Shown to those who are called. */
  displayName?: string;
  /** Default: true. False: calls and messages go out only. */
  register?: boolean;
  /** Names this device among those of the same account (RFC 5626 section 4.1): `urn:uuid:...`. Default: random for each Client,
   * since two tabs of one page are two devices. */
  instanceId?: string;
  /** User-Agent header. */
  product?: string;
  /** Default: true. False: none come in here, since this device has them by XMPP (`chappe/client/messaging`). */
  messages?: boolean;
  /** Default: the platform's. */
  WebSocket?: WebSocketConstructor;
  /** Makes the media connection of a call. Default: the platform's RTCPeerConnection, with the ICE servers of the credential. */
  peerConnection?: (configuration: RTCConfiguration) => RTCPeerConnection;
  /** Streams to put tracks into. Default: the platform's MediaStream. */
  mediaStream?: () => MediaStream;
  /** Default: navigator.mediaDevices. */
  devices?: Devices;
  /** Default: `window`, where there is one. */
  network?: NetworkEvents;
  clock?: Clock;
  /** Whether the other side of a call may send us on to `target` (RFC 3515). Default: always, as phones do. */
  followTransfer?: (call: Call, target: Peer) => boolean;
}

export interface ClientEvents {
  state: { state: ClientState /** Milliseconds until the next attempt. */; retryIn?: number };
  /** An incoming call rings, or one that a transfer asked this client to make has begun. */
  call: Call;
  message: IncomingMessage;
  /** Something failed that no method's promise tells: the credential was refused, a registration failed. */
  error: ClientError;
  /** Every SIP message, for whoever wants to look: octets as a byte string. */
  signal: { sent: boolean; text: ByteString };
}

export interface IncomingMessage {
  from: Peer;
  contentType: string;
  /** Decoded as UTF-8 where it is that. */
  text: string;
}

/**
 * One account's connection to its SIP server, kept up until `disconnect`.
 *
 *     const client = new Client();
 *     client.on('call', (call) => call.answer({ audio: true }));
 *     client.connect();
 */
export class Client extends Emitter<ClientEvents> {
  readonly #events: UserAgentEvent[] = [];
  #telling = false;
  readonly #options: ClientOptions;
  readonly #WebSocket: WebSocketConstructor;
  readonly #clock: Clock;
  readonly #keeper: CredentialsKeeper;
  readonly #transport: WebSocketTransport;
  readonly #port: CallPort;
  readonly #timers = new Map<string, () => void>();
  readonly #calls = new Map<string, Call>();
  /** Sessions of other kinds, and those who have them. */
  readonly #sessions = new Map<string, SessionListener>();
  readonly #sessionKinds: { take: TakeInvitation; leave: () => void }[] = [];
  readonly #requests = new Map<string, (event: Extract<UserAgentEvent, { type: 'response' }>) => void>();
  readonly #registerBackOff = new BackOff(2000, 60_000);
  #agent: UserAgent | undefined;
  #state: ClientState = 'disconnected';
  #networkChanged = false;
  #registerInForce = false;
  #cancelRenewal: (() => void) | undefined;
  #cancelRegister: (() => void) | undefined;
  #onUnregistered: (() => void) | undefined;

  constructor(options: ClientOptions = {}) {
    super();
    this.#options = options;
    this.#clock = options.clock ?? nativeClock;
    const provider =
      typeof options.credentials === 'function' ? options.credentials : fetchCredentials(options.credentials);
    this.#keeper = new CredentialsKeeper(provider, () => this.#clock.now());
    const WebSocket = options.WebSocket ?? (globalThis as unknown as { WebSocket?: WebSocketConstructor }).WebSocket;
    if (!WebSocket) throw new ClientError('NOT_CONNECTED', 'this platform has no WebSocket: give one in the options');
    this.#WebSocket = WebSocket;
    this.#transport = new WebSocketTransport({
      url: async () => {
        const credentials = await this.#keeper.get();
        this.#agent ??= this.#createAgent(credentials);
        return handshakeUrl(credentials);
      },
      WebSocket,
      clock: this.#clock,
      network: options.network ?? platformNetwork(),
    });
    this.#transport.on('open', () => this.#opened());
    this.#transport.on('close', ({ code, retryIn, opened }) => {
      // Refused at the handshake, or closed with 1008: the credential has expired or does not fit. The next attempt brings another.
      if (!opened || code === 1008) this.#keeper.discard();
      this.#closed(retryIn);
    });
    this.#transport.on('message', (text) => this.#received(text));
    this.#transport.on('network', () => {
      this.#networkChanged = true;
      for (const call of this.#calls.values()) if (this.#transport.connected) call.reconnected(true);
    });
    this.#transport.on('refused', (error) => {
      this.#enter('disconnected');
      this.emit('error', error);
    });
    this.#port = this.#createPort();
  }

  get state(): ClientState {
    return this.#state;
  }

  /** The address of record, once the first credential has come. */
  get address(): string | undefined {
    const credentials = this.#keeper.current;
    return credentials && addressOfRecord(credentials);
  }

  get calls(): Call[] {
    return [...this.#calls.values()];
  }

  /** Connects and registers, and keeps doing so until `disconnect`. */
  connect(): void {
    if (this.#state !== 'disconnected') return;
    this.#enter('connecting');
    this.#transport.connect();
  }

  /** Ends calls, removes the registration and closes. Resolves when the server has been told or cannot be. */
  async disconnect(): Promise<void> {
    this.#cancelRenewal?.();
    this.#cancelRegister?.();
    for (const call of this.#calls.values()) call.hangUp();
    for (const name of this.#sessions.keys()) this.#perform((agent, now) => agent.hangUp(name, {}, now));
    for (const { leave } of this.#sessionKinds) leave();
    if (this.#transport.connected && this.#agent && this.#registerInForce) {
      const told = new Promise<void>((resolve) => {
        this.#onUnregistered = resolve;
        this.#clock.after(2000, resolve);
      });
      this.#perform((agent, now) => agent.unregister(now));
      await told;
    }
    this.#transport.close();
    for (const call of this.#calls.values()) call.abandon();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
    this.#agent = undefined;
    this.#registerInForce = false;
    this.#enter('disconnected');
  }

  /**
   * Calls a name, number or address. The call is there at once and goes its way by events; what fails, the microphone
   * included, ends it. Throws NOT_CONNECTED and BAD_TARGET.
   */
  call(target: string, wish: MediaWish = {}): Call {
    if (!this.#transport.connected) throw notConnected();
    const uri = this.#uriOf(target);
    const call = this.#addCall(new Call(this.#port, { id: crypto.randomUUID(), remote: describePeer({ uri }) }));
    void call.start(wish, (agent, name, offer, now) =>
      agent.invite(name, uri, { offer: sessionDescription(offer) }, now),
    );
    return call;
  }

  /** Sends a message (RFC 3428). Resolves when the other side's device or server has taken it, else rejects with the status. */
  async message(target: string, text: string, contentType = 'text/plain;charset=UTF-8'): Promise<void> {
    if (!this.#transport.connected) throw notConnected();
    const uri = this.#uriOf(target);
    const body: Body = { type: contentType, content: encodeUtf8(text) };
    await this.#request((agent, request, now) => agent.message(request, uri, body, now));
  }

  /**
   * For sessions that are no calls, such as file transfer: `take` is asked for each INVITE that comes in, `leave` is told
   * that the client disconnects.
   */
  sessions(take: TakeInvitation, leave: () => void): SessionPort {
    this.#sessionKinds.push({ take, leave });
    const port = this.#port;
    return {
      perform: port.perform,
      uriOf: port.uriOf,
      listen: (name, listener) => this.#sessions.set(name, listener),
      get connected() {
        return port.connected;
      },
      webSocketUrl: async () => handshakeUrl(await this.#keeper.get()),
      WebSocket: this.#WebSocket,
      peerConnection: () => this.#peerConnection(),
      clock: this.#clock,
    };
  }

  // --- the user agent

  #createAgent(credentials: Credentials): UserAgent {
    const { displayName, product } = this.#options;
    return new UserAgent({
      uri: addressOfRecord(credentials),
      primitives,
      transport: credentials.ws.startsWith('wss:') ? 'wss' : 'ws',
      instanceId: this.#options.instanceId ?? `urn:uuid:${crypto.randomUUID()}`,
      credentials: () => {
        const current = this.#keeper.current;
        return current && { username: encodeUtf8(current.username), password: encodeUtf8(current.password) };
      },
      ...(this.#options.messages === false ? { acceptedMessages: [] } : {}),
      ...(displayName === undefined ? {} : { displayName: encodeUtf8(displayName) }),
      ...(product === undefined ? {} : { product: encodeUtf8(product) }),
    });
  }

  #perform(command: (agent: UserAgent, now: number) => UserAgentOutput[]): void {
    if (this.#agent) this.#carryOut(command(this.#agent, this.#clock.now()));
  }

  #carryOut(outputs: UserAgentOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') {
        if (this.#transport.send(output.message)) this.emit('signal', { sent: true, text: output.message });
      } else if (output.type === 'setTimer') {
        const { name } = output;
        this.#timers.get(name)?.();
        this.#timers.set(
          name,
          this.#clock.after(output.delay, () => {
            this.#timers.delete(name);
            this.#perform((agent, now) => agent.timer(name, now));
          }),
        );
      } else if (output.type === 'clearTimer') {
        this.#timers.get(output.name)?.();
        this.#timers.delete(output.name);
      } else this.#events.push(output.event);
    }
    this.#tellEvents();
  }

  /** In the order they came: what a listener does in answer to one may bring more, and those wait behind. */
  #tellEvents(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      for (let event = this.#events.shift(); event !== undefined; event = this.#events.shift()) this.#happened(event);
    } finally {
      this.#telling = false;
    }
  }

  #request(command: (agent: UserAgent, request: string, now: number) => UserAgentOutput[]): Promise<void> {
    if (!this.#transport.connected) return Promise.reject(notConnected());
    return new Promise((resolve, reject) => {
      const request = crypto.randomUUID();
      this.#requests.set(request, ({ status, reason }) => {
        this.#requests.delete(request);
        if (status < 300) resolve();
        else reject(new ClientError(status === 408 ? 'TIMEOUT' : 'REJECTED', decodeUtf8(reason) ?? reason, status));
      });
      this.#perform((agent, now) => command(agent, request, now));
    });
  }

  #happened(event: UserAgentEvent): void {
    switch (event.type) {
      case 'registered':
        this.#registerBackOff.reset();
        this.#enter('registered');
        break;
      case 'unregistered':
        this.#onUnregistered?.();
        break;
      case 'registrationFailed':
        this.#registrationFailed(event);
        break;
      case 'incomingCall':
        this.#incomingCall(event);
        break;
      case 'refer':
        this.#followRefer(event);
        break;
      case 'message':
        this.emit('message', {
          from: describePeer(event.from),
          contentType: event.body.type.toLowerCase(),
          text: textOf(event.body),
        });
        break;
      case 'response':
        this.#requests.get(event.request)?.(event);
        break;
      case 'malformed':
        break;
      default:
        if (event.call !== undefined) (this.#calls.get(event.call) ?? this.#sessions.get(event.call))?.receive(event);
        if (event.type === 'ended') this.#sessions.delete(event.call);
    }
  }

  // --- the connection

  #opened(): void {
    this.#perform((agent, now) => agent.transportConnected(now));
    if (this.#options.register === false) this.#enter('registered');
    else {
      this.#enter('registering');
      // With an earlier registration in force the user agent has registered by itself.
      if (!this.#registerInForce) this.#register();
    }
    this.#scheduleRenewal();
    for (const call of this.#calls.values()) call.reconnected(this.#networkChanged);
    this.#networkChanged = false;
  }

  #register(): void {
    this.#registerInForce = true;
    this.#perform((agent, now) => agent.register(now));
  }

  #closed(retryIn: number | undefined): void {
    this.#cancelRenewal?.();
    this.#cancelRegister?.();
    this.#perform((agent, now) => agent.transportLost(now));
    if (retryIn === undefined) this.#enter('disconnected');
    else this.#enter('connecting', retryIn);
  }

  #received(text: ByteString): void {
    this.emit('signal', { sent: false, text });
    this.#perform((agent, now) => agent.receive(text, now));
  }

  #registrationFailed({ status, reason, retryAfter }: Extract<UserAgentEvent, { type: 'registrationFailed' }>): void {
    this.#registerInForce = false;
    if (!this.#transport.connected) return; // registered again with the next connection
    this.emit('error', new ClientError('REJECTED', `registration failed: ${decodeUtf8(reason) ?? reason}`, status));
    this.#enter('registering');
    if (status === 401 || status === 403 || status === 407) this.#keeper.discard();
    const delay = Math.max(this.#registerBackOff.next(), (retryAfter ?? 0) * 1000);
    this.#cancelRegister?.();
    this.#cancelRegister = this.#clock.after(delay, () => {
      if (this.#keeper.current) this.#register();
      else this.#transport.reconnect();
    });
  }

  /**
   * Ahead of the credential's expiry a fresh one is fetched and the connection made anew with it, since only a handshake
   * can carry it unasked. Calls go on: their media takes no notice, their signalling moves to the new connection.
   */
  #scheduleRenewal(): void {
    const renewIn = this.#keeper.renewIn;
    this.#cancelRenewal?.();
    if (renewIn === undefined) return;
    this.#cancelRenewal = this.#clock.after(Math.max(1000, renewIn), async () => {
      try {
        await this.#keeper.renew();
      } catch (error) {
        // The rest of its life is left to try again; after that the server closes with 1008.
        this.emit('error', error as ClientError);
        this.#cancelRenewal = this.#clock.after(RENEWAL_RETRY, () => this.#scheduleRenewal());
        return;
      }
      if (this.#transport.connected) {
        this.#perform((agent, now) => agent.transportLost(now));
        this.#transport.reconnect();
      }
    });
  }

  #enter(state: ClientState, retryIn?: number): void {
    if (state === this.#state && retryIn === undefined) return;
    this.#state = state;
    this.emit('state', retryIn === undefined ? { state } : { state, retryIn });
  }

  // --- calls

  #createPort(): CallPort {
    const { devices } = this.#options;
    const transport = this.#transport;
    return {
      perform: (command) => this.#perform(command),
      snapshot: (name) => this.#agent?.call(name),
      request: (command) => this.#request(command),
      mediaSession: () => this.#mediaSession(),
      uriOf: (target) => this.#uriOf(target),
      get connected() {
        return transport.connected;
      },
      get devices() {
        return devices ?? (globalThis as { navigator?: { mediaDevices?: Devices } }).navigator?.mediaDevices;
      },
      clock: this.#clock,
    };
  }

  #mediaSession(): MediaSession {
    const platform = globalThis as { MediaStream?: typeof MediaStream };
    const stream = this.#options.mediaStream ?? (platform.MediaStream && (() => new MediaStream()));
    if (!stream) throw new ClientError('NO_MEDIA', 'this platform has no RTCPeerConnection');
    return new MediaSession(this.#peerConnection(), this.#clock, { local: stream(), remote: stream() });
  }

  #peerConnection(): RTCPeerConnection {
    const platform = globalThis as { RTCPeerConnection?: typeof RTCPeerConnection };
    const connect =
      this.#options.peerConnection ??
      (platform.RTCPeerConnection && ((configuration) => new RTCPeerConnection(configuration)));
    if (!connect) throw new ClientError('NO_MEDIA', 'this platform has no RTCPeerConnection');
    const iceServers = this.#keeper.current?.iceServers;
    return connect(iceServers ? { iceServers } : {});
  }

  #incomingCall(event: Extract<UserAgentEvent, { type: 'incomingCall' }>): void {
    for (const { take } of this.#sessionKinds) {
      const listener = take(event);
      if (listener === undefined) continue;
      this.#sessions.set(event.call, listener);
      return;
    }
    if (event.offer !== undefined && !hasMedia(textOf(event.offer))) {
      this.#perform((agent, now) => agent.reject(event.call, { status: 488 }, now));
      return;
    }
    const replaces = event.replaces === undefined ? undefined : this.#calls.get(event.replaces);
    const call = this.#addCall(
      new Call(this.#port, {
        id: event.call,
        remote: describePeer(event.from),
        incoming: { ...(event.offer ? { offer: textOf(event.offer) } : {}), ...(replaces ? { replaces } : {}) },
      }),
    );
    this.#perform((agent, now) => agent.ring(event.call, {}, now));
    this.emit('call', call);
    if (replaces) {
      // RFC 3891 section 3: it takes an answered call's place, so it is answered without asking again.
      replaces.emit('transferred', call);
      call.answer({ audio: true, video: replaces.sendsVideo && call.offersVideo }).catch(() => {});
    }
  }

  /** The other side of a call asks us to call somebody else (RFC 3515): done at once, with the same media. */
  #followRefer(event: Extract<UserAgentEvent, { type: 'refer' }>): void {
    const referrer = this.#calls.get(event.call);
    let remote: Peer;
    try {
      if (!referrer) throw new ClientError('WRONG_STATE', 'no such call');
      remote = describePeer({ uri: targetUri(event.target, '') });
      if (this.#options.followTransfer?.(referrer, remote) === false)
        throw new ClientError('REJECTED', 'not wanted', 603);
    } catch {
      this.#perform((agent, now) => agent.rejectRefer(event.refer, now));
      return;
    }
    const call = this.#addCall(new Call(this.#port, { id: crypto.randomUUID(), remote }));
    void call.start({ audio: true, video: referrer.sendsVideo && !referrer.sharing }, (agent, name, offer, now) =>
      agent.acceptRefer(event.refer, name, { offer: sessionDescription(offer) }, now),
    );
    referrer.emit('transferred', call);
    this.emit('call', call);
  }

  #addCall(call: Call): Call {
    this.#calls.set(call.id, call);
    call.on('ended', () => this.#calls.delete(call.id));
    return call;
  }

  #uriOf(target: string): ByteString {
    return targetUri(target, this.#keeper.current?.domain ?? '');
  }
}

const RENEWAL_RETRY = 15_000;
function addressOfRecord(credentials: Credentials): ByteString {
  return targetUri(accountName(credentials), credentials.domain);
}

function platformNetwork(): NetworkEvents | undefined {
  return typeof globalThis.addEventListener === 'function' && 'window' in globalThis ? globalThis : undefined;
}

function notConnected(): ClientError {
  return new ClientError('NOT_CONNECTED', 'not connected to the server');
}
