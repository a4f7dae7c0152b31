/** What streams count. */
export interface StreamCounters {
  stanzasIn: number;
  stanzasOut: number;
  logins: number;
  authenticationFailures: number;
  throttled: number;
  resumptions: number;
}

export function streamCounters(): StreamCounters {
  return {
    stanzasIn: 0,
    stanzasOut: 0,
    logins: 0,
    authenticationFailures: 0,
    throttled: 0,
    resumptions: 0,
  };
}

export interface StreamMetrics extends StreamCounters {
  /** Open TCP and WebSocket connections, also those that have not logged in. */
  connections: number;
  /** Bound resources, and those of them that are cut off and held. */
  sessions: number;
  held: number;
}
