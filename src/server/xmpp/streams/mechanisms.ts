// Which SASL mechanisms a connection is offered (RFC 6120 section 6), and the exchange that each begins.
import { type ByteString, decodeUtf8 } from '../../../protocol/byte-string.ts';
import type { Identity } from '../../../transport/flow.ts';
import { canonicalName } from '../../accounts/canonical-name.ts';
import { isLoopback } from '../../configuration/listen.ts';
import type { ChannelBinding, XmppConnection } from './connection.ts';
import type { Failures } from './failures.ts';
import { type FastTokens, TOKEN_MECHANISMS, type TokenMechanism } from './fast-tokens.ts';
import type { StreamCounters } from './metrics.ts';
import { type SaslExchange, SaslFailure, type SaslStep } from './sasl-exchange.ts';
import { type ScramAccounts, ScramExchange, scramMechanism } from './scram-exchange.ts';

export interface StreamAccounts extends ScramAccounts {
  verifyCredential(username: string, password: string, now: number): Identity | undefined;
  signIn(name: string, password: string): Promise<Identity | undefined>;
}

/** Best first; `-PLUS` where TLS gives a binding. */
const SCRAM = ['SCRAM-SHA-256', 'SCRAM-SHA-1'] as const;
/** XEP-0440: those that are told of. */
const BINDINGS: readonly ChannelBinding[] = ['tls-exporter', 'tls-server-end-point'];

export interface MechanismsOptions {
  domain: string;
  accounts: StreamAccounts;
  failures: Failures;
  tokens: FastTokens;
  /** Of this server, the same after a restart. Octets. */
  secret: ByteString;
  counters: StreamCounters;
  /** Unix milliseconds. */
  wallClock: () => number;
}

export class Mechanisms {
  readonly #options: MechanismsOptions;

  constructor(options: MechanismsOptions) {
    this.#options = options;
  }

  /** None: TLS comes first. */
  offered(connection: XmppConnection): string[] {
    if (!mayLogIn(connection)) return [];
    const names: string[] = [];
    if (connection.identity !== undefined) names.push('EXTERNAL');
    if (bindingsOf(connection).length > 0) names.push(...SCRAM.map((name) => `${name}-PLUS`));
    names.push(...SCRAM);
    if (isConfidential(connection)) names.push('PLAIN');
    return names;
  }

  /** XEP-0484: those for tokens, which `<fast/>` lists apart. */
  offeredForTokens(connection: XmppConnection): TokenMechanism[] {
    if (!isConfidential(connection)) return [];
    return TOKEN_MECHANISMS.filter((name) => {
      const binding = tokenBinding(name);
      return binding === undefined || connection.channelBinding?.(binding) !== undefined;
    });
  }

  /** Throws SaslFailure. `client`: the id of its user agent, which a token belongs to. */
  begin(name: string, connection: XmppConnection, client?: string): SaslExchange {
    const { address } = connection.remote;
    if (this.offered(connection).includes(name)) {
      if (name === 'PLAIN') return { receive: (message) => this.#plain(message, address) };
      if (name === 'EXTERNAL') return { receive: (message) => this.#external(message, connection) };
      return this.#scram(name, connection);
    }
    const token = this.offeredForTokens(connection).find((offered) => offered === name);
    if (token === undefined) throw new SaslFailure('invalid-mechanism');
    if (client === undefined) throw new SaslFailure('malformed-request', 'A token belongs to a user-agent with an id.');
    return { receive: (message) => this.#token(message, token, client, connection) };
  }

  #scram(name: string, connection: XmppConnection): SaslExchange {
    const { accounts, domain } = this.#options;
    const bindings = new Map<string, ByteString>();
    for (const type of [...BINDINGS, 'tls-unique'] as const) {
      const octets = connection.channelBinding?.(type);
      if (octets !== undefined) bindings.set(type, octets);
    }
    return new ScramExchange({
      ...scramMechanism(name),
      offered: this.offered(connection),
      announced: bindingsOf(connection),
      secret: this.#options.secret,
      bindings,
      accounts,
      now: this.#options.wallClock,
      name: (username) => this.#name(username),
      challenge: () => this.#options.failures.challenge(connection.remote.address),
      attempt: (username) => this.#attempt(connection.remote.address, username),
      authorize: (identity, authzid) => authorize(identity, authzid, domain),
    });
  }

  /** RFC 4616. */
  async #plain(message: ByteString, address: string): Promise<SaslStep> {
    const parts = message.split('\0').map((part) => decodeUtf8(part));
    const [authzid, username, password] = parts;
    if (parts.length !== 3 || authzid === undefined || !username || !password)
      throw new SaslFailure('malformed-request');
    const forgive = this.#attempt(address, username);
    const { accounts, wallClock } = this.#options;
    const identity =
      accounts.verifyCredential(username, password, wallClock()) ??
      (await accounts.signIn(this.#name(username) ?? '', password));
    if (identity === undefined) throw new SaslFailure('not-authorized');
    forgive();
    return { identity: authorize(identity, authzid, this.#options.domain) };
  }

  /** RFC 4422 appendix A: who the WebSocket's handshake has proved. */
  #external(message: ByteString, { identity }: XmppConnection): SaslStep {
    const authzid = decodeUtf8(message);
    if (identity === undefined || authzid === undefined) throw new SaslFailure('not-authorized');
    if (identity.expires !== undefined && identity.expires * 1000 <= this.#options.wallClock())
      throw new SaslFailure('credentials-expired');
    return { identity: authorize(identity, authzid, this.#options.domain) };
  }

  /** draft-schmaus-kitten-sasl-ht: authcid NUL HMAC(token, "Initiator" || binding). */
  async #token(
    message: ByteString,
    mechanism: TokenMechanism,
    client: string,
    connection: XmppConnection,
  ): Promise<SaslStep> {
    const end = message.indexOf('\0');
    const username = decodeUtf8(message.slice(0, Math.max(end, 0)));
    if (end < 1 || username === undefined) throw new SaslFailure('malformed-request');
    const name = this.#name(username.replace(EXPIRY, ''));
    const attempt = () => this.#attempt(connection.remote.address, username);
    const type = tokenBinding(mechanism);
    const binding = type === undefined ? '' : (connection.channelBinding?.(type) ?? '');
    const proved =
      name === undefined
        ? undefined
        : await this.#options.tokens.verify(name, client, mechanism, message.slice(end + 1), binding, attempt);
    if (proved === undefined) throw new SaslFailure('not-authorized');
    return { identity: proved.identity, additional: proved.answer, renewToken: proved.renew };
  }

  /** Counts an attempt, and gives what takes it back. Throws SaslFailure. */
  #attempt(address: string, username: string): () => void {
    const { failures, counters } = this.#options;
    const name = this.#name(username.replace(EXPIRY, '')) ?? username;
    try {
      failures.attempt(address, name);
    } catch (error) {
      counters.throttled += 1;
      throw error;
    }
    return () => failures.forgive(address, name);
  }

  /** An account's canonical name, of `alice` and of the whole address, as some clients have it. */
  #name(username: string): string | undefined {
    const suffix = `@${this.#options.domain}`;
    return canonicalName(username.endsWith(suffix) ? username.slice(0, -suffix.length) : username);
  }
}

/** Of an ephemeral username. */
const EXPIRY = /^\d{1,12}:/;

/** RFC 6120 section 6.3.8: one may only be oneself. */
function authorize(identity: Identity, authzid: string, domain: string): Identity {
  if (authzid !== '' && authzid !== `${identity.name}@${domain}`) throw new SaslFailure('invalid-authzid');
  return identity;
}

/** Encrypted, or never on a wire. */
function isConfidential({ transport, remote }: XmppConnection): boolean {
  return transport === 'tls' || transport === 'wss' || transport === 'boshs' || isLoopback(remote.address);
}

/** Plain TCP off loopback has STARTTLS first. A page that was itself fetched in the clear may use what shows no password. */
function mayLogIn(connection: XmppConnection): boolean {
  return connection.transport !== 'tcp' || isLoopback(connection.remote.address);
}

export function bindingsOf(connection: XmppConnection): ChannelBinding[] {
  return BINDINGS.filter((type) => connection.channelBinding?.(type) !== undefined);
}

function tokenBinding(mechanism: TokenMechanism): ChannelBinding | undefined {
  if (mechanism === 'HT-SHA-256-EXPR') return 'tls-exporter';
  return mechanism === 'HT-SHA-256-ENDP' ? 'tls-server-end-point' : undefined;
}
