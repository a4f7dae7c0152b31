import type { ByteString } from '../byte-string.ts';
import type { StunMessage } from '../stun/message.ts';
import type { IntegrityHash } from '../stun/message-integrity.ts';
import type { FiveTuple } from './five-tuple.ts';

/** A request as it came. */
export interface TurnRequest {
  readonly octets: Uint8Array;
  /** Only with attributes that its integrity covers, where it has one. */
  readonly message: StunMessage;
  readonly fiveTuple: FiveTuple;
  /** It had a FINGERPRINT: so will its answer. */
  readonly fingerprint: boolean;
}

/** A request whose integrity was right. */
export interface AuthenticatedRequest extends TurnRequest {
  readonly username: ByteString;
  /** The canonical name that the credential proves. */
  readonly account: string;
  readonly key: ByteString;
  readonly integrity: IntegrityHash;
}
