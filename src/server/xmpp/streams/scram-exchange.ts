// SCRAM with our accounts and with ephemeral credentials (RFC 5802, RFC 7677; channel binding RFC 9266, RFC 5929).
import { pbkdf2 } from 'node:crypto';
import { promisify } from 'node:util';
import { type ByteString, encodeUtf8 } from '../../../protocol/byte-string.ts';
import { toBase64 } from '../../../protocol/primitives.ts';
import {
  offerHash,
  parseScramFinal,
  parseScramFirst,
  type ScramFirst,
  type ScramSecrets,
  scramChallenge,
  verifyScram,
} from '../../../protocol/xmpp/scram-server.ts';
import type { Identity } from '../../../transport/flow.ts';
import { primitives } from '../../../transport/primitives.ts';
import { type SaslExchange, SaslFailure, type SaslStep } from './sasl-exchange.ts';

export type ScramHash = 'SHA-1' | 'SHA-256';

export interface ScramAccounts {
  identity(name: string): Identity | undefined;
  /** Base64. */
  scramKeys(
    name: string,
    hash: ScramHash,
  ): { salt: string; storedKey: string; serverKey: string; iterations: number } | undefined;
  ephemeralPasswords(username: string, now: number): { passwords: string[]; identity: Identity } | undefined;
}

/** The password of an ephemeral credential is an HMAC, which nobody guesses: RFC 7677's least will do. */
const EPHEMERAL_ITERATIONS = 4096;
/** As accounts have it: an unknown name must not be told by it. */
const ITERATIONS = 10_000;

const deriveKey = promisify(pbkdf2);

export interface ScramOptions {
  hash: ScramHash;
  plus: boolean;
  /** The mechanisms and channel bindings that the client was told of. */
  offered: readonly string[];
  announced: readonly string[];
  /**
   * From which the salts of ephemeral credentials, and of names that nobody has, are made: the same name has the same,
   * after a restart too. Octets.
   */
  secret: ByteString;
  /** What this connection could be bound by. */
  bindings: ReadonlyMap<string, ByteString>;
  accounts: ScramAccounts;
  /** Unix milliseconds. */
  now: () => number;
  /** The canonical name of an account, as a username has it. */
  name: (username: string) => string | undefined;
  /** A challenge is about to be made. Throws SaslFailure. */
  challenge: () => void;
  /** Counts an attempt as failed, as soon as a proof is looked at; what it gives takes that back. Throws SaslFailure. */
  attempt: (username: string) => () => void;
  /** Throws SaslFailure. */
  authorize: (identity: Identity, authzid: string) => Identity;
}

export function scramMechanism(name: string): { hash: ScramHash; plus: boolean } {
  return { hash: name.startsWith('SCRAM-SHA-256') ? 'SHA-256' : 'SHA-1', plus: name.endsWith('-PLUS') };
}

interface Begun {
  first: ScramFirst;
  nonce: ByteString;
  challenge: ByteString;
  secrets: ScramSecrets;
}

export class ScramExchange implements SaslExchange {
  readonly #options: ScramOptions;
  #begun: Begun | undefined;
  #identity: Identity | undefined;

  constructor(options: ScramOptions) {
    this.#options = options;
  }

  receive(message: ByteString): Promise<SaslStep> | SaslStep {
    return this.#begun === undefined ? this.#first(message) : this.#final(message, this.#begun);
  }

  async #first(message: ByteString): Promise<SaslStep> {
    const first = parseScramFirst(message);
    if (first === undefined) throw new SaslFailure('malformed-request');
    const { hash, plus, bindings, offered, announced } = this.#options;
    // RFC 5802 section 6: who believes that we cannot, though we offered it, has been told so by somebody between us.
    if (plus !== (first.binding !== undefined) || (first.couldBind && bindings.size > 0))
      throw new SaslFailure('not-authorized');
    if (first.binding !== undefined && !bindings.has(first.binding)) throw new SaslFailure('malformed-request');
    this.#options.challenge();
    const secrets = (await this.#secrets(first.username)) ?? this.#nobody(first.username);
    const nonce = first.nonce + toBase64(primitives.random(18));
    const challenge = scramChallenge(nonce, secrets, offerHash(primitives, nameOf(hash), offered, announced));
    this.#begun = { first, nonce, challenge, secrets };
    return { challenge };
  }

  #final(message: ByteString, { first, nonce, challenge, secrets }: Begun): SaslStep {
    const final = parseScramFinal(message);
    if (final === undefined) throw new SaslFailure('malformed-request');
    const { hash, bindings, attempt, authorize } = this.#options;
    const forgive = attempt(first.username);
    const bound = first.header + (first.binding === undefined ? '' : (bindings.get(first.binding) ?? ''));
    const additional = verifyScram(
      primitives,
      nameOf(hash),
      secrets,
      `${first.bare},${challenge},${final.withoutProof}`,
      final.proof,
    );
    if (additional === undefined || this.#identity === undefined || final.nonce !== nonce || final.bound !== bound)
      throw new SaslFailure('not-authorized');
    forgive();
    return { identity: authorize(this.#identity, first.authzid), additional };
  }

  async #secrets(username: string): Promise<ScramSecrets | undefined> {
    const { accounts, hash, now } = this.#options;
    const ephemeral = accounts.ephemeralPasswords(username, now());
    if (ephemeral !== undefined) {
      this.#identity = ephemeral.identity;
      const salt = this.#salt(username);
      const candidates = await Promise.all(ephemeral.passwords.map((password) => keysOf(hash, password, salt)));
      return { salt, iterations: EPHEMERAL_ITERATIONS, candidates };
    }
    const name = this.#options.name(username);
    const keys = name === undefined ? undefined : accounts.scramKeys(name, hash);
    if (name === undefined || keys === undefined) return undefined;
    this.#identity = accounts.identity(name);
    const [salt, storedKey, serverKey] = [keys.salt, keys.storedKey, keys.serverKey].map(octets) as [
      ByteString,
      ByteString,
      ByteString,
    ];
    return { salt, iterations: keys.iterations, candidates: [{ storedKey, serverKey }] };
  }

  /** An unknown name gets a challenge like any other (RFC 5802 section 9). */
  #nobody(username: string): ScramSecrets {
    const key = this.#salt(`key ${username}`).padEnd(this.#options.hash === 'SHA-256' ? 32 : 20, '\0');
    return {
      salt: this.#salt(this.#options.name(username) ?? username),
      iterations: ITERATIONS,
      candidates: [{ storedKey: key, serverKey: key }],
    };
  }

  /** An account has another one for each hash: so has everybody else. */
  #salt(text: string): ByteString {
    const { secret, hash } = this.#options;
    return primitives.hmac('sha256', secret, `SCRAM ${hash} ${encodeUtf8(text)}`).slice(0, 16);
  }
}

function nameOf(hash: ScramHash): 'sha1' | 'sha256' {
  return hash === 'SHA-256' ? 'sha256' : 'sha1';
}

function octets(base64: string): ByteString {
  return Buffer.from(base64, 'base64').toString('latin1');
}

type Keys = ScramSecrets['candidates'][number];

/** Clients that all come back at once (a storm) are not worth deriving their keys again; older ones are forgotten together. */
const derived = new Map<string, Keys>();
const MOST_DERIVED = 10_000;

async function keysOf(hash: ScramHash, password: string, salt: ByteString): Promise<Keys> {
  const id = `${hash} ${password} ${salt}`;
  let keys = derived.get(id);
  if (keys === undefined) {
    keys = await derive(hash, password, salt);
    if (derived.size >= MOST_DERIVED) derived.clear();
    derived.set(id, keys);
  }
  return keys;
}

async function derive(hash: ScramHash, password: string, salt: ByteString): Promise<Keys> {
  const name = nameOf(hash);
  const length = hash === 'SHA-256' ? 32 : 20;
  const salted = (await deriveKey(password, Buffer.from(salt, 'latin1'), EPHEMERAL_ITERATIONS, length, name)).toString(
    'latin1',
  );
  const clientKey = primitives.hmac(name, salted, 'Client Key');
  return { storedKey: primitives.hash(name, clientKey), serverKey: primitives.hmac(name, salted, 'Server Key') };
}
