import { readFileSync } from 'node:fs';
import type { TlsFiles } from '../config.ts';

export interface Certificate {
  cert: Buffer;
  key: Buffer;
}

export function readCertificate({ cert, key }: TlsFiles): Certificate {
  return { cert: readFileSync(cert), key: readFileSync(key) };
}
