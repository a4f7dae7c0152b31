import type { ByteString } from '../byte-string.ts';
import { isToken, malformed, parseNumber } from './lexis.ts';

const MOST = 2 ** 32 - 1;

/** RAck (RFC 3262 section 7.2): which reliable provisional response a PRACK acknowledges. */
export interface RAck {
  rseq: number;
  sequence: number;
  method: string;
}

export function parseRAck(value: ByteString): RAck {
  const [first = '', second = '', method = '', more] = value.split(/[ \t]+/, 4);
  const rseq = parseNumber(first, MOST);
  const sequence = parseNumber(second, 2 ** 31 - 1);
  if (!rseq || sequence === undefined || !isToken(method) || more !== undefined) throw malformed('RAck');
  return { rseq, sequence, method };
}

/** RSeq (RFC 3262 section 7.1): 1 to 2^32 - 1. */
export function parseRSeq(value: ByteString): number {
  const rseq = parseNumber(value, MOST);
  if (!rseq) throw malformed('RSeq');
  return rseq;
}
