/** Every bound of the SIP server, with its default. Times are milliseconds. */
export interface SipLimits {
  /** Requests that wait for a final response, over all flows: beyond it new ones are answered 503 with Retry-After. */
  transactions: number;
  /** ... and those of one source address, so that one source cannot take all of them. */
  transactionsPerAddress: number;
  /** Answered transactions that are remembered for requests sent again; beyond it the oldest are forgotten. */
  answeredTransactions: number;
  /** Event-loop lag (milliseconds, smoothed) beyond which part of the new calls and messages is answered 503. */
  lag: number;
  /** Requests a second of one flow, or for UDP of one address, and how many may come at once. */
  requestRate: number;
  requestBurst: number;
  /** Branches of one request (RFC 3261 section 16.6), and so RFC 5393's Max-Breadth. */
  branches: number;
  /** Bindings of one address of record. */
  bindings: number;
  /** Addresses of record with bindings. */
  addresses: number;
  /** Contact values in one REGISTER. */
  contacts: number;
  /** Octets of what a binding keeps (contact, parameters, Path). */
  bindingBytes: number;
  /** Failed credentials for one name from one address: how many at once, and how long each takes to be forgiven. */
  failuresPerName: number;
  failureForgiven: number;
  /** Failed credentials from one address, whatever the name, and how long each takes to be forgiven. */
  failuresPerAddress: number;
  addressFailureForgiven: number;
  /** Sources whose failures and rates are remembered. */
  sources: number;
  /** Seconds a binding is granted at least (423 below it), by default, and at most. */
  minExpires: number;
  defaultExpires: number;
  maxExpires: number;
  /** RFC 5626 Flow-Timer, seconds. */
  flowTimer: number;
  /** How often a UDP phone behind a NAT is sent four octets, so that the NAT goes on letting calls in; 0: never. */
  natKeepAlive: number;
  /** Timer C (RFC 3261 section 16.6 step 11). */
  timerC: number;
  /** How long the contacts of one q ring before those of the next are tried as well. */
  serialRing: number;
  /** Calls that are followed from INVITE to BYE, and of one local caller; beyond it the oldest is taken for over. */
  calls: number;
  callsPerCaller: number;
  /** How long a call outlives the connection of one of its sides, and (all sides reachable) its last message. */
  callWithoutFlow: number;
  callWithoutMessage: number;
  /** How long the media engine may take to translate a description. */
  translation: number;
  /** Messages of one branch that wait for a translation. */
  waitingMessages: number;
  /** Phones that are asked at the same time what they speak, how long each may take, and how many wait for it. */
  probes: number;
  probeTimeout: number;
  probesWaiting: number;
  /** How long a device may take to answer a MESSAGE of the inbox's before it counts as one that is not there. */
  deliveryTimeout: number;
  /** Messages that are on their way to devices, and to those of one account. */
  deliveries: number;
  deliveriesPerAccount: number;
  /** Subscriptions (RFC 6665) that are up, and those of one watcher; seconds that one is granted at least, by default, at most. */
  subscriptions: number;
  subscriptionsPerWatcher: number;
  minSubscription: number;
  defaultSubscription: number;
  maxSubscription: number;
  /** Publications (RFC 3903) that are kept, and those of one account; seconds as above. */
  publications: number;
  publicationsPerAccount: number;
  minPublication: number;
  defaultPublication: number;
  maxPublication: number;
  /** Messages, and their octets, that the inspector's trace keeps. */
  traceMessages: number;
  traceBytes: number;
}

export const sipLimits: Readonly<SipLimits> = {
  transactions: 50_000,
  transactionsPerAddress: 30_000,
  answeredTransactions: 60_000,
  lag: 400,
  requestRate: 5_000,
  requestBurst: 20_000,
  branches: 60,
  bindings: 20,
  addresses: 200_000,
  contacts: 20,
  bindingBytes: 4_096,
  failuresPerName: 10,
  failureForgiven: 6_000,
  failuresPerAddress: 200,
  addressFailureForgiven: 200,
  sources: 20_000,
  minExpires: 60,
  defaultExpires: 600,
  maxExpires: 3_600,
  flowTimer: 25,
  natKeepAlive: 20_000,
  timerC: 185_000,
  serialRing: 20_000,
  calls: 100_000,
  callsPerCaller: 10_000,
  callWithoutFlow: 60_000,
  callWithoutMessage: 86_400_000,
  translation: 5_000,
  waitingMessages: 32,
  probes: 50,
  probeTimeout: 4_000,
  probesWaiting: 5_000,
  deliveryTimeout: 10_000,
  deliveries: 20_000,
  deliveriesPerAccount: 100,
  subscriptions: 100_000,
  subscriptionsPerWatcher: 200,
  minSubscription: 60,
  defaultSubscription: 3_600,
  maxSubscription: 3_600,
  publications: 100_000,
  publicationsPerAccount: 20,
  minPublication: 60,
  defaultPublication: 3_600,
  maxPublication: 3_600,
  traceMessages: 20_000,
  traceBytes: 16 * 1024 * 1024,
};
