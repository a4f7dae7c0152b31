// Choosing the best response (RFC 3261 section 16.7 step 6).
import type { Response } from '../../protocol/sip/message.ts';
import type { Branch } from './response-context.ts';

/** How a branch ended: with a response, or (without one) by a timeout or a dead flow. */
export interface Outcome {
  status: number;
  response?: Response | undefined;
  branch?: Branch | undefined;
}

/** Within 4xx: those that say how to succeed first, those that only say that nobody was there last. */
const PREFERRED = [401, 407, 415, 420, 484];
const LEAST = [430, 408, 480, 487];

export function betterResponse(candidate: Outcome, best: Outcome | undefined): boolean {
  if (best === undefined) return true;
  return rank(candidate.status) < rank(best.status);
}

/** 6xx, then 3xx, 4xx, 5xx. */
function rank(status: number): number {
  const family = Math.floor(status / 100);
  if (family === 6) return 0;
  if (family !== 4) return family * 100;
  const preferred = PREFERRED.indexOf(status);
  if (preferred >= 0) return 400 + preferred;
  const least = LEAST.indexOf(status);
  return least >= 0 ? 490 - least : 450;
}
