// The client's side of SCRAM (RFC 5802), for tests.
import { createHash, createHmac, pbkdf2Sync, randomBytes } from 'node:crypto';

export class ScramClient {
  readonly #hash: 'sha1' | 'sha256';
  readonly #username: string;
  readonly #password: string;
  readonly #header: string;
  readonly #binding: Buffer;
  readonly #nonce = randomBytes(12).toString('base64');
  #expected = '';

  constructor(options: {
    hash?: 'sha1' | 'sha256';
    username: string;
    password: string;
    /** GS2 header; default `n,,`. */
    header?: string;
    binding?: Buffer;
  }) {
    this.#hash = options.hash ?? 'sha256';
    this.#username = options.username.replaceAll('=', '=3D').replaceAll(',', '=2C');
    this.#password = options.password;
    this.#header = options.header ?? 'n,,';
    this.#binding = options.binding ?? Buffer.alloc(0);
  }

  get #bare(): string {
    return `n=${this.#username},r=${this.#nonce}`;
  }

  /** Base64. */
  first(): string {
    return Buffer.from(this.#header + this.#bare).toString('base64');
  }

  final(challenge: string): string {
    const serverFirst = Buffer.from(challenge, 'base64').toString();
    const [, nonce, salt, iterations] = /^r=([^,]*),s=([^,]*),i=(\d+)(?:,|$)/.exec(serverFirst) as string[];
    const length = this.#hash === 'sha1' ? 20 : 32;
    const hmac = (key: Buffer, text: string) => createHmac(this.#hash, key).update(text).digest();
    const salted = saltedPassword(this.#password, salt!, Number(iterations), length, this.#hash);
    const clientKey = hmac(salted, 'Client Key');
    const storedKey = createHash(this.#hash).update(clientKey).digest();
    const bound = Buffer.concat([Buffer.from(this.#header), this.#binding]).toString('base64');
    const message = `${this.#bare},${serverFirst},c=${bound},r=${nonce}`;
    const signature = hmac(storedKey, message);
    const proof = Buffer.from(clientKey.map((octet, i) => octet ^ signature[i]!)).toString('base64');
    this.#expected = `v=${hmac(hmac(salted, 'Server Key'), message).toString('base64')}`;
    return Buffer.from(`c=${bound},r=${nonce},p=${proof}`).toString('base64');
  }

  /** Whether the server has proved that it knows the password too. */
  isProof(additional: string): boolean {
    return this.#expected !== '' && Buffer.from(additional, 'base64').toString() === this.#expected;
  }
}

const derived = new Map<string, Buffer>();

/** Remembered, as clients do (RFC 5802 section 5.1 lets them). */
function saltedPassword(password: string, salt: string, iterations: number, length: number, hash: string): Buffer {
  const key = `${hash} ${iterations} ${salt} ${password}`;
  let known = derived.get(key);
  if (known === undefined) {
    known = pbkdf2Sync(password, Buffer.from(salt, 'base64'), iterations, length, hash);
    derived.set(key, known);
  }
  return known;
}
