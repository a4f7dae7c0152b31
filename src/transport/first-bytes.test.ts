import { expect, test } from 'vitest';
import { FIRST_BYTES_BOUND, type FirstProtocol, firstProtocol } from './first-bytes.ts';

const SAMPLES: [string, FirstProtocol][] = [
  ['GET / HTTP/1.1\r\n', 'http'],
  ['GET /sip:alice HTTP/1.1\r\n', 'http'],
  ['POST /http-bind HTTP/1.1\r\n', 'http'],
  ['OPTIONS * HTTP/1.1\r\n', 'http'],
  ['OPTIONS /api HTTP/1.1\r\n', 'http'],
  ['OPTIONS http://a.test/ HTTP/1.1\r\n', 'http'],
  ['CONNECT a.test:443 HTTP/1.1\r\n', 'http'],
  ['PRI * HTTP/2.0\r\n', 'http'],
  ['OPTIONS sip:alice@a.test SIP/2.0\r\n', 'sip'],
  ['REGISTER sips:a.test SIP/2.0\r\n', 'sip'],
  ['INVITE tel:+15551234 SIP/2.0\r\n', 'sip'],
  ['NEWMETHOD urn:service:sos SIP/2.0\r\n', 'sip'],
  ['SIP/2.0 200 OK\r\n', 'sip'],
  ['\r\n\r\n', 'sip'],
  ['\r\nREGISTER sip:a.test SIP/2.0\r\n', 'sip'],
  ['\x16\x03\x01\x02\x00', 'tls'],
  ['\x00\x01\x00\x00\x21\x12\xa4\x42', 'stun'],
  ['\x01\x01\x00\x00', 'stun'],
  ['\xff\xff', 'http'],
  ['{"json": 1}', 'http'],
  [`${'A'.repeat(FIRST_BYTES_BOUND)}`, 'http'],
  [`INVITE ${'a'.repeat(FIRST_BYTES_BOUND)}`, 'http'],
];

test('the first octets tell the protocol', () => {
  for (const [sample, protocol] of SAMPLES) {
    expect(firstProtocol(Buffer.from(sample, 'latin1')), JSON.stringify(sample)).toBe(protocol);
  }
});

test('a prefix tells the same or asks for more, and never more than the bound', () => {
  for (const [sample, protocol] of SAMPLES) {
    for (let length = 0; length <= sample.length; length++) {
      const answer = firstProtocol(Buffer.from(sample.slice(0, length), 'latin1'));
      expect([undefined, protocol], JSON.stringify(sample.slice(0, length))).toContain(answer);
    }
  }
  for (const filler of ['A', ' ', ':', 'S', '\t']) {
    expect(firstProtocol(Buffer.from(filler.repeat(FIRST_BYTES_BOUND)))).toBeDefined();
  }
});
