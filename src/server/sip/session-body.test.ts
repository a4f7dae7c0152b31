import { expect, test } from 'vitest';
import type { Request } from '../../protocol/sip/message.ts';
import { parseMessage } from '../../protocol/sip/parse.ts';
import { sessionBody } from './session-body.ts';

function message(fields: string[], body: string): Request {
  const head = ['INVITE sip:b@x SIP/2.0', 'Via: SIP/2.0/UDP x', ...fields, `Content-Length: ${body.length}`];
  return parseMessage(`${head.join('\r\n')}\r\n\r\n${body}`) as Request;
}

const SDP = 'v=0\r\ns=-\r\n';

function parts(...list: string[]): string {
  return `preamble\r\n${list.map((part) => `--b\r\n${part}\r\n`).join('')}--b--\r\nepilogue`;
}

const MIXED = 'Content-Type: multipart/mixed;boundary=b';

test('a body that is a description is taken and replaced, with its length', () => {
  const request = message(['c: Application/SDP;charset=x'], SDP);
  const body = sessionBody(request);
  expect(body?.text).toBe(SDP);
  body?.replace('v=1\r\n');
  expect(request.body).toBe('v=1\r\n');
  expect(request.get('content-length')).toBe('5');
});

test('of a multipart body the description alone is replaced', () => {
  const sdp = `Content-Disposition: session;handling=required\r\nContent-Type: application/sdp\r\n\r\n${SDP}`;
  const request = message([MIXED], parts('Content-Type: text/plain\r\n\r\nhello', sdp));
  const body = sessionBody(request);
  expect(body?.text).toBe(SDP);
  body?.replace('v=1\r\n');
  expect(request.body).toBe(parts('Content-Type: text/plain\r\n\r\nhello', sdp.replace(SDP, 'v=1\r\n')));
  expect(sessionBody(message(['Content-Type: multipart/mixed; boundary="b"'], parts(sdp)))?.text).toBe(SDP);
});

test('what is no description of the session is left alone', () => {
  for (const request of [
    message([], ''),
    message([], SDP),
    message(['Content-Type: application/sdp'], ''),
    message(['Content-Type: text/plain'], SDP),
    message(['Content-Type: application/sdp', 'Content-Disposition: early-session'], SDP),
    message(['Content-Type: multipart/mixed'], parts(`Content-Type: application/sdp\r\n\r\n${SDP}`)),
    message([MIXED], parts('Content-Type: text/plain\r\n\r\nhello')),
    message([MIXED], parts(`Content-Type: application/sdp\r\nContent-Disposition: early-session\r\n\r\n${SDP}`)),
    message([MIXED], '--b\r\nContent-Type: application/sdp'),
    message([MIXED], '--b'),
    message([MIXED], '--b--'),
    message([MIXED], parts(...Array.from({ length: 400 }, () => 'x: y\r\n\r\nz'), SDP)),
  ])
    expect(sessionBody(request)).toBeUndefined();
});

test('one that is encoded is 415', () => {
  const encoded = ['Content-Type: application/sdp', 'Content-Encoding: gzip'];
  expect(() => sessionBody(message(encoded, SDP))).toThrow('Unsupported Content-Encoding');
  const part = `Content-Type: application/sdp\r\nContent-Transfer-Encoding: base64\r\n\r\ndj0wDQo=`;
  expect(() => sessionBody(message([MIXED], parts(part)))).toThrow('Unsupported Content-Encoding');
  expect(sessionBody(message(['Content-Type: application/sdp', 'Content-Encoding: identity'], SDP))?.text).toBe(SDP);
});
