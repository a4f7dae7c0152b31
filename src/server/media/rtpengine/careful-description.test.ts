import { describe, expect, test } from 'vitest';
import { SDP_VECTORS, sdpVector } from '../../../../test/support/sdp-vectors.ts';
import { parseDescription, serializeDescription } from '../../../protocol/sdp/session-description.ts';
import { carefulDescription, fromRtpengine } from './careful-description.ts';

const careful = (text: string): string => serializeDescription(carefulDescription(text, 32_768, '198.51.100.7'));
const phone = (media: string, session = 'c=IN IP4 192.0.2.7'): string =>
  `v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\n${session}\r\nt=0 0\r\n${media}`;

test('what browsers and phones wrote keeps its codecs, keys and addresses', () => {
  for (const name of SDP_VECTORS) {
    const [before, after] = [parseDescription(sdpVector(name)), parseDescription(careful(sdpVector(name)))];
    expect(after.media.length).toBe(before.media.length);
    before.media.forEach((section, i) => {
      const kept = after.media[i]!;
      if (kept.port === 0) return;
      expect([kept.codecs, kept.ice, kept.fingerprints, kept.cryptos, kept.direction], name).toEqual([
        section.codecs,
        section.ice,
        section.fingerprints,
        section.cryptos,
        section.direction,
      ]);
    });
  }
});

test('a data channel is refused, since nobody in between can carry it', () => {
  const ports = parseDescription(careful(sdpVector('chromium-screen-data-offer'))).media.map(({ kind, port }) => [
    kind,
    port,
  ]);
  expect(ports.find(([kind]) => kind === 'application')).toEqual(['application', 0]);
});

describe('out of all proportion is 400', () => {
  const formats = Array.from({ length: 5000 }, (_, i) => i % 128).join(' ');
  const candidates = Array.from(
    { length: 10_000 },
    (_, i) => `a=candidate:${i} 1 udp 1 192.0.2.1 ${i} typ host\r\n`,
  ).join('');
  for (const [title, text] of Object.entries({
    '5,000 formats': phone(`m=audio 4000 RTP/AVP ${formats}\r\n`),
    '10,000 candidates': phone(`m=audio 4000 RTP/AVP 0\r\n${candidates}`),
    '65 candidates': phone(`m=audio 4000 RTP/AVP 0\r\n${candidates.slice(0, candidates.indexOf('a=candidate:65 '))}`),
    '17 sections': phone('m=audio 4000 RTP/AVP 0\r\n'.repeat(17)),
    '2,000 lines': phone(`m=audio 4000 RTP/AVP 0\r\n${'a=x\r\n'.repeat(2000)}`),
    'a line of 2,000 octets': phone(`m=audio 4000 RTP/AVP 0\r\na=x:${'y'.repeat(2000)}\r\n`),
    'a session line of 2,000 octets': phone(
      'm=audio 4000 RTP/AVP 0\r\n',
      `c=IN IP4 192.0.2.7\r\ni=${'y'.repeat(2000)}`,
    ),
    '33 kB': phone(`m=audio 4000 RTP/AVP 0\r\n${`a=x:${'y'.repeat(900)}\r\n`.repeat(37)}`),
  })) {
    test(title, () => {
      expect(() => careful(text)).toThrow(expect.objectContaining({ answer: { status: 400 } }));
    });
  }
});

describe('hostile connection lines', () => {
  for (const connection of [
    'c=',
    'c=IN',
    'c=IN IP4',
    'c=IN IP4 ',
    `c=IN IP4 ${'1'.repeat(300)}`,
    'c=IN IP4 %s%s%n',
    'c=IN IP4 ../../x',
    'c=IN IP4 192.0.2.7 192.0.2.8',
    'c=IN IP4 ::1',
    'c=IN IP9 192.0.2.7',
    'c=XX IP4 192.0.2.7',
    'c=IN IP4 -1.2.3.4',
  ]) {
    test(`"${connection.slice(0, 40)}" is 400`, () => {
      expect(() => careful(phone('m=audio 4000 RTP/AVP 0\r\n', connection))).toThrow(
        expect.objectContaining({ answer: { status: 400 } }),
      );
    });
  }
  for (const connection of [
    'c=IN IP4 1.2.3.4.5',
    'c=IN IP4 1.2.3',
    'c=IN IP4 999.1.1.1',
    'c=IN IP4 0.1.2.3',
    'c=IN IP4 224.0.0.1/127',
    'c=IN IP4 255.255.255.255',
    'c=IN IP6 ff02::1',
    'c=IN IP6 1::2::3',
    'c=IN IP4 metadata.internal',
  ]) {
    test(`"${connection}" is 488`, () => {
      expect(() => careful(phone('m=audio 4000 RTP/AVP 0\r\n', connection))).toThrow(
        expect.objectContaining({ answer: { status: 488 } }),
      );
    });
  }
  test('an address of zeros is hold', () => {
    expect(careful(phone('m=audio 4000 RTP/AVP 0\r\n', 'c=IN IP4 0.0.0.0'))).toContain('c=IN IP4 0.0.0.0\r\n');
  });
});

test('with ICE an address of zeros is none yet, and no hold', () => {
  const ice = `a=ice-ufrag:abcd\r\na=ice-pwd:${'x'.repeat(22)}\r\n`;
  const text = careful(phone(`m=audio 9 UDP/TLS/RTP/SAVPF 0\r\n${ice}`, 'c=IN IP4 0.0.0.0'));
  expect(parseDescription(text).media[0]?.connection?.address).toBe('198.51.100.7');
});

test('a thousand port pairs for one section are 488', () => {
  expect(() => careful(phone('m=audio 4000/1000 RTP/AVP 0\r\n'))).toThrow(
    expect.objectContaining({ answer: { status: 488 } }),
  );
});

test('attributes that are not what they claim to be go, and the rest stays', () => {
  const bad = [
    'a=candidate:1 1 udp 1 2130706431.local 9 typ host',
    'a=candidate:1 1 udp',
    `a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${'A'.repeat(500)}`,
    'a=fingerprint:sha-256 00',
    'a=rtpmap:97 opus/0/0',
    'a=rtpmap:97',
    'a=ptime:0',
    'a=ptime:-1',
    'a=ptime:99999999999999999999',
    'a=rtcp:99999',
    'a=rtcp:4001 IN IP4 %s',
    'a=ice-ufrag:x',
    'a=setup:whatever',
    'a=ssrc:cname',
    'a=rtpengine:loop',
  ];
  const good = [
    'a=rtpmap:96 opus/48000/2',
    'a=fmtp:96 useinbandfec=1',
    'a=ptime:20',
    'a=rtcp:4001 IN IP4 192.0.2.7',
    'a=ssrc:1 cname:x',
    'a=x-unknown:kept',
    'a=sendonly',
  ];
  const lines = careful(phone(`m=audio 4000 RTP/AVP 0 96\r\n${[...bad, ...good].join('\r\n')}\r\n`)).split('\r\n');
  expect(lines.filter((line) => bad.includes(line))).toEqual([]);
  expect(lines.filter((line) => good.includes(line))).toEqual(good);
});

test("rtpengine's SDES suites come in our order, with their tags, without those that nobody has", () => {
  const key = (octets: number): string => Buffer.alloc(octets, 7).toString('base64').replace(/=+$/, '');
  const text = phone(
    [
      'm=audio 4000 RTP/SAVP 0',
      `a=crypto:1 AEAD_AES_256_GCM inline:${key(44)}`,
      `a=crypto:2 F8_128_HMAC_SHA1_80 inline:${key(30)}`,
      `a=crypto:3 AES_CM_128_HMAC_SHA1_80 inline:${key(30)}`,
      'a=sendrecv',
      '',
    ].join('\r\n'),
  );
  const cryptos = fromRtpengine(text)
    .split('\r\n')
    .filter((line) => line.startsWith('a=crypto'))
    .map((line) => line.split(' ', 2).join(' '));
  expect(cryptos).toEqual(['a=crypto:3 AES_CM_128_HMAC_SHA1_80', 'a=crypto:1 AEAD_AES_256_GCM']);
});
