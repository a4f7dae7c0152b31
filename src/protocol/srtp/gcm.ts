// RFC 7714: AES-GCM for SRTP (section 8) and SRTCP (section 9).
import { writeUint32 } from '../rtp/octets.ts';
import type { Aead, SrtpCrypto } from './crypto-port.ts';
import type { SessionKeys } from './key-derivation.ts';
import type { Source } from './source.ts';
import { E_BIT, RTCP_CLEAR, type Transform } from './transform.ts';

const TAG = 16;

export class GaloisCounterMode implements Transform {
  private readonly rtp: Aead;
  private readonly rtpSalt: Uint8Array;
  private readonly rtcp: Aead;
  private readonly rtcpSalt: Uint8Array;
  private readonly nonce = new Uint8Array(12);
  private readonly additional = new Uint8Array(RTCP_CLEAR + 4);

  constructor(crypto: SrtpCrypto, rtp: SessionKeys, rtcp: SessionKeys) {
    this.rtp = crypto.aes128Gcm(rtp.key);
    this.rtpSalt = rtp.salt;
    this.rtcp = crypto.aes128Gcm(rtcp.key);
    this.rtcpSalt = rtcp.salt;
  }

  protect(packet: Uint8Array, header: number, length: number, source: Source, index: number): number {
    this.setNonce(this.rtpSalt, source.ssrc, index);
    this.rtp.seal(this.nonce, packet.subarray(0, header), packet, header, length);
    return length + TAG;
  }

  unprotect(packet: Uint8Array, header: number, length: number, source: Source, index: number): number {
    this.setNonce(this.rtpSalt, source.ssrc, index);
    return this.rtp.open(this.nonce, packet.subarray(0, header), packet, header, length - TAG) ? length - TAG : -1;
  }

  /** Section 9.2: the tag stands before the E bit and the index, which are authenticated behind the clear octets. */
  protectRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): number {
    this.setNonce(this.rtcpSalt, ssrc, index);
    this.setAdditional(packet, index);
    this.rtcp.seal(this.nonce, this.additional, packet, RTCP_CLEAR, length);
    writeUint32(packet, length + TAG, E_BIT + index);
    return length + TAG + 4;
  }

  unprotectRtcp(packet: Uint8Array, length: number, ssrc: number, index: number): number {
    const end = length - 4 - TAG;
    this.setNonce(this.rtcpSalt, ssrc, index);
    this.setAdditional(packet, index);
    return this.rtcp.open(this.nonce, this.additional, packet, RTCP_CLEAR, end) ? end : -1;
  }

  private setAdditional(packet: Uint8Array, index: number): void {
    for (let i = 0; i < RTCP_CLEAR; i++) this.additional[i] = packet[i]!;
    writeUint32(this.additional, RTCP_CLEAR, E_BIT + index);
  }

  /** Section 8.1: 16 zero bits, SSRC, and the 48 bits of ROC and SEQ; 9.1: those of SRTCP have 17 zero bits and its index. */
  private setNonce(salt: Uint8Array, ssrc: number, index: number): void {
    const { nonce } = this;
    const high = Math.floor(index / 0x1_0000_0000);
    nonce[0] = 0;
    nonce[1] = 0;
    writeUint32(nonce, 2, ssrc);
    nonce[6] = high >>> 8;
    nonce[7] = high;
    writeUint32(nonce, 8, index % 0x1_0000_0000);
    for (let i = 0; i < 12; i++) nonce[i] = nonce[i]! ^ salt[i]!;
  }
}
