import type { ByteString } from '../byte-string.ts';
import { malformed, parseNumber } from './lexis.ts';
import { type Parameters, parseTokenWithParameters } from './parameters.ts';

const MOST_SECONDS = 2 ** 32 - 1;

/** RFC 4028 section 4: no session interval is shorter. */
export const LEAST_SESSION_INTERVAL = 90;

/** Session-Expires (RFC 4028 section 4). */
export interface SessionExpires {
  /** Seconds. */
  interval: number;
  refresher?: 'uac' | 'uas';
  parameters: Parameters;
}

export function parseSessionExpires(value: ByteString): SessionExpires {
  const { interval, parameters } = secondsWithParameters(value, 'Session-Expires');
  const refresher = parameters.get('refresher')?.toLowerCase();
  if (refresher === undefined) return { interval, parameters };
  if (refresher !== 'uac' && refresher !== 'uas') throw malformed('Session-Expires');
  return { interval, refresher, parameters };
}

/** Min-SE (RFC 4028 section 5), in seconds. */
export function parseMinSe(value: ByteString): number {
  return secondsWithParameters(value, 'Min-SE').interval;
}

function secondsWithParameters(value: ByteString, what: string): { interval: number; parameters: Parameters } {
  const { token, parameters } = parseTokenWithParameters(value, what);
  const interval = parseNumber(token, MOST_SECONDS);
  if (interval === undefined) throw malformed(what);
  return { interval, parameters };
}
