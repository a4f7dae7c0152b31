import { sha1 } from '@noble/hashes/legacy.js';
import { sha256 } from '@noble/hashes/sha2.js';

/** `sha-1` is what RFC 5547 knows; `sha-256` is for those who both have it. */
export type FileHashName = 'sha-1' | 'sha-256';

/** A running hash over a file that comes in pieces. */
export interface FileHash {
  update(octets: Uint8Array): unknown;
  /** Lower-case hexadecimal. */
  digest(): string;
}

export function startFileHash(name: FileHashName): FileHash {
  const hash = (name === 'sha-1' ? sha1 : sha256).create();
  return {
    update: (octets) => hash.update(octets),
    digest: () => Array.from(hash.digest(), (octet) => octet.toString(16).padStart(2, '0')).join(''),
  };
}

const PIECE = 1024 * 1024;

/** Reads the file once. `stopped` is asked between the pieces; then undefined. */
export async function hashFile(file: Blob, name: FileHashName, stopped: () => boolean): Promise<string | undefined> {
  const hash = startFileHash(name);
  for (let at = 0; at < file.size; at += PIECE) {
    if (stopped()) return undefined;
    hash.update(new Uint8Array(await file.slice(at, at + PIECE).arrayBuffer()));
  }
  return hash.digest();
}
