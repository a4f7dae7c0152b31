import type { ByteString } from '../../protocol/byte-string.ts';
import { encodeUtf8 } from '../../protocol/byte-string.ts';
import { ephemeralPassword, parseEphemeralUsername } from '../../protocol/credentials/ephemeral.ts';
import type { Primitives } from '../../protocol/primitives.ts';
import type { PasswordAlgorithm, TurnCredentials } from '../../protocol/turn/authentication.ts';
import type { SipAccounts } from '../accounts/sip-accounts.ts';

export interface AccountCredentialsOptions {
  /** The key of TURN is the HA1 of SIP digest: hash(username ":" realm ":" password), both times. */
  accounts: Pick<SipAccounts, 'digestSecrets'>;
  realm: ByteString;
  primitives: Primitives;
  /** Milliseconds since 1970. */
  now: () => number;
}

/** Who may use TURN: accounts with their password, and ephemeral credentials. */
export class AccountCredentials implements TurnCredentials {
  readonly #options: AccountCredentialsOptions;
  #secrets: string[] = [];

  constructor(options: AccountCredentialsOptions) {
    this.#options = options;
  }

  /** `turn.secret`, text: makes ephemeral credentials that only TURN accepts, besides those of `auth.secret`. */
  set secrets(secrets: readonly string[]) {
    this.#secrets = secrets.map(encodeUtf8);
  }

  keys(username: ByteString, algorithm: PasswordAlgorithm): { keys: ByteString[]; account: string } | undefined {
    const { accounts, realm, primitives, now } = this.#options;
    const found = accounts.digestSecrets(username, realm, algorithm, now());
    if (found === undefined) return undefined;
    const keys = found.ha1.map(fromHex);
    // An ephemeral username that digestSecrets knows has a name that can be one, and has not expired.
    if (parseEphemeralUsername(username) !== undefined) {
      for (const secret of this.#secrets) {
        const password = ephemeralPassword(primitives, secret, username);
        keys.push(primitives.hash(algorithm === 'MD5' ? 'md5' : 'sha256', `${username}:${realm}:${password}`));
      }
    }
    return { keys, account: found.identity.name };
  }
}

function fromHex(hex: string): ByteString {
  let octets = '';
  for (let i = 0; i < hex.length; i += 2) octets += String.fromCharCode(Number.parseInt(hex.slice(i, i + 2), 16));
  return octets;
}
