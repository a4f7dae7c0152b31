import { expect, test } from 'vitest';
import { SDP_VECTORS, sdpVector } from '../../../test/support/sdp-vectors.ts';
import { ProtocolError } from '../errors.ts';
import { parseDescription, redactDescription, serializeDescription } from './session-description.ts';

const HEAD = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n';

function code(text: string): string {
  try {
    parseDescription(text);
    return 'accepted';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return error.code;
  }
}

test.each(SDP_VECTORS)('%s comes back octet for octet', (name) => {
  const text = sdpVector(name);
  // One phone puts a space behind its last format.
  expect(serializeDescription(parseDescription(text))).toBe(text.replace('AVP 0 101 \r', 'AVP 0 101\r'));
});

test('unknown lines and attributes stay where they were', () => {
  const text = `${HEAD}a=x-first:1\r\nq=what\r\na=x-second\r\nm=whale 9 SONG/1 low high\r\na=depth:300\r\nz=?\r\n`;
  const description = parseDescription(text);
  expect(serializeDescription(description)).toBe(text);
  expect(description.attribute('x-first')).toBe('1');
  expect(description.has('x-second')).toBe(true);
  expect(description.media[0]).toMatchObject({ kind: 'whale', proto: 'SONG/1', formats: ['low', 'high'] });
  expect(description.media[0]?.attribute('depth')).toBe('300');
});

test('lines that end with LF alone, empty lines and a missing last line end are forgiven', () => {
  const text = `${HEAD}m=audio 4000 RTP/AVP 0\r\na=ptime:20\r\n`;
  const sloppy = `${text.replaceAll('\r\n', '\n').slice(0, -1)}`;
  expect(serializeDescription(parseDescription(sloppy))).toBe(text);
  expect(serializeDescription(parseDescription(`${text}\r\n\r\n`))).toBe(text);
});

test('what breaks the grammar is refused', () => {
  for (const text of [
    '',
    'hello',
    'v=1\r\n',
    'v=0\r\n',
    'v=0\r\no=-\r\n',
    'v=0\r\no=- 1 1 IN IP5 a\r\n',
    `${HEAD}audio\r\n`,
    `${HEAD}m=audio\r\n`,
    `${HEAD}m=audio x RTP/AVP 0\r\n`,
    `${HEAD}m=audio 65536 RTP/AVP 0\r\n`,
    `${HEAD}m=audio -1 RTP/AVP 0\r\n`,
    `${HEAD}m=audio 1 RTP/AVP\r\n`,
    `${HEAD}m=audio 1 RTP/AVP 128\r\n`,
    `${HEAD}m=audio 1 RTP/AVP zero\r\n`,
    `${HEAD}a=nul:\0\r\n`,
    `${HEAD}a=cr:\rv=0\r\n`,
    'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nt=0 0\r\nm=audio 1 RTP/AVP 0\r\n',
  ])
    expect([text, code(text)]).toEqual([text, 'SDP_SYNTAX']);
});

test.each([
  'IN IP4',
  'IN IP4 ',
  'IN IP4 $(reboot)',
  'IN IP4 ::1',
  'IN IP6 ../../etc',
  'ATM NSAP 1',
  `IN IP4 ${'1'.repeat(5000)}`,
  'IN IP4 1.2.3.4 5.6.7.8',
])('a hostile c= is refused: %s', (connection) => {
  expect(code(`${HEAD}m=audio 1 RTP/AVP 0\r\nc=${connection}\r\n`)).toBe('SDP_SYNTAX');
});

test('a multicast TTL is cut off', () => {
  const [section] = parseDescription(`${HEAD}m=audio 1 RTP/AVP 0\r\nc=IN IP4 233.252.0.1/127\r\n`).media;
  expect(section?.connection).toEqual({ family: 'IP4', address: '233.252.0.1' });
});

test('5,000 formats, 10,000 candidates, too many sections, lines or octets are refused', () => {
  const formats = Array.from({ length: 5000 }, (_, i) => i % 128).join(' ');
  expect(code(`${HEAD}m=audio 1 RTP/AVP ${formats}\r\n`)).toBe('SDP_TOO_MANY');
  const candidates = 'a=candidate:1 1 udp 1 1.1.1.1 1 typ host\r\n';
  expect(code(`${HEAD}m=audio 1 RTP/AVP 0\r\n${candidates.repeat(10_000)}`)).toBe('SDP_TOO_MANY');
  expect(code(`${HEAD}m=audio 1 RTP/AVP 0\r\n${candidates.repeat(129)}`)).toBe('SDP_TOO_MANY');
  expect(code(HEAD + 'm=audio 1 RTP/AVP 0\r\n'.repeat(65))).toBe('SDP_TOO_MANY');
  expect(code(HEAD + 'a=x\r\n'.repeat(3000))).toBe('SDP_TOO_MANY');
  expect(code(`${HEAD}a=x:${'y'.repeat(70_000)}\r\n`)).toBe('SDP_TOO_MANY');
});

test('keys and ICE passwords are gone from what a log may show', () => {
  const text = sdpVector('baresip-1.0-srtp-mand-offer') + sdpVector('chromium-audio-offer');
  const shown = redactDescription(text);
  expect(shown).toContain('a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:***');
  expect(shown).toContain('a=ice-pwd:***');
  expect(shown).not.toContain('JwWrqDV1i7SMPBzbcnUus3S3sYFpRFbGpSqDX094');
  expect(shown).not.toContain('rqODXsMHSyInH+5c+9m5ver1');
});
