// The captured descriptions of test/vectors/sdp.
import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('../vectors/sdp/', import.meta.url);

export const SDP_VECTORS: readonly string[] = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.sdp'))
  .map((file) => file.slice(0, -4))
  .sort();

export function sdpVector(name: string): string {
  return readFileSync(new URL(`${name}.sdp`, FOLDER), 'latin1');
}
