// RFC 3711 section 4.1.1 AES in counter mode, and section 4.2.1 HMAC-SHA1.
import { readUint32, writeUint32 } from '../rtp/octets.ts';
import type { BlockCipher, Mac, SrtpCrypto } from './crypto-port.ts';
import type { SessionKeys } from './key-derivation.ts';
import type { ProfileParameters } from './profile.ts';
import type { Source } from './source.ts';
import { E_BIT, RTCP_CLEAR, type Transform } from './transform.ts';

/** Packets, and blocks of 16 octets, that keystream is made ahead for at most: one call of the cipher costs more than a block. */
const PACKETS_AHEAD = 16;
const BLOCKS_AHEAD = 256;

export class CounterMode implements Transform {
  private readonly rtp: Counters;
  private readonly rtpMac: Mac;
  private readonly rtcp: Counters;
  private readonly rtcpMac: Mac;
  private readonly tag: number;
  private readonly rtcpTag: number;
  private readonly computed = new Uint8Array(20);
  private readonly received = new Uint8Array(20);

  constructor(crypto: SrtpCrypto, { tag, rtcpTag }: ProfileParameters, rtp: SessionKeys, rtcp: SessionKeys) {
    this.rtp = new Counters(crypto.aes128(rtp.key), rtp.salt);
    this.rtpMac = crypto.hmacSha1(rtp.mac);
    this.rtcp = new Counters(crypto.aes128(rtcp.key), rtcp.salt);
    this.rtcpMac = crypto.hmacSha1(rtcp.mac);
    this.tag = tag;
    this.rtcpTag = rtcpTag;
  }

  protect(packet: Uint8Array, header: number, length: number, source: Source, index: number): number {
    this.rtp.apply(packet, header, length, source, source.ssrc, index);
    // Section 4.2: the MAC covers the packet and the rollover counter, which stands for a moment where the tag will.
    writeUint32(packet, length, Math.floor(index / 0x10000));
    this.rtpMac.sign(packet, length + 4, this.computed);
    return this.putTag(packet, length, this.tag);
  }

  unprotect(packet: Uint8Array, header: number, length: number, source: Source, index: number): number {
    const end = length - this.tag;
    for (let i = 0; i < this.tag; i++) this.received[i] = packet[end + i]!;
    writeUint32(packet, end, Math.floor(index / 0x10000));
    this.rtpMac.sign(packet, end + 4, this.computed);
    if (!this.tagsAreEqual(this.tag)) {
      for (let i = 0; i < this.tag; i++) packet[end + i] = this.received[i]!;
      return -1;
    }
    this.rtp.apply(packet, header, end, source, source.ssrc, index);
    return end;
  }

  protectRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): number {
    this.rtcp.apply(packet, RTCP_CLEAR, length, undefined, ssrc, index);
    writeUint32(packet, length, E_BIT + index);
    this.rtcpMac.sign(packet, length + 4, this.computed);
    return this.putTag(packet, length + 4, this.rtcpTag);
  }

  unprotectRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): number {
    const end = length - this.rtcpTag;
    for (let i = 0; i < this.rtcpTag; i++) this.received[i] = packet[end + i]!;
    this.rtcpMac.sign(packet, end, this.computed);
    if (!this.tagsAreEqual(this.rtcpTag)) return -1;
    this.rtcp.apply(packet, RTCP_CLEAR, end - 4, undefined, ssrc, index);
    return end - 4;
  }

  private putTag(packet: Uint8Array, at: number, length: number): number {
    for (let i = 0; i < length; i++) packet[at + i] = this.computed[i]!;
    return at + length;
  }

  /** In constant time. */
  private tagsAreEqual(length: number): boolean {
    let difference = 0;
    for (let i = 0; i < length; i++) difference |= this.computed[i]! ^ this.received[i]!;
    return difference === 0;
  }
}

/** Where counter blocks are put together: one for all sessions, since nothing is awaited. */
let counters = new Uint8Array(16 * BLOCKS_AHEAD);

/** Makes counter blocks, and of them keystream; for the packets that are likely to come next as well. */
class Counters {
  private readonly cipher: BlockCipher;
  private readonly salt: Uint8Array;

  constructor(cipher: BlockCipher, salt: Uint8Array) {
    this.cipher = cipher;
    this.salt = salt;
  }

  /** XORs octets `start` to `end` with the keystream of that index. Without a source, keystream is made for this packet only. */
  apply(packet: Uint8Array, start: number, end: number, source: Source | undefined, ssrc: number, index: number): void {
    const blocks = (end - start + 15) >> 4;
    if (blocks === 0) return;
    let keystream: Uint8Array;
    let from = 0;
    if (source === undefined || index < source.first) {
      // Reordered: what was made ahead is for the packets that follow the others.
      keystream = this.make(ssrc, index, 1, blocks);
    } else {
      if (index >= source.first + source.ahead || blocks > source.blocks) {
        const ahead = Math.max(1, Math.min(PACKETS_AHEAD, Math.floor(BLOCKS_AHEAD / blocks)));
        source.keystream = this.make(ssrc, index, ahead, blocks);
        source.first = index;
        source.ahead = ahead;
        source.blocks = blocks;
      }
      keystream = source.keystream;
      from = (index - source.first) * source.blocks * 16;
    }
    for (let at = start; at < end; at++) packet[at] = packet[at]! ^ keystream[from++]!;
  }

  /** Section 4.1.1: IV = (k_s * 2^16) XOR (SSRC * 2^64) XOR (i * 2^16), and the block's number in its last 16 bits. */
  private make(ssrc: number, first: number, packets: number, blocks: number): Uint8Array {
    const size = 16 * packets * blocks;
    if (size > counters.length) counters = new Uint8Array(size);
    const { salt } = this;
    const s0 = readUint32(salt, 0);
    const s1 = readUint32(salt, 4) ^ ssrc;
    let at = 0;
    for (let index = first; index < first + packets; index++) {
      const high = Math.floor(index / 0x1_0000_0000);
      const i0 = ((salt[8]! << 8) | salt[9]!) ^ high;
      const i1 = readUint32(salt, 10) ^ (index % 0x1_0000_0000);
      for (let block = 0; block < blocks; block++, at += 16) {
        writeUint32(counters, at, s0);
        writeUint32(counters, at + 4, s1);
        counters[at + 8] = i0 >>> 8;
        counters[at + 9] = i0;
        writeUint32(counters, at + 10, i1);
        counters[at + 14] = block >>> 8;
        counters[at + 15] = block;
      }
    }
    return this.cipher.encrypt(counters.subarray(0, size));
  }
}
