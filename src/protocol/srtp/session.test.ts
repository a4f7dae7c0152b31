import { expect, test } from 'vitest';
import { nodeSrtpCrypto } from '../../server/media/srtp-crypto.ts';
import { setSequenceNumber, writeHeader } from '../rtp/header.ts';
import { PROFILES, type SrtpProfile } from './profile.ts';
import { SrtpReceiver } from './receiver.ts';
import { MALFORMED, NOT_ENCRYPTED, REPLAYED, TOO_MANY_SOURCES, UNAUTHENTIC } from './refusal.ts';
import { SrtpSender } from './sender.ts';

const ALL = Object.keys(PROFILES) as SrtpProfile[];
const SIZE = 172;

function session(profile: SrtpProfile, sources?: number) {
  const { key, salt } = PROFILES[profile];
  const master = { key: new Uint8Array(key).fill(1), salt: new Uint8Array(salt).fill(2) };
  const options = { crypto: nodeSrtpCrypto, profile, master, ...(sources === undefined ? {} : { sources }) };
  return { sender: new SrtpSender(options), receiver: new SrtpReceiver(options) };
}

function rtp(sequence: number, source = 0xcafebabe): Uint8Array {
  const packet = new Uint8Array(12 + SIZE + 20).fill(0x55);
  writeHeader(packet, 0, sequence, sequence * 160, source);
  return packet;
}

/** Protected, cut to its length. */
function srtp(sender: SrtpSender, sequence: number, source?: number): Uint8Array {
  const packet = rtp(sequence, source);
  return packet.subarray(0, sender.protect(packet, 12 + SIZE));
}

function srtcp(sender: SrtpSender, source = 7): Uint8Array {
  const packet = new Uint8Array(28 + 20).fill(0x33);
  packet.set([0x80, 201, 0, 6, 0, 0, 0, source]);
  return packet.subarray(0, sender.protectRtcp(packet, 28));
}

const receive = (receiver: SrtpReceiver, packet: Uint8Array) =>
  receiver.unprotect(Uint8Array.from(packet), packet.length);
const receiveRtcp = (receiver: SrtpReceiver, packet: Uint8Array) =>
  receiver.unprotectRtcp(Uint8Array.from(packet), packet.length);

test.each(ALL)('%s: a packet is taken once', (profile) => {
  const { sender, receiver } = session(profile);
  const packet = srtp(sender, 1);
  expect(packet.length).toBe(12 + SIZE + PROFILES[profile].tag);
  expect(receive(receiver, packet)).toBe(12 + SIZE);
  expect(receive(receiver, packet)).toBe(REPLAYED);
  const report = srtcp(sender);
  expect(receiveRtcp(receiver, report)).toBe(28);
  expect(receiveRtcp(receiver, report)).toBe(REPLAYED);
});

test.each(ALL)('%s: a packet with any bit changed, or cut short, is refused and left as it came', (profile) => {
  const { sender, receiver } = session(profile);
  const packet = srtp(sender, 1);
  for (let bit = 0; bit < packet.length * 8; bit += 5) {
    const forged = Uint8Array.from(packet);
    forged[bit >> 3]! ^= 1 << (bit & 7);
    const before = Uint8Array.from(forged);
    expect(receiver.unprotect(forged, forged.length)).toBeLessThan(0);
    expect(forged).toEqual(before);
  }
  for (let length = 0; length < packet.length; length++) {
    expect(receiver.unprotect(Uint8Array.from(packet), length)).toBeLessThan(0);
  }
  expect(receive(receiver, packet)).toBe(12 + SIZE);
});

test.each(ALL)('%s: an SRTCP packet with any bit changed, or cut short, is refused', (profile) => {
  const { sender, receiver } = session(profile);
  const packet = srtcp(sender);
  for (let bit = 0; bit < packet.length * 8; bit++) {
    const forged = Uint8Array.from(packet);
    forged[bit >> 3]! ^= 1 << (bit & 7);
    expect(receiveRtcp(receiver, forged)).toBeLessThan(0);
  }
  for (let length = 0; length < packet.length; length++) {
    expect(receiver.unprotectRtcp(Uint8Array.from(packet), length)).toBeLessThan(0);
  }
  expect(receiveRtcp(receiver, packet)).toBe(28);
});

test.each(ALL)('%s: SRTCP whose E bit is clear is refused as such', (profile) => {
  const { sender, receiver } = session(profile);
  const packet = srtcp(sender);
  const place = packet.length - (profile === 'SRTP_AEAD_AES_128_GCM' ? 4 : 14);
  expect(packet[place]).toBe(0x80);
  packet[place] = 0;
  expect(receiveRtcp(receiver, packet)).toBe(NOT_ENCRYPTED);
});

test.each(ALL)('%s: the rollover counter follows across wraps, with loss and reordering', (profile) => {
  const { sender, receiver } = session(profile);
  let late: Uint8Array | undefined;
  for (let index = 60_000; index < 60_000 + 3 * 65_536; index += 509) {
    const packet = srtp(sender, index & 0xffff);
    const behind = srtp(sender, (index + 1) & 0xffff);
    if (late) expect(receive(receiver, late)).toBe(12 + SIZE);
    expect(receive(receiver, packet)).toBe(12 + SIZE);
    late = behind;
  }
});

test('a packet behind the window is refused, whichever side it is on', () => {
  const { sender, receiver } = session('SRTP_AES128_CM_HMAC_SHA1_80');
  const old = srtp(sender, 1);
  receive(receiver, srtp(sender, 1024));
  expect(receive(receiver, old)).toBe(12 + SIZE);
  receive(receiver, srtp(sender, 1026));
  const packet = rtp(2);
  expect(sender.protect(packet, 12 + SIZE)).toBe(REPLAYED);
  expect(receive(receiver, old)).toBe(REPLAYED);
});

test('no keystream is used for two payloads: a sequence number is protected once', () => {
  const { sender } = session('SRTP_AES128_CM_HMAC_SHA1_80');
  srtp(sender, 5);
  const packet = rtp(5);
  expect(sender.protect(packet, 12 + SIZE)).toBe(REPLAYED);
  expect(packet).toEqual(rtp(5));
});

test('a packet from before the first one has no index', () => {
  const { sender, receiver } = session('SRTP_AES128_CM_HMAC_SHA1_80');
  receive(receiver, srtp(sender, 3));
  const forged = rtp(65_535);
  expect(receiver.unprotect(forged, forged.length)).toBe(REPLAYED);
});

test('thousands of forged SSRCs and sequence numbers leave the true stream its rollover counter', () => {
  const { sender, receiver } = session('SRTP_AES128_CM_HMAC_SHA1_80', 2);
  for (const sequence of [65_530, 0, 5]) expect(receive(receiver, srtp(sender, sequence))).toBe(12 + SIZE);
  for (let forged = 0; forged < 5000; forged++) {
    expect(receive(receiver, rtp(forged * 13, forged))).toBe(UNAUTHENTIC);
    receive(receiver, rtp(forged * 13));
  }
  expect(receive(receiver, srtp(sender, 6))).toBe(12 + SIZE);
  expect(receive(receiver, srtp(sender, 6, 0xffffffff))).toBe(12 + SIZE);
});

test('a session has a bound of sources', () => {
  const { sender, receiver } = session('SRTP_AEAD_AES_128_GCM', 2);
  const wide = session('SRTP_AEAD_AES_128_GCM').sender;
  for (const source of [1, 2]) expect(receive(receiver, srtp(sender, 1, source))).toBe(12 + SIZE);
  expect(sender.protect(rtp(1, 3), 12 + SIZE)).toBe(TOO_MANY_SOURCES);
  expect(receive(receiver, srtp(wide, 1, 3))).toBe(TOO_MANY_SOURCES);
  for (const source of [1, 2]) expect(receiveRtcp(receiver, srtcp(wide, source))).toBe(28);
  expect(receiveRtcp(receiver, srtcp(wide, 3))).toBe(TOO_MANY_SOURCES);
});

test('sources do not disturb each other', () => {
  const { sender, receiver } = session('SRTP_AES128_CM_HMAC_SHA1_80');
  for (let n = 0; n < 100; n++) {
    for (const source of [1, 2, 0x80000001]) {
      expect(receive(receiver, srtp(sender, (n * source + 65_500) & 0xffff, source))).toBeGreaterThan(0);
    }
  }
});

test("what is no RTP is not protected, and a buffer without room is the caller's fault", () => {
  const { sender } = session('SRTP_AES128_CM_HMAC_SHA1_80');
  expect(sender.protect(new Uint8Array(40), 20)).toBe(MALFORMED);
  expect(sender.protectRtcp(new Uint8Array(40), 20)).toBe(MALFORMED);
  expect(sender.protectRtcp(Uint8Array.of(0x80, 201, 0, 0), 4)).toBe(MALFORMED);
  const packet = rtp(1);
  expect(() => sender.protect(packet, packet.length - 9)).toThrow(RangeError);
  setSequenceNumber(packet, 1);
  expect(sender.protect(packet, packet.length - 10)).toBe(packet.length);
});
