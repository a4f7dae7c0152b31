import { addressOctets } from '../stun/address.ts';

/** A network: the octets of its address, and how many bits of them count. */
interface Network {
  octets: Uint8Array;
  bits: number;
}

/**
 * Where no relay has any business (RFC 8656 section 21.1.6 and following; IANA's special-purpose registries): this host,
 * private and shared space, link-local with the clouds' metadata services, benchmarking, multicast, reserved; ULA;
 * tunnels whose inner address cannot be judged.
 */
const DENIED = `
  0.0.0.0/8 10.0.0.0/8 100.64.0.0/10 127.0.0.0/8 168.63.129.16/32 169.254.0.0/16 172.16.0.0/12 192.0.0.0/24
  192.88.99.0/24 192.168.0.0/16 198.18.0.0/15 224.0.0.0/4 240.0.0.0/4
  ::/64 100::/64 64:ff9b:1::/48 2001::/32 fc00::/7 fe80::/10 fec0::/10 ff00::/8`;

export interface PeerPolicyOptions {
  /** Addresses, or networks as ADDRESS/LENGTH. Throws TypeError when one is neither. */
  allow: readonly string[];
  deny: readonly string[];
  /** Whether an address, as 4 or 16 octets, is one of this host's. */
  isOwn?: (octets: Uint8Array) => boolean;
}

export type PeerJudgement = 'allowed' | 'denied' | 'own';

/** Which peers a client may reach through us. */
export class PeerPolicy {
  readonly #allow: readonly Network[];
  readonly #deny: readonly Network[];
  readonly #denied = DENIED.trim().split(/\s+/).map(network);
  readonly #isOwn: (octets: Uint8Array) => boolean;

  constructor({ allow, deny, isOwn }: PeerPolicyOptions) {
    this.#allow = allow.map(network);
    this.#deny = deny.map(network);
    this.#isOwn = isOwn ?? (() => false);
  }

  /**
   * What is denied expressly is denied, what is allowed expressly is allowed, and only then come this host's own addresses
   * and the list above. An IPv6 address that leads to an IPv4 one is judged as both.
   */
  judge(octets: Uint8Array): PeerJudgement {
    const inner = embeddedIpv4(octets);
    const forms = inner === undefined ? [octets] : [octets, inner];
    const within = (networks: readonly Network[]) =>
      forms.some((form) => networks.some((each) => contains(each, form)));
    if (within(this.#deny)) return 'denied';
    if (within(this.#allow)) return 'allowed';
    if (forms.some((form) => this.#isOwn(form))) return 'own';
    return within(this.#denied) ? 'denied' : 'allowed';
  }
}

/** The IPv4 address that an IPv6 one leads to: mapped, compatible, NAT64 (RFC 6052) and 6to4 (RFC 3056). */
export function embeddedIpv4(octets: Uint8Array): Uint8Array | undefined {
  if (octets.length !== 16) return undefined;
  const zeros = octets.findIndex((octet) => octet !== 0);
  if (zeros === -1 || zeros >= 12) return octets.subarray(12); // ::a.b.c.d; `::` and `::1` are of that form too
  if (zeros === 10 && octets[10] === 0xff && octets[11] === 0xff) return octets.subarray(12);
  if (zeros === 8 && octets[8] === 0xff && octets[9] === 0xff && octets[10] === 0 && octets[11] === 0)
    return octets.subarray(12); // ::ffff:0:a.b.c.d, RFC 2765's translated form
  if (octets[0] === 0x20 && octets[1] === 0x02) return octets.subarray(2, 6);
  if (contains(NAT64, octets)) return octets.subarray(12);
  return undefined;
}

const NAT64 = network('64:ff9b::/96');

function network(text: string): Network {
  const [address = '', length] = text.split('/');
  const octets = addressOctets(address);
  if (octets === undefined) throw new TypeError(`not an address or network: ${text}`);
  return { octets, bits: length === undefined ? octets.length * 8 : Number(length) };
}

function contains({ octets, bits }: Network, address: Uint8Array): boolean {
  if (octets.length !== address.length) return false;
  const whole = bits >> 3;
  for (let i = 0; i < whole; i++) if (octets[i] !== address[i]) return false;
  const rest = bits & 7;
  return rest === 0 || ((octets[whole] as number) ^ (address[whole] as number)) >> (8 - rest) === 0;
}
