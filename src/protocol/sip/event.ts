import type { ByteString } from '../byte-string.ts';
import { malformed, parseNumber } from './lexis.ts';
import { type Parameters, parseTokenWithParameters } from './parameters.ts';

/** Event (RFC 6665 section 8.2.1): the package with its templates, and the id that tells subscriptions of a dialog apart. */
export interface EventHeader {
  package: string;
  id?: ByteString;
  parameters: Parameters;
}

export function parseEvent(value: ByteString): EventHeader {
  const { token, parameters } = parseTokenWithParameters(value, 'Event');
  const id = parameters.get('id');
  return id === undefined ? { package: token, parameters } : { package: token, id, parameters };
}

/** Subscription-State (RFC 6665 section 8.2.3). */
export interface SubscriptionState {
  /** active, pending, terminated or an extension, in lower case. */
  state: string;
  /** Seconds. */
  expires?: number;
  /** deactivated, probation, rejected, timeout, giveup, noresource, invariant, ... */
  reason?: string;
  /** Seconds. */
  retryAfter?: number;
  parameters: Parameters;
}

const MOST_SECONDS = 2 ** 32 - 1;

export function parseSubscriptionState(value: ByteString): SubscriptionState {
  const { token, parameters } = parseTokenWithParameters(value, 'Subscription-State');
  const state: SubscriptionState = { state: token.toLowerCase(), parameters };
  const expires = seconds(parameters, 'expires');
  if (expires !== undefined) state.expires = expires;
  const retryAfter = seconds(parameters, 'retry-after');
  if (retryAfter !== undefined) state.retryAfter = retryAfter;
  const reason = parameters.get('reason');
  if (reason !== undefined) state.reason = reason.toLowerCase();
  return state;
}

function seconds(parameters: Parameters, name: string): number | undefined {
  const value = parameters.get(name);
  if (value === undefined) return undefined;
  const number = parseNumber(value, MOST_SECONDS);
  if (number === undefined) throw malformed('Subscription-State');
  return number;
}
