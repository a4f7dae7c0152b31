import { decodeUtf8, encodeUtf8 } from '../../protocol/byte-string.ts';
import { makeEphemeral } from '../../protocol/credentials/ephemeral.ts';
import type { Primitives } from '../../protocol/primitives.ts';

/** The answer of `POST /api/credentials`: the draft's fields, and what a page needs to connect. */
export interface IssuedCredential {
  username: string;
  password: string;
  /** Seconds. */
  ttl: number;
  domain: string;
  /** Where to open the WebSocket. */
  ws: string;
  /** TURN URIs that work now. */
  uris: string[];
  iceServers: Array<{ urls: string[]; username: string; credential: string }>;
}

/** Where a client reaches this server, from where it stands. */
export interface Reach {
  ws: string;
  /** `stun:` URIs. */
  stun: string[];
  /** `turn:` URIs. */
  turn: string[];
}

/** Makes ephemeral credentials with the first of the secrets. `now`: milliseconds since 1970. */
export class CredentialIssuer {
  readonly #domain: string;
  readonly #primitives: Primitives;
  readonly #now: () => number;
  #secret = '';

  constructor(options: { domain: string; secrets: readonly string[]; primitives: Primitives; now: () => number }) {
    this.#domain = options.domain;
    this.#primitives = options.primitives;
    this.#now = options.now;
    this.secrets = options.secrets;
  }

  set secrets(secrets: readonly string[]) {
    this.#secret = encodeUtf8(secrets[0] as string);
  }

  /** `name` is canonical. */
  issue(name: string, ttl: number, reach: Reach): IssuedCredential {
    const expires = Math.floor(this.#now() / 1000) + ttl;
    const made = makeEphemeral(this.#primitives, this.#secret, encodeUtf8(name), expires);
    const username = decodeUtf8(made.username) as string;
    const { password } = made;
    const urls = [...reach.stun, ...reach.turn];
    return {
      username,
      password,
      ttl,
      domain: this.#domain,
      ws: reach.ws,
      uris: reach.turn,
      iceServers: urls.length === 0 ? [] : [{ urls, username, credential: password }],
    };
  }
}
