import { addressOctets } from '../../protocol/stun/address.ts';

/**
 * Who reaches an address: this machine alone, its link, its own network (RFC 1918, RFC 6598's shared space behind a
 * provider's NAT, RFC 4193), or everybody.
 */
export type AddressKind = 'loopback' | 'link' | 'private' | 'public';

export function addressKind(address: string): AddressKind {
  const octets = addressOctets(address.split('%')[0] as string);
  const [a = 0, b = 0] = octets ?? [];
  if (octets?.length === 16) {
    if (octets.every((octet, index) => octet === (index === 15 ? 1 : 0))) return 'loopback';
    if (a === 0xfe && (b & 0xc0) === 0x80) return 'link';
    return (a & 0xfe) === 0xfc ? 'private' : 'public';
  }
  if (a === 127) return 'loopback';
  if (a === 169 && b === 254) return 'link';
  const shared = a === 100 && (b & 0xc0) === 64;
  return a === 10 || (a === 172 && (b & 0xf0) === 16) || (a === 192 && b === 168) || shared ? 'private' : 'public';
}
