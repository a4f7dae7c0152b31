import { type Authenticate, client, type Entity, type Mechanism, type XmlElement } from '@xmpp/client';
import { BackOff } from '../back-off.ts';
import type { Clock } from '../clock.ts';
import { type Credentials, type CredentialsKeeper, handshakeUrl } from '../credentials.ts';
import { Emitter } from '../emitter.ts';
import { ClientError, toClientError } from '../errors.ts';

export type MessagingState = 'disconnected' | 'connecting' | 'online';

export interface ConnectionEvents {
  state: { state: MessagingState };
  /** Online: with a new session (rosters and rooms begin anew), or the old one resumed and nothing lost (XEP-0198). */
  online: { resumed: boolean };
  stanza: XmlElement;
  error: ClientError;
}

export interface ConnectionOptions {
  keeper: CredentialsKeeper;
  clock: Clock;
  resource?: string;
}

/** The stream lost, an attempt that hangs: the patience of one attempt, in milliseconds. */
const ATTEMPT = 15_000;
/** What is sent within so many milliseconds is acknowledged together; a person waits for it to be `sent`. */
const ACK_AFTER = 30;

/** RFC 4422 appendix A: the WebSocket's handshake has proved who we are already. */
class External implements Mechanism {
  readonly name = 'EXTERNAL';
  readonly clientFirst = true;
  response(): string {
    return '';
  }
  challenge(): void {}
}

/**
 * One XMPP session over WebSocket (RFC 7395) that stays up: a lost connection is made again, with a credential that is
 * still good, and the session resumed where the server still has it.
 */
export class XmppConnection extends Emitter<ConnectionEvents> {
  readonly #options: ConnectionOptions;
  readonly #backOff = new BackOff();
  readonly #acknowledgements = new Map<XmlElement, { resolve(): void; reject(error: ClientError): void }>();
  #entity: Entity | undefined;
  #state: MessagingState = 'disconnected';
  #wanted = false;
  #cancelRetry: (() => void) | undefined;
  #cancelRenewal: (() => void) | undefined;

  constructor(options: ConnectionOptions) {
    super();
    this.#options = options;
  }

  get state(): MessagingState {
    return this.#state;
  }

  /** Our full address, once there was a session. */
  get address(): string | undefined {
    return this.#entity?.jid?.toString();
  }

  connect(): void {
    if (this.#wanted) return;
    this.#wanted = true;
    this.#enter('connecting');
    void this.#attempt();
  }

  async disconnect(): Promise<void> {
    this.#wanted = false;
    this.#cancelRetry?.();
    this.#cancelRenewal?.();
    const entity = this.#entity;
    this.#entity = undefined;
    this.#enter('disconnected');
    await entity?.stop().catch(() => {});
  }

  /** Resolves when the server has it (an acknowledgement of stream management), whatever happens to the connection between. */
  send(stanza: XmlElement): Promise<void> {
    const entity = this.#entity;
    if (entity === undefined || this.#state !== 'online') return Promise.reject(notConnected());
    if (!entity.streamManagement.enabled) return entity.send(stanza).catch((error) => Promise.reject(lost(error)));
    return new Promise((resolve, reject) => {
      this.#acknowledgements.set(stanza, { resolve, reject });
      // What fails to leave now is in the queue, and is sent again when the session is resumed.
      entity.send(stanza).catch(() => {});
    });
  }

  /** Resolves with the result; rejects with REJECTED and the error's condition as its message. */
  async request(iq: XmlElement): Promise<XmlElement> {
    const entity = this.#entity;
    if (entity === undefined || this.#state !== 'online') throw notConnected();
    iq.attrs['id'] = crypto.randomUUID();
    try {
      return await entity.iqCaller.request(iq);
    } catch (error) {
      const { condition, name } = error as { condition?: string; name?: string };
      if (condition !== undefined) throw new ClientError('REJECTED', condition, undefined, error);
      throw new ClientError(name === 'TimeoutError' ? 'TIMEOUT' : 'NOT_CONNECTED', String(error), undefined, error);
    }
  }

  async #attempt(): Promise<void> {
    let credentials: Credentials;
    try {
      credentials = await this.#options.keeper.get();
    } catch (error) {
      const failure = toClientError(error, 'CREDENTIALS_UNAVAILABLE');
      this.emit('error', failure);
      if (failure.code === 'CREDENTIALS_REFUSED') return void this.disconnect();
      return this.#retry();
    }
    if (!this.#wanted) return;
    this.#entity ??= this.#create(credentials);
    const entity = this.#entity;
    const service = handshakeUrl(credentials);
    entity.options.service = service;
    const cancel = this.#options.clock.after(ATTEMPT, () => void entity.disconnect().catch(() => {}));
    try {
      await entity.connect(service);
      await entity.open({ domain: credentials.domain });
    } catch {
      // Told by the status `disconnect` as well, which is where the next attempt comes from; else from here.
      await entity.disconnect().catch(() => {});
      this.#retry();
    } finally {
      cancel();
    }
  }

  #create(credentials: Credentials): Entity {
    const entity = client({
      service: handshakeUrl(credentials),
      domain: credentials.domain,
      ...(this.#options.resource !== undefined && { resource: this.#options.resource }),
      credentials: (authenticate, mechanisms) => this.#authenticate(authenticate, mechanisms),
    });
    entity.reconnect.stop(); // ours brings a fresh credential
    entity.saslFactory.use('EXTERNAL', External);
    entity.streamManagement.requestAckDebounce = ACK_AFTER;
    entity.on('online', () => this.#online(false));
    entity.streamManagement.on('resumed', () => this.#online(true));
    entity.streamManagement.on('ack', (stanza: XmlElement) => this.#settle(stanza, (waiting) => waiting.resolve()));
    entity.streamManagement.on('fail', (stanza: XmlElement) =>
      this.#settle(stanza, (waiting) => waiting.reject(notConnected())),
    );
    entity.on('stanza', (stanza: XmlElement) => this.emit('stanza', stanza));
    entity.on('disconnect', () => this.#lost(entity));
    entity.on('error', (error: Error) => this.#failed(entity, error));
    return entity;
  }

  async #authenticate(authenticate: Authenticate, mechanisms: string[]): Promise<void> {
    const { username, password } = await this.#options.keeper.get();
    const mechanism = ['EXTERNAL', 'SCRAM-SHA-1', 'PLAIN'].find((name) => mechanisms.includes(name));
    await authenticate({ username, password }, mechanism ?? mechanisms[0] ?? 'PLAIN');
  }

  #online(resumed: boolean): void {
    this.#backOff.reset();
    this.#enter('online');
    this.#scheduleRenewal();
    this.emit('online', { resumed });
  }

  #lost(entity: Entity): void {
    if (entity !== this.#entity) return;
    this.#cancelRenewal?.();
    if (!this.#wanted) return;
    this.#enter('connecting');
    this.#retry();
  }

  #failed(entity: Entity, error: Error & { condition?: string }): void {
    if (entity !== this.#entity) return;
    if (error.name === 'SASLError') {
      // The credential has expired or does not fit: the next attempt brings another.
      this.#options.keeper.discard();
      this.emit('error', new ClientError('REJECTED', `sign-in failed: ${error.condition ?? error.message}`));
      void entity.disconnect().catch(() => {});
    } else if (error.name === 'StreamError') {
      if (error.condition === 'not-authorized') this.#options.keeper.discard();
      this.emit('error', new ClientError('REJECTED', `the server ended the session: ${error.condition}`));
      if (error.condition === 'conflict') void this.disconnect(); // another of ours took this resource: no tug of war
    }
  }

  #retry(): void {
    if (!this.#wanted) return;
    this.#cancelRetry?.();
    this.#cancelRetry = this.#options.clock.after(this.#backOff.next(), () => {
      this.#cancelRetry = undefined;
      void this.#attempt();
    });
  }

  /** Ahead of the credential's expiry the connection is made anew with a fresh one; the session is resumed. */
  #scheduleRenewal(): void {
    this.#cancelRenewal?.();
    const renewIn = this.#options.keeper.renewIn;
    if (renewIn === undefined) return;
    this.#cancelRenewal = this.#options.clock.after(Math.max(1000, renewIn), async () => {
      await this.#options.keeper
        .renew()
        .catch((error) => this.emit('error', toClientError(error, 'CREDENTIALS_UNAVAILABLE')));
      // Without closing the stream, which would end the session: only the connection goes.
      (this.#entity as unknown as { socket?: { end(): void } })?.socket?.end();
    });
  }

  #settle(stanza: XmlElement, how: (waiting: { resolve(): void; reject(error: ClientError): void }) => void): void {
    const waiting = this.#acknowledgements.get(stanza);
    if (waiting === undefined) return;
    this.#acknowledgements.delete(stanza);
    how(waiting);
  }

  #enter(state: MessagingState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.emit('state', { state });
  }
}

function notConnected(): ClientError {
  return new ClientError('NOT_CONNECTED', 'not connected');
}

function lost(error: unknown): ClientError {
  return toClientError(error, 'NOT_CONNECTED');
}
