import { createHash, randomBytes } from 'node:crypto';
import type { ApiKeyStore, StoredApiKey } from '../../storage/ports.ts';

const KEY = /^chappe_[\w-]{43}$/;

/** An administrator's API keys: 256 random bits, so that a plain hash of them is enough to keep. */
export class ApiKeys {
  readonly #store: ApiKeyStore;

  constructor(store: ApiKeyStore) {
    this.#store = store;
  }

  /** The key, shown this once; undefined when one of that name exists. */
  async add(name: string): Promise<string | undefined> {
    const key = `chappe_${randomBytes(32).toString('base64url')}`;
    return (await this.#store.add({ name, hash: hashOf(key) })) ? key : undefined;
  }

  /** Looked up by its hash: how long that takes says nothing about the key. */
  find(key: string): StoredApiKey | undefined {
    return KEY.test(key) ? this.#store.find(hashOf(key)) : undefined;
  }
}

function hashOf(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}
