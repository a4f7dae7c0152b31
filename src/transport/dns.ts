import { lookup } from 'node:dns/promises';
import { isIP } from 'node:net';
import { ProtocolError } from '../protocol/errors.ts';

/** Where a host name leads, best first. Literal addresses. */
export type Lookup = (host: string) => Promise<string[]>;

export interface ResolverOptions {
  /** Default: the system's resolver (which reads /etc/hosts). */
  lookup?: Lookup;
  /** How long an answer is kept, and how long a failure, in milliseconds. */
  keep?: number;
  keepFailure?: number;
  /** Names remembered. */
  bound?: number;
}

interface Answer {
  addresses: Promise<string[]>;
  until: number;
}

/**
 * The addresses of a next hop. Today: literal addresses, and names through the system, which is what static routes and
 * trunks need. RFC 3263 (NAPTR, then SRV, then A and AAAA) has its place before `resolve`'s lookup: it turns a domain
 * into an ordered list of transport, host and port, and each host comes here.
 */
export class Resolver {
  readonly #lookup: Lookup;
  readonly #keep: number;
  readonly #keepFailure: number;
  readonly #bound: number;
  readonly #answers = new Map<string, Answer>();

  constructor(options: ResolverOptions = {}) {
    this.#lookup = options.lookup ?? systemLookup;
    this.#keep = options.keep ?? 60_000;
    this.#keepFailure = options.keepFailure ?? 5_000;
    this.#bound = options.bound ?? 1_000;
  }

  /** Without waiting, for what needs none: a literal address. IPv6 may have its brackets. */
  literal(host: string): string | undefined {
    const bare = host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host;
    return isIP(bare) === 0 ? undefined : bare;
  }

  /** At least one address, or throws DNS_UNRESOLVED (status 503, RFC 3261 section 16.9). One lookup a name at a time. */
  resolve(host: string, now = performance.now()): Promise<string[]> {
    const literal = this.literal(host);
    if (literal !== undefined) return Promise.resolve([literal]);
    const name = host.toLowerCase().replace(/\.$/, '');
    const known = this.#answers.get(name);
    if (known !== undefined && known.until > now) return known.addresses;

    const answer: Answer = { addresses: this.#ask(name), until: now + this.#keep };
    answer.addresses.catch(() => {
      answer.until = now + this.#keepFailure;
    });
    this.#answers.delete(name); // so that it goes to the end: the map's order is the order of age
    this.#answers.set(name, answer);
    for (const oldest of this.#answers.keys()) {
      if (this.#answers.size <= this.#bound) break;
      this.#answers.delete(oldest);
    }
    return answer.addresses;
  }

  async #ask(name: string): Promise<string[]> {
    try {
      const addresses = await this.#lookup(name);
      if (addresses.length > 0) return addresses;
    } catch {
      // told below, without the resolver's own words
    }
    throw new ProtocolError('DNS_UNRESOLVED', 'The next hop has no address.', { status: 503 });
  }
}

async function systemLookup(host: string): Promise<string[]> {
  const found = await lookup(host, { all: true });
  return found.map(({ address }) => address);
}
