import type { Identity } from '../../transport/flow.ts';

export type DigestAlgorithm = 'MD5' | 'SHA-256';

/** What the SIP edge asks of the accounts; every answer is synchronous, since it is asked inside a transition. */
export interface SipAccounts {
  /** Whether there is an account of this canonical name. */
  exists(name: string): boolean;
  /**
   * HA1 values (hex, lower case) that prove `username` at `realm`. An account has one. An ephemeral
   * `<expiry>:<name>` has one for each secret in use; once expired it has none (undefined), as an unknown account has.
   * `username` is a byte string as it came off the wire, `now` milliseconds since 1970.
   */
  digestSecrets(
    username: string,
    realm: string,
    algorithm: DigestAlgorithm,
    now: number,
  ): { ha1: string[]; identity: Identity } | undefined;
  /** An ephemeral credential as a handshake carries it, as text: undefined when wrong or expired. `now` as above. */
  verifyCredential(username: string, password: string, now: number): Identity | undefined;
  /** The canonical name of a SIP user part (percent-encoded byte string); undefined when it cannot be one. */
  canonicalName(user: string): string | undefined;
}
