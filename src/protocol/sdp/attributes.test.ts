import { expect, test } from 'vitest';
import { SDP_VECTORS, sdpVector } from '../../../test/support/sdp-vectors.ts';
import { hostPriority, parseCandidate, serializeCandidate } from './candidate.ts';
import { isPlainCrypto, parseCrypto, serializeCrypto } from './crypto-attribute.ts';
import { restrictDirection } from './direction.ts';
import { answerSetup, parseFingerprint } from './dtls-attributes.ts';
import { parseHeaderExtension, serializeHeaderExtension } from './header-extension.ts';
import { parseMediaStreamId, parseSource, parseSourceGroup } from './media-source.ts';
import { parseDescription } from './session-description.ts';
import { parseRid, parseSimulcast } from './simulcast.ts';

const KEY = 'NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj';

test('candidates of every capture are written as they were read', () => {
  for (const name of SDP_VECTORS)
    for (const section of parseDescription(sdpVector(name)).media)
      for (const value of section.attributes('candidate')) {
        const candidate = parseCandidate(value);
        expect(candidate && serializeCandidate(candidate)).toBe(value.replace(/ (UDP|TCP) /, (t) => t.toLowerCase()));
      }
});

test('a candidate has its related address and keeps its extensions', () => {
  const text = '1 2 udp 1694498815 203.0.113.9 54321 typ srflx raddr 10.0.1.1 rport 8998 generation 0 network-id 3';
  expect(parseCandidate(text)).toMatchObject({
    component: 2,
    type: 'srflx',
    relatedAddress: '10.0.1.1',
    relatedPort: 8998,
    extensions: [
      ['generation', '0'],
      ['network-id', '3'],
    ],
  });
  expect(hostPriority(1)).toBe(2_130_706_431);
});

test('a candidate that is malformed is ignored', () => {
  for (const text of [
    '',
    '1 1 udp 1 192.0.2.1 1',
    '1 0 udp 1 192.0.2.1 1 typ host',
    '1 1 udp 4294967296 192.0.2.1 1 typ host',
    '1 1 udp 1 192.0.2.1 65536 typ host',
    '1 1 udp 1 ;rm 1 typ host',
    `${'1'.repeat(33)} 1 udp 1 192.0.2.1 1 typ host`,
  ])
    expect(parseCandidate(text)).toBeUndefined();
});

test('crypto: suite, key, lifetime and MKI; what cannot be taken is passed over', () => {
  const full = `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}|2^20|1:4 KDR=1`;
  const crypto = parseCrypto(full);
  expect(crypto).toEqual({
    tag: 1,
    suite: 'AES_CM_128_HMAC_SHA1_80',
    key: KEY,
    lifetime: '2^20',
    mki: { value: '1', length: 4 },
    parameters: ['KDR=1'],
  });
  expect(crypto && serializeCrypto(crypto)).toBe(full);
  for (const text of [
    `1 F8_128_HMAC_SHA1_80 inline:${KEY}`,
    '1 AES_CM_128_HMAC_SHA1_80 inline:AAAA',
    `1 AES_CM_128_HMAC_SHA1_80 inline:${KEY};inline:${KEY}`,
    `1 AEAD_AES_128_GCM inline:${KEY}`,
    `x AES_CM_128_HMAC_SHA1_80 inline:${KEY}`,
    `1 constructor inline:${KEY}`,
  ])
    expect(parseCrypto(text)).toBeUndefined();
});

test('a crypto line with MKI or a session parameter that changes packets cannot be taken, WSH is a hint', () => {
  const plain = (rest: string): boolean => {
    const crypto = parseCrypto(`1 AES_CM_128_HMAC_SHA1_80 inline:${KEY}${rest}`);
    return crypto !== undefined && isPlainCrypto(crypto);
  };
  expect(plain('')).toBe(true);
  expect(plain('|2^31')).toBe(true);
  expect(plain(' WSH=64')).toBe(true);
  expect(plain('|1:4')).toBe(false);
  expect(plain(' UNENCRYPTED_SRTCP')).toBe(false);
});

test('the direction of an answer is kept within the offer', () => {
  expect(restrictDirection('sendrecv', 'sendrecv')).toBe('sendrecv');
  expect(restrictDirection('sendrecv', 'sendonly')).toBe('recvonly');
  expect(restrictDirection('sendrecv', 'recvonly')).toBe('sendonly');
  expect(restrictDirection('sendonly', 'sendonly')).toBe('inactive');
});

test('fingerprints of any case; MD5, wrong lengths and names out of the prototype are none', () => {
  const value = Array.from({ length: 32 }, () => 'ab').join(':');
  expect(parseFingerprint(`SHA-256 ${value}`)).toEqual({ hash: 'sha-256', value: value.toUpperCase() });
  for (const text of [`md5 ${value}`, `sha-1 ${value}`, 'sha-256 AB', 'constructor AB', `sha-256 ${value}:00`])
    expect(parseFingerprint(text)).toBeUndefined();
});

test('an answer takes the DTLS role that the offer leaves', () => {
  expect(answerSetup('active', 'active')).toBe('passive');
  expect(answerSetup('passive', 'passive')).toBe('active');
  expect(answerSetup('actpass', 'passive')).toBe('passive');
  expect(answerSetup(undefined, 'active')).toBe('active');
});

test('header extensions with their directions', () => {
  const text = '2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level vad=on';
  const extension = parseHeaderExtension(text);
  expect(extension).toMatchObject({ id: 2, direction: 'recvonly', attributes: 'vad=on' });
  expect(extension && serializeHeaderExtension(extension)).toBe(text);
  for (const id of ['0', '256', '4095', '4352', 'x']) expect(parseHeaderExtension(`${id} urn:x`)).toBeUndefined();
});

test('sources, their groups, msid, rid and simulcast of the captures are read', () => {
  const [section] = parseDescription(sdpVector('chromium-simulcast-offer')).media;
  expect(section?.attributes('rid').map(parseRid)).toEqual([
    { id: 'h', direction: 'send', restrictions: '' },
    { id: 'l', direction: 'send', restrictions: '' },
  ]);
  expect(parseSimulcast(section?.attribute('simulcast') ?? '')).toEqual({
    send: [[{ rid: 'h', paused: false }], [{ rid: 'l', paused: false }]],
  });
  const video = parseDescription(sdpVector('chromium-audio-video-offer')).media[1];
  const group = parseSourceGroup(video?.attribute('ssrc-group') ?? '');
  expect(group?.semantics).toBe('FID');
  expect(parseSource(video?.attributes('ssrc')[0] ?? '')).toMatchObject({ ssrc: group?.ssrcs[0], name: 'cname' });
  expect(parseMediaStreamId(video?.attribute('msid') ?? '')?.track).toMatch(/^[0-9a-f-]{36}$/);
  expect(parseSimulcast('send 1;~2,3 recv 4')).toEqual({
    send: [
      [{ rid: '1', paused: false }],
      [
        { rid: '2', paused: true },
        { rid: '3', paused: false },
      ],
    ],
    recv: [[{ rid: '4', paused: false }]],
  });
  expect(parseSimulcast('send 1 send 2')).toBeUndefined();
});
