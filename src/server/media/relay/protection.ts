// SRTP of one flow, both directions: by the keys of SDES (RFC 4568) or of DTLS (RFC 5764), or none (plain RTP).
import { type SrtpKeys, splitKeyingMaterial } from '../../../protocol/dtls/srtp-profile.ts';
import type { CryptoAttribute } from '../../../protocol/sdp/crypto-attribute.ts';
import type { SrtpCrypto } from '../../../protocol/srtp/crypto-port.ts';
import { PROFILES, profileOfSuite, type SrtpProfile } from '../../../protocol/srtp/profile.ts';
import { SrtpReceiver } from '../../../protocol/srtp/receiver.ts';
import { UNAUTHENTIC } from '../../../protocol/srtp/refusal.ts';
import { SrtpSender } from '../../../protocol/srtp/sender.ts';

/** There are no keys: beside the negative numbers of srtp/refusal.ts. */
export const UNKEYED = -100;

/** SSRCs that one peer may have. */
const SOURCES = 32;
/** Packets under new keys until the former ones are forgotten: nothing is on its way any more. */
const CHANGED = 100;

export class Protection {
  private readonly crypto: SrtpCrypto;
  private plain = false;
  private sender: SrtpSender | undefined;
  private receiver: SrtpReceiver | undefined;
  /** Of the keys before: what is on its way when they change. */
  private former: SrtpReceiver | undefined;
  private believed = 0;
  private sendKey = '';
  private receiveKey = '';

  constructor(crypto: SrtpCrypto) {
    this.crypto = crypto;
  }

  /** Whether packets prove whose they are. */
  get authentic(): boolean {
    return !this.plain;
  }

  get ready(): boolean {
    return this.plain || this.sender !== undefined;
  }

  /** Plain RTP. */
  open(): void {
    this.close();
    this.plain = true;
  }

  /** Keys come from DTLS: what is in the clear or under keys of another kind counts no more. */
  awaitDtls(): void {
    if (this.plain || this.sendKey !== '') this.close();
  }

  /** No more is sent or believed: the association was closed. */
  close(): void {
    this.plain = false;
    this.sender = this.receiver = this.former = undefined;
    this.sendKey = this.receiveKey = '';
  }

  /** False: a suite that is unknown here. Keys that stay keep their rollover counters (RFC 4568 section 7.1.3). */
  keyBySdes(send: CryptoAttribute, receive: CryptoAttribute): boolean {
    const [sending, receiving] = [profileOfSuite(send.suite), profileOfSuite(receive.suite)];
    if (sending === undefined || receiving === undefined) return false;
    this.plain = false;
    const [sendKey, receiveKey] = [`${send.suite} ${send.key}`, `${receive.suite} ${receive.key}`];
    if (sendKey !== this.sendKey) this.send(sending, inlineKeys(sending, send.key));
    if (receiveKey !== this.receiveKey) this.receive(receiving, inlineKeys(receiving, receive.key));
    this.sendKey = sendKey;
    this.receiveKey = receiveKey;
    return true;
  }

  keyByDtls(
    profile: 'SRTP_AES128_CM_HMAC_SHA1_80' | 'SRTP_AEAD_AES_128_GCM',
    role: 'client' | 'server',
    material: Uint8Array,
  ): void {
    const { local, remote } = splitKeyingMaterial(profile, role, material);
    this.plain = false;
    this.sendKey = this.receiveKey = '';
    this.send(profile, local);
    this.receive(profile, remote);
  }

  /** In place; the new length, or a negative number. */
  protect(packet: Uint8Array, length: number): number {
    if (this.sender !== undefined) return this.sender.protect(packet, length);
    return this.plain ? length : UNKEYED;
  }

  protectRtcp(packet: Uint8Array, length: number): number {
    if (this.sender !== undefined) return this.sender.protectRtcp(packet, length);
    return this.plain ? length : UNKEYED;
  }

  unprotect(packet: Uint8Array, length: number): number {
    if (this.receiver === undefined) return this.plain ? length : UNKEYED;
    const plain = this.receiver.unprotect(packet, length);
    if (this.former === undefined) return plain;
    if (plain === UNAUTHENTIC) return this.former.unprotect(packet, length);
    if (plain >= 0 && ++this.believed >= CHANGED) this.former = undefined;
    return plain;
  }

  unprotectRtcp(packet: Uint8Array, length: number): number {
    if (this.receiver === undefined) return this.plain ? length : UNKEYED;
    const plain = this.receiver.unprotectRtcp(packet, length);
    return plain === UNAUTHENTIC && this.former !== undefined ? this.former.unprotectRtcp(packet, length) : plain;
  }

  private send(profile: SrtpProfile, master: SrtpKeys): void {
    this.sender = new SrtpSender({ crypto: this.crypto, profile, master });
  }

  private receive(profile: SrtpProfile, master: SrtpKeys): void {
    this.former = this.receiver;
    this.believed = 0;
    this.receiver = new SrtpReceiver({ crypto: this.crypto, profile, master, sources: SOURCES });
  }
}

/** RFC 4568 section 6.1: the master key, then the salt. */
function inlineKeys(profile: SrtpProfile, base64: string): SrtpKeys {
  const { key, salt } = PROFILES[profile];
  const octets = new Uint8Array(Buffer.from(base64, 'base64'));
  return { key: octets.subarray(0, key), salt: octets.subarray(key, key + salt) };
}
