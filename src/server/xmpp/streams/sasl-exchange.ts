import type { ByteString } from '../../../protocol/byte-string.ts';
import type { Identity } from '../../../transport/flow.ts';

/** RFC 6120 section 6.5. */
export type SaslCondition =
  | 'aborted'
  | 'account-disabled'
  | 'credentials-expired'
  | 'encryption-required'
  | 'incorrect-encoding'
  | 'invalid-authzid'
  | 'invalid-mechanism'
  | 'malformed-request'
  | 'mechanism-too-weak'
  | 'not-authorized'
  | 'temporary-auth-failure';

/** The answer to an authentication is `<failure/>`; which of name and password was wrong is never said. */
export class SaslFailure extends Error {
  readonly condition: SaslCondition;

  constructor(condition: SaslCondition, text = '') {
    super(text);
    this.name = 'SaslFailure';
    this.condition = condition;
  }
}

export type SaslStep =
  | { challenge: ByteString }
  /** Proved; `additional`: what the mechanism says with its success. `renewToken`: its token is to be replaced. */
  | { identity: Identity; additional?: ByteString; renewToken?: boolean };

/** One authentication by one mechanism, on the server's side. */
export interface SaslExchange {
  /** Messages of the client, in octets; the first one may be empty where the mechanism begins so. Rejects with SaslFailure. */
  receive(message: ByteString): Promise<SaslStep> | SaslStep;
}
