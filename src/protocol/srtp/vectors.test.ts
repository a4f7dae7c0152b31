// RFC 3711 appendix B, RFC 7714 sections 16 and 17, and the reference packets of libsrtp's test driver.
import { execFileSync } from 'node:child_process';
import { createCipheriv, createHmac, randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { nodeSrtpCrypto } from '../../server/media/srtp-crypto.ts';
import { CounterMode } from './counter-mode.ts';
import { GaloisCounterMode } from './gcm.ts';
import { derive, deriveSessionKeys } from './key-derivation.ts';
import { PROFILES, profileOfSuite } from './profile.ts';
import { SrtpReceiver } from './receiver.ts';
import { SrtpSender } from './sender.ts';
import { Source } from './source.ts';

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const text = (octets: Uint8Array): string => Buffer.from(octets).toString('hex');

/** RFC 3711 B.3. */
const MASTER = { key: hex('E1F97A0D3E018BE0D64FA32C06DE4139'), salt: hex('0EC675AD498AFEEBB6960B3AABE6') };
const CM_80 = 'SRTP_AES128_CM_HMAC_SHA1_80';

/** The octets with room for what protection adds. */
function roomy(octets: Uint8Array): Uint8Array {
  const buffer = new Uint8Array(octets.length + 20);
  buffer.set(octets);
  return buffer;
}

test('keystream is that of RFC 3711 B.2', () => {
  const keys = {
    key: hex('2B7E151628AED2A6ABF7158809CF4F3C'),
    salt: hex('F0F1F2F3F4F5F6F7F8F9FAFBFCFD'),
    mac: new Uint8Array(20),
  };
  const transform = new CounterMode(nodeSrtpCrypto, PROFILES[CM_80], keys, keys);
  // SSRC and index are 0; the vector goes on for 0xff02 blocks, of which the last are given too.
  const blocks = 0xff02;
  const packet = new Uint8Array(12 + 16 * blocks + 20);
  packet[0] = 0x80;
  transform.protect(packet, 12, 12 + 16 * blocks, new Source(0), 0);
  expect(text(packet.subarray(12, 60))).toBe(
    'e03ead0935c95e80e166b16dd92b4eb4d23513162b02d0f72a43a2fe4a5f97ab41e95b3bb0a2e8dd477901e4fca894c0',
  );
  expect(text(packet.subarray(12 + 16 * 0xfeff, 12 + 16 * 0xff02))).toBe(
    'ec8cdf7398607cb0f2d21675ea9ea1e4362b7c3c6773516318a077d7fc5073ae6a2cc3787889374fbeb4c81b17ba6c44',
  );
});

test('session keys are those of RFC 3711 B.3', () => {
  const keys = deriveSessionKeys(nodeSrtpCrypto, CM_80, 'rtp', MASTER);
  expect(text(keys.key)).toBe('c61e7a93744f39ee10734afe3ff7a087');
  expect(text(keys.salt)).toBe('30cbbc08863d8c85d49db34a9ae1');
  expect(text(derive(nodeSrtpCrypto.aes128(MASTER.key), MASTER.salt, 1, 94))).toBe(
    'cebe321f6ff7716b6fd4ab49af256a156d38baa48f0a0acf3c34e2359e6cdbcee049646c43d9327ad175578ef7227098' +
      '6371c10c9a369ac2f94a8c5fbcdddc256d6e919a48b610ef17c2041e474035766b68642c59bbfc2f34db60dbdfb2',
  );
  expect(keys.mac).toEqual(derive(nodeSrtpCrypto.aes128(MASTER.key), MASTER.salt, 1, 20));
});

test('a salt of 12 octets is padded behind, as libsrtp and webrtc-srtp do', () => {
  const master = { key: Uint8Array.from(Array(16).keys()), salt: Uint8Array.from({ length: 12 }, (_, i) => 0x40 + i) };
  const keys = deriveSessionKeys(nodeSrtpCrypto, 'SRTP_AEAD_AES_128_GCM', 'rtp', master);
  expect(text(keys.salt)).toBe('1fcd5d561e66dc49ec1c3ccb');
});

test('keys of a wrong length are refused', () => {
  expect(() => deriveSessionKeys(nodeSrtpCrypto, 'SRTP_AEAD_AES_128_GCM', 'rtp', MASTER)).toThrow(RangeError);
});

test('the reference packets of libsrtp are made and read, with AES-CM', () => {
  const rtp = hex('800f1234decafbadcafebabeabababababababababababababababab');
  const srtp = '800f1234decafbadcafebabe4e55dc4ce79978d88ca4d215949d2402b78d6acc99ea179b8dbb';
  const rtcp = hex('81c8000bcafebabeabababababababababababababababab');
  const srtcp = '81c8000bcafebabe7128035be487b9bdbef89041f977a5a880000001993e08cd54d6c1230798';
  const sender = new SrtpSender({ crypto: nodeSrtpCrypto, profile: CM_80, master: MASTER });
  const receiver = new SrtpReceiver({ crypto: nodeSrtpCrypto, profile: CM_80, master: MASTER });

  const packet = roomy(rtp);
  const length = sender.protect(packet, rtp.length);
  expect(text(packet.subarray(0, length))).toBe(srtp);
  expect(receiver.unprotect(packet, length)).toBe(rtp.length);
  expect(packet.subarray(0, rtp.length)).toEqual(rtp);

  const report = roomy(rtcp);
  const reportLength = sender.protectRtcp(report, rtcp.length);
  expect(text(report.subarray(0, reportLength))).toBe(srtcp);
  expect(receiver.unprotectRtcp(report, reportLength)).toBe(rtcp.length);
  expect(report.subarray(0, rtcp.length)).toEqual(rtcp);
});

test('the packets of RFC 7714 sections 16.1 and 17.1 are made and read, with AES-GCM', () => {
  const keys = { key: Uint8Array.from(Array(16).keys()), salt: hex('517569642070726f2071756f'), mac: new Uint8Array() };
  const transform = new GaloisCounterMode(nodeSrtpCrypto, keys, keys);
  const rtp = hex(
    '8040f17b8041f8d35501a0b247616c6c696120657374206f6d6e69732064697669736120696e207061727465732074726573',
  );
  const packet = roomy(rtp);
  const source = new Source(0x5501a0b2);
  const length = transform.protect(packet, 12, rtp.length, source, 0xf17b);
  expect(text(packet.subarray(0, length))).toBe(
    '8040f17b8041f8d35501a0b2f24de3a3fb34de6cacba861c9d7e4bcabe633bd50d294e6f42a5f47a51c7d19b36de3adf8833' +
      '899d7f27beb16a9152cf765ee4390cce',
  );
  expect(transform.unprotect(packet, 12, length, source, 0xf17b)).toBe(rtp.length);
  expect(packet.subarray(0, rtp.length)).toEqual(rtp);

  const rtcp = hex(
    '81c8000d4d6172734e5450314e545032525450200000042a0000e9304c756e61deadbeefdeadbeefdeadbeefdeadbeefdeadbeef',
  );
  const report = roomy(rtcp);
  const reportLength = transform.protectRtcp(report, rtcp.length, 0x4d617273, 0x5d4);
  expect(text(report.subarray(0, reportLength))).toBe(
    '81c8000d4d61727363e94885dcdab67ca727d7662f6b7e997ff5c0f76c06f32dc676a5f1730d6fda4ce09b4686303ded0bb9275b' +
      'c84aa45896cf4d2fc5abf87245d9eade800005d4',
  );
  expect(transform.unprotectRtcp(report, reportLength, 0x4d617273, 0x5d4)).toBe(rtcp.length);
  expect(report.subarray(0, rtcp.length)).toEqual(rtcp);
});

test('the MAC of two one-shot hashes is that of createHmac, whatever the lengths', () => {
  for (const keyLength of [0, 1, 20, 64, 65, 200]) {
    const key = randomBytes(keyLength);
    const mac = nodeSrtpCrypto.hmacSha1(key);
    for (const length of [0, 1, 55, 56, 200, 1500, 2048, 2049, 70_000, 3]) {
      const octets = randomBytes(length + 7);
      const computed = new Uint8Array(20);
      mac.sign(octets, length, computed);
      expect(text(computed)).toBe(createHmac('sha1', key).update(octets.subarray(0, length)).digest('hex'));
    }
  }
});

test('keystream made ahead is the one that a cipher made for the packet gives', () => {
  const sender = new SrtpSender({ crypto: nodeSrtpCrypto, profile: CM_80, master: MASTER });
  const keys = deriveSessionKeys(nodeSrtpCrypto, CM_80, 'rtp', MASTER);
  // Sizes that grow and shrink, numbers in and out of order, across a wrap.
  const packets = [
    [65_530, 100],
    [65_531, 1],
    [65_533, 500],
    [65_532, 160],
    [65_535, 501],
    [2, 20_000],
    [1, 160],
    [3, 0],
    [40, 160],
  ] as const;
  for (const [sequence, size] of packets) {
    const packet = new Uint8Array(12 + size + 20);
    packet.set([0x80, 0, sequence >> 8, sequence & 255, 0, 0, 0, 0, 0xfe, 2, 3, 4]);
    sender.protect(packet, 12 + size);
    const iv = Buffer.alloc(16);
    iv.set(keys.salt);
    for (const [at, octet] of [
      0,
      0,
      0,
      0,
      0xfe,
      2,
      3,
      4,
      0,
      0,
      0,
      sequence < 1000 ? 1 : 0,
      ...packet.subarray(2, 4),
    ].entries()) {
      iv[at]! ^= octet;
    }
    const expected = createCipheriv('aes-128-ctr', keys.key, iv).update(new Uint8Array(size));
    expect(text(packet.subarray(12, 12 + size))).toBe(text(expected));
  }
});

test('openssl decrypts our counter mode', () => {
  let version: string;
  try {
    version = execFileSync('openssl', ['version']).toString();
  } catch {
    return; // not on this machine
  }
  expect(version).toContain('SSL');
  const keys = deriveSessionKeys(nodeSrtpCrypto, CM_80, 'rtp', MASTER);
  const sender = new SrtpSender({ crypto: nodeSrtpCrypto, profile: CM_80, master: MASTER });
  const packet = roomy(hex(`8000 0007 00000000 00000000 ${'5a'.repeat(172)}`));
  sender.protect(packet, 184);
  const iv = Uint8Array.from([...keys.salt, 0, 0]);
  iv[13] = iv[13]! ^ 7;
  const plain = execFileSync('openssl', ['enc', '-d', '-aes-128-ctr', '-K', text(keys.key), '-iv', text(iv)], {
    input: packet.subarray(12, 184),
  });
  expect(text(plain)).toBe('5a'.repeat(172));
});

test('SDES names of crypto suites are known', () => {
  expect(profileOfSuite('AES_CM_128_HMAC_SHA1_80')).toBe(CM_80);
  expect(profileOfSuite('F8_128_HMAC_SHA1_80')).toBe(undefined);
});
