import { createCipheriv, createDecipheriv, createHash, randomBytes } from 'node:crypto';

const VERSION = 1;
const NONCE = 12;
const TAG = 16;

/**
 * AES-256-GCM over what the database keeps of an account, with a key that is not in the database: a stolen copy of it
 * says nothing. The context (the account's name) is authenticated, so that one row cannot stand in for another.
 * Random 96-bit nonces: far from the bound of 2^32 seals a key.
 */
export class Seal {
  readonly #key: Buffer;

  constructor(secret: string) {
    this.#key = createHash('sha256').update('chappe seal\n').update(secret).digest();
  }

  seal(context: string, text: string): Buffer {
    const nonce = randomBytes(NONCE);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG }).setAAD(Buffer.from(context));
    return Buffer.concat([Buffer.of(VERSION), nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  }

  /** Throws when the key, the context or a single bit is another. */
  open(context: string, sealed: Uint8Array): string {
    const octets = Buffer.from(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (octets.length < 1 + NONCE + TAG || octets[0] !== VERSION) throw new Error('not a sealed value');
    const nonce = octets.subarray(1, 1 + NONCE);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, { authTagLength: TAG })
      .setAAD(Buffer.from(context))
      .setAuthTag(octets.subarray(octets.length - TAG));
    return decipher.update(octets.subarray(1 + NONCE, octets.length - TAG), undefined, 'utf8') + decipher.final('utf8');
  }
}
