// RFC 7362 section 4, RFC 4961: where a phone without ICE is. Behind a NAT its description is wrong, and the true address is
// known from its packets alone; whoever guesses our port sends packets as well.
import { addressOctets, addressText } from '../../../protocol/stun/address.ts';

/** What an address is to a latch. */
export const PEER = 1;
/** Of the phone's host, or of where its signalling comes from: its packets may be the phone's. */
export const HOST = 2;
/** Of nobody known: only a packet that proves itself is the phone's. */
export const UNKNOWN = 3;
/** The phone is known, and is another. */
export const STRANGE = 4;

/**
 * RFC 5245 section 18.5.1, the voice hammer: packets sent to a host that only a description names, before anything was heard
 * from there. Half a minute of speech; the phone that says nothing at all for longer was never there.
 */
const ON_TRUST = 1_500;

/**
 * Laws.
 * 1. Until a packet was believed, media is sent to the address of the description: without end where its signalling comes from
 *    there, else ON_TRUST packets.
 * 2. The first believed packet decides where the phone is, once: nobody is heard from elsewhere after that, but for the very
 *    address and port of the description. (What is left of a trunk's last call may be heard before its next one.)
 * 3. Another description that says another address, or signalling that comes from another one, begins anew.
 */
export class Latch {
  /** Where to send; '': nowhere yet. */
  address = '';
  port = 0;
  private taken = false;
  /** Something was heard from the host it sends to. */
  private proved = false;
  private trust = ON_TRUST;
  /** It is where its description says. */
  private exact = false;
  private described = '';
  private signalled = '';
  private signalledPort = 0;
  private signalling = '';

  /** What the phone's description says (undefined: it has sent none), and the address its signalling comes from. */
  describe(address: string | undefined, port: number, signalling: string): void {
    const described = `${address} ${port} ${signalling}`;
    if (described === this.described) return;
    this.described = described;
    this.taken = this.exact = false;
    this.signalledPort = port;
    this.signalling = canonicalAddress(signalling);
    this.signalled = address === undefined ? '' : canonicalAddress(address);
    const before = this.address;
    const reachable = isOneHost(this.signalled) && port > 0;
    this.address = reachable ? this.signalled : '';
    this.port = reachable ? port : 0;
    if (this.address !== before) this.proved = false;
  }

  /** Nobody else is listened to, whatever comes. */
  get settled(): boolean {
    return this.taken && this.exact;
  }

  /** Whether one more packet may go there. */
  spend(): boolean {
    if (this.proved || this.address === this.signalling) return true;
    if (this.trust === 0) return false;
    this.trust -= 1;
    return true;
  }

  /** Something that the phone sends elsewhere (its RTCP, say) came from this host. */
  prove(address: string): void {
    if (address === this.address) this.proved = true;
  }

  judge(address: string, port: number): number {
    if (!this.taken) return address === this.signalled || address === this.signalling ? HOST : UNKNOWN;
    if (port === this.port && address === this.address) return PEER;
    return !this.exact && this.isDescribed(address, port) ? HOST : STRANGE;
  }

  /** A packet from there, that `judge` found not to be strange, was believed. */
  take(address: string, port: number): void {
    this.taken = this.proved = true;
    this.trust = ON_TRUST;
    this.exact = this.isDescribed(address, port);
    this.address = address;
    this.port = port;
  }

  private isDescribed(address: string, port: number): boolean {
    return port === this.signalledPort && address === this.signalled;
  }
}

/** Not one: 0.0.0.0, once the way to hold (RFC 3264 section 8.4), and what many hear: a call is of two. */
function isOneHost(address: string): boolean {
  if (address.includes(':')) return address !== '::' && !address.startsWith('ff');
  const first = Number(address.split('.', 1)[0]); // 0 for ''
  return first > 0 && first < 224;
}

/** As a socket writes it; '': no literal address. */
export function canonicalAddress(text: string): string {
  const octets = addressOctets(text);
  if (octets === undefined) return '';
  const mapped = octets.length === 16 && octets.subarray(0, 12).every((octet, i) => octet === (i < 10 ? 0 : 0xff));
  return addressText(mapped ? octets.subarray(12) : octets);
}
