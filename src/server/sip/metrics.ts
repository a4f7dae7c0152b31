// What the server counts: plain numbers, read by whoever exposes them (prom-client at the composition root).

export interface SipCounters {
  /** Messages in and out. */
  received: number;
  sent: number;
  /** Messages for a flow that was gone or too slow. */
  undeliverable: number;
  /** Messages that were no SIP, answered 400 or dropped. */
  malformed: number;
  /** Requests by method (known ones), responses by class. */
  requests: Record<string, number>;
  responses: Record<string, number>;
  retransmissions: number;
  registrations: number;
  challenges: number;
  /** Wrong credentials, and attempts not looked at because of too many. */
  authenticationFailures: number;
  throttled: number;
  /** Requests refused by an identity rule. */
  identityRefused: number;
  /** Requests answered 503 (or dropped) by overload.ts. */
  overloaded: number;
  loops: number;
  /** Requests in a dialog whose other side's flow was dead. */
  deadFlows: number;
  /** Calls by how they ended. */
  callsEnded: Record<string, number>;
}

export function sipCounters(): SipCounters {
  return {
    received: 0,
    sent: 0,
    undeliverable: 0,
    malformed: 0,
    requests: {},
    responses: {},
    retransmissions: 0,
    registrations: 0,
    challenges: 0,
    authenticationFailures: 0,
    throttled: 0,
    identityRefused: 0,
    overloaded: 0,
    loops: 0,
    deadFlows: 0,
    callsEnded: {},
  };
}

const METHODS = new Set([
  'REGISTER',
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'MESSAGE',
  'SUBSCRIBE',
  'NOTIFY',
  'PUBLISH',
  'REFER',
  'INFO',
  'UPDATE',
  'PRACK',
]);

/** A label for a method: a stranger must not be able to make new ones. */
export function methodLabel(method: string): string {
  return METHODS.has(method) ? method : 'other';
}

export function count(record: Record<string, number>, key: string): void {
  record[key] = (record[key] ?? 0) + 1;
}

/** Counters and gauges at one moment. */
export interface SipMetrics extends SipCounters {
  flows: number;
  bindings: number;
  addressesOfRecord: number;
  clientTransactions: number;
  serverTransactions: number;
  /** Requests being proxied. */
  contexts: number;
  /** Calls that are up, as far as their INVITE and BYE have passed here. */
  calls: number;
  /** RFC 6665 and RFC 3903: those of this server's own. */
  subscriptions: number;
  publications: number;
  draining: boolean;
}
