import { addressKey, TokenBuckets } from '../../http/token-buckets.ts';
import type { XmppLimits } from './limits.ts';
import { SaslFailure } from './sasl-exchange.ts';

/** Wrong credentials, counted by name and by address: whoever keeps failing is not looked at for a while. */
export class Failures {
  readonly #names: TokenBuckets;
  readonly #addresses: TokenBuckets;
  readonly #challenges: TokenBuckets;

  /** `now`: monotonic milliseconds. */
  constructor(limits: XmppLimits, now: () => number) {
    const { sources: keys } = limits;
    this.#names = new TokenBuckets({ burst: limits.failuresPerName, interval: limits.failureForgiven, keys, now });
    this.#addresses = new TokenBuckets({
      burst: limits.failuresPerAddress,
      interval: limits.addressFailureForgiven,
      keys,
      now,
    });
    const { challengesPerAddress: burst, challengeForgiven: interval } = limits;
    this.#challenges = new TokenBuckets({ burst, interval, keys, now });
  }

  /** Before a challenge is made, which is work, for whoever asks. Throws SaslFailure. */
  challenge(address: string): void {
    if (this.#challenges.take(addressKey(address)) > 0) throw new SaslFailure('temporary-auth-failure');
  }

  /** Before a credential is looked at. Throws SaslFailure. The attempt counts as failed until `forgive`. */
  attempt(address: string, name: string): void {
    const key = addressKey(address);
    if (this.#addresses.take(key) > 0 || this.#names.take(`${key} ${name.slice(0, 128)}`) > 0)
      throw new SaslFailure('temporary-auth-failure', 'Too many failures; wait a little.');
  }

  forgive(address: string, name: string): void {
    const key = addressKey(address);
    this.#addresses.giveBack(key);
    this.#names.giveBack(`${key} ${name.slice(0, 128)}`);
  }
}
