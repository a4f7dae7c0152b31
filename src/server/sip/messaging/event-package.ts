import type { ByteString } from '../../../protocol/byte-string.ts';

/** An event package (RFC 6665 section 7) of which this server is the notifier for its users. */
export interface EventPackage {
  /** As in Event. */
  readonly name: string;
  /** The type of its documents. */
  readonly type: string;
  /** `watchers`: whoever may see the account; `owner`: nobody but its owner. */
  readonly audience: 'watchers' | 'owner';
  /** The account's whole state. `version` counts the documents of one subscription. */
  document(account: string, version: number): ByteString | Promise<ByteString>;
}

/** What a notification says. `left`: accounts for which there was no room in it. */
export interface Notice {
  type: string;
  body: ByteString;
  left?: readonly string[];
}
