/** Every bound of XMPP streams, with its default. Times are milliseconds, sizes octets. */
export interface XmppLimits {
  /** One stanza: beyond it the stream ends with policy-violation. */
  stanzaBytes: number;
  /** ... before its sender has proved who he is (RFC 6120 section 13.12 asks for 10,000 at least). */
  stanzaBytesBeforeLogin: number;
  /** From the connection to the bound resource. */
  negotiationTimeout: number;
  /** Failed authentications of one stream. */
  attempts: number;
  /** Failed authentications for one name from one address: how many at once, and how long each takes to be forgiven. */
  failuresPerName: number;
  failureForgiven: number;
  /** ... from one address, whatever the name. */
  failuresPerAddress: number;
  addressFailureForgiven: number;
  /** SCRAM challenges for one address, each of which may cost a millisecond: how many at once, and how soon one more. */
  challengesPerAddress: number;
  challengeForgiven: number;
  /** Sources whose failures are remembered. */
  sources: number;
  /** Resources of one account, held ones too. */
  resources: number;
  /** Stanzas of one stream that are being worked at; beyond it the stream is not read. */
  pendingStanzas: number;
  /** Stanzas a second of one stream, and how many may come at once; beyond it the stream is not read for a moment. */
  stanzaRate: number;
  stanzaBurst: number;
  /** XEP-0198: how long a session that was cut off waits for its client. */
  resumeTimeout: number;
  /** Stanzas sent and not acknowledged, and their octets: beyond it the session ends. */
  unacknowledgedStanzas: number;
  unacknowledgedBytes: number;
  /** An acknowledgement is asked for after so many stanzas, or so long after the first. */
  acknowledgeAfter: number;
  acknowledgeDelay: number;
  /** XEP-0352: what is held back from an inactive client at most. */
  heldBackStanzas: number;
  /** A TCP connection on which nothing came is asked for a sign of life; the next time it is cut. */
  idleInterval: number;
  /** XEP-0484: life of a token, the age at which it is replaced, and clients of one account with tokens. */
  tokenLife: number;
  tokenRotation: number;
  tokensPerAccount: number;
}

export const xmppLimits: Readonly<XmppLimits> = {
  stanzaBytes: 262_144,
  stanzaBytesBeforeLogin: 16_384,
  negotiationTimeout: 30_000,
  attempts: 5,
  failuresPerName: 10,
  failureForgiven: 6_000,
  failuresPerAddress: 200,
  addressFailureForgiven: 200,
  challengesPerAddress: 10_000,
  challengeForgiven: 10,
  sources: 20_000,
  resources: 20,
  pendingStanzas: 200,
  stanzaRate: 1_000,
  stanzaBurst: 5_000,
  resumeTimeout: 300_000,
  unacknowledgedStanzas: 1_000,
  unacknowledgedBytes: 2 * 1024 * 1024,
  acknowledgeAfter: 8,
  acknowledgeDelay: 2_000,
  heldBackStanzas: 200,
  idleInterval: 120_000,
  tokenLife: 21 * 86_400_000,
  tokenRotation: 86_400_000,
  tokensPerAccount: 20,
};
