/** Every bound of BOSH, with its default. Times are milliseconds; on the wire they are whole seconds. */
export interface BoshLimits {
  /** How long a request is kept waiting for something to carry: less than proxies wait. */
  wait: number;
  /** Requests of a session that are kept waiting. */
  hold: number;
  /** A session without a request for so long is over. */
  inactivity: number;
  /** Between two requests of a client that polls. */
  polling: number;
  /** The longest absence that a client may announce. */
  maxPause: number;
  /** Sessions, and those of one address: beyond it 503. */
  sessions: number;
  sessionsPerAddress: number;
  /** Requests of one address: how many at once, and how many a second come back. */
  requestBurst: number;
  requestRate: number;
  /** Addresses whose requests are counted. */
  sources: number;
}

export const boshLimits: Readonly<BoshLimits> = {
  wait: 60_000,
  hold: 1,
  inactivity: 60_000,
  polling: 5_000,
  maxPause: 120_000,
  sessions: 20_000,
  sessionsPerAddress: 10_000,
  requestBurst: 10_000,
  requestRate: 2_000,
  sources: 20_000,
};
