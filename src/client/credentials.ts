import { ClientError } from './errors.ts';

/** An expiring credential, as `POST /api/credentials` answers it. It is good for SIP, TURN, XMPP and MSRP alike. */
export interface Credentials {
  /** `<unix expiry>:<name>`, or a plain account name where a native client uses its own password. */
  username: string;
  password: string;
  /** Seconds it is valid for, from the moment it was received; absent: for ever. */
  ttl?: number;
  /** The SIP domain of the address of record. */
  domain: string;
  /** Where to open the WebSocket. */
  ws: string;
  iceServers?: IceServer[];
}

/** The WebRTC dictionary RTCIceServer, spelled out so that Node needs no DOM types. */
export interface IceServer {
  urls: string | string[];
  username?: string;
  credential?: string;
}

/** Brings a fresh credential. It is asked before each connection whose credential has aged, and ahead of expiry. */
export type CredentialsProvider = () => Promise<Credentials>;

/** Asks `POST url` with the page's session cookie; a URL on another origin needs CORS and `web.origins` there. */
export function fetchCredentials(url = '/api/credentials', fetcher: typeof fetch = fetch): CredentialsProvider {
  return async () => {
    let response: Response;
    try {
      response = await fetcher(url, { method: 'POST', credentials: 'include' });
    } catch (error) {
      throw new ClientError('CREDENTIALS_UNAVAILABLE', 'the credential service cannot be reached', undefined, error);
    }
    if (response.status === 401 || response.status === 403)
      throw new ClientError('CREDENTIALS_REFUSED', 'not signed in', response.status);
    if (!response.ok)
      throw new ClientError('CREDENTIALS_UNAVAILABLE', 'the credential service failed', response.status);
    return (await response.json()) as Credentials;
  };
}

/** The name in `<unix expiry>:<name>`. */
export function accountName(credentials: Credentials): string {
  const ephemeral = /^\d+:(.+)$/.exec(credentials.username);
  return ephemeral?.[1] ?? credentials.username;
}

/** The handshake's URL: the credential travels in the query, since a browser can set no header there. */
export function handshakeUrl(credentials: Credentials): string {
  const url = new URL(credentials.ws);
  url.searchParams.set('username', credentials.username);
  url.searchParams.set('password', credentials.password);
  return url.href;
}

/**
 * Keeps the credential in use and renews it at three quarters of its life, so that a slow or failing credential service
 * has the last quarter to recover in. One request at a time, whoever asks.
 */
export class CredentialsKeeper {
  readonly #provider: CredentialsProvider;
  readonly #now: () => number;
  #current: Credentials | undefined;
  #renewAt = 0;
  #pending: Promise<Credentials> | undefined;

  constructor(provider: CredentialsProvider, now: () => number) {
    this.#provider = provider;
    this.#now = now;
  }

  get current(): Credentials | undefined {
    return this.#current;
  }

  /** Milliseconds until renewal is due; undefined when the credential never expires or there is none. */
  get renewIn(): number | undefined {
    if (this.#current?.ttl === undefined) return undefined;
    return Math.max(0, this.#renewAt - this.#now());
  }

  /** The credential in use, or a fresh one when it is due for renewal. */
  async get(): Promise<Credentials> {
    if (this.#current && (this.#current.ttl === undefined || this.#now() < this.#renewAt)) return this.#current;
    return this.renew();
  }

  renew(): Promise<Credentials> {
    this.#pending ??= this.#provider()
      .then((credentials) => {
        this.#current = credentials;
        this.#renewAt = this.#now() + (credentials.ttl ?? 0) * 750;
        return credentials;
      })
      .finally(() => {
        this.#pending = undefined;
      });
    return this.#pending;
  }

  /** After the server refused the credential: the next `get` asks for another. */
  discard(): void {
    this.#current = undefined;
  }
}
