import { expect, test } from 'vitest';
import { redact, SipTrace } from './trace.ts';

const message = (callId: string, padding = 0, start = 'MESSAGE sip:bob@example.test SIP/2.0') =>
  `${start}\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bK1\r\nFrom: <sip:alice@example.test>;tag=1\r\nTo: <sip:bob@example.test>\r\nCall-ID: ${callId}\r\nCSeq: 1 MESSAGE\r\nX: ${'x'.repeat(padding)}\r\n\r\n`;

test('A call is found by its Call-ID with both of its hops, in order', () => {
  let now = 1000;
  const trace = new SipTrace({ messages: 10, bytes: 100_000, now: () => now });
  trace.record(false, 'ws 192.0.2.1:1', message('a'));
  now = 1001;
  trace.record(true, 'udp 192.0.2.2:5060', message('a'));
  trace.record(false, 'ws 192.0.2.1:1', message('b'));
  now = 1002;
  trace.record(false, 'udp 192.0.2.2:5060', message('a', 0, 'SIP/2.0 480 Gone'));
  expect(trace.get('a').map(({ at, direction, flow }) => [at, direction, flow])).toEqual([
    [1000, 'in', 'ws 192.0.2.1:1'],
    [1001, 'out', 'udp 192.0.2.2:5060'],
    [1002, 'in', 'udp 192.0.2.2:5060'],
  ]);
  expect(trace.list(1)).toEqual([
    {
      callId: 'a',
      method: 'MESSAGE',
      from: '<sip:alice@example.test>;tag=1',
      to: '<sip:bob@example.test>',
      started: 1000,
      ended: 1002,
      messages: 3,
      status: 480,
    },
  ]);
  expect(trace.get('nobody')).toEqual([]);
});

test('It is bounded by messages and by octets, and keeps the latest whole', () => {
  const trace = new SipTrace({ messages: 8, bytes: 2_000, now: () => 0 });
  let seed = 1;
  for (let i = 0; i < 5_000; i++) {
    seed = (seed * 48271) % 2147483647;
    const text = message(`call-${i}`, seed % 900);
    trace.record(false, 'ws', text);
    expect(trace.size).toBeLessThanOrEqual(8);
    expect(trace.bytes).toBeLessThanOrEqual(2_000);
    expect(trace.get(`call-${i}`).map((event) => event.message)).toEqual([text]);
    // Everything that is still there is as it was.
    for (const { callId } of trace.list(10)) expect(trace.get(callId)[0]!.message).toMatch(/\r\nX: x*\r\n\r\n$/);
  }
  trace.record(false, 'ws', message('huge', 3_000));
  expect(trace.get('huge')).toEqual([]);
});

test('Credentials, keys and what people wrote do not come out of it', () => {
  const sdp = 'v=0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:SECRET1\r\na=ice-pwd:SECRET2\r\na=ice-ufrag:abcd\r\n';
  const invite = `INVITE sip:bob:SECRET3@example.test SIP/2.0\r\nAuthorization: Digest username="a",\r\n response="SECRET4"\r\nPROXY-AUTHORIZATION : Digest x="SECRET5"\r\nCSeq: 1 INVITE\r\nContact: <sip:a@b;password=SECRET6>\r\nContent-Type: application/sdp\r\n\r\n${sdp}`;
  const clean = redact(invite);
  expect(clean).not.toMatch(/SECRET/);
  expect(clean).toMatch(/a=ice-ufrag:abcd/);
  expect(clean).toMatch(/^CSeq: 1 INVITE$/m);
  expect(redact('MESSAGE sip:b@c SIP/2.0\r\nCSeq: 1 MESSAGE\r\nContent-Type: text/plain\r\n\r\nSECRET')).not.toMatch(
    /SECRET/,
  );
  expect(redact('MESSAGE sip:b@c SIP/2.0\r\nCSeq: 1 MESSAGE\r\nc: application/sdp\r\n\r\nSECRET')).not.toMatch(
    /SECRET/,
  );
  expect(redact('INFO sip:b@c SIP/2.0\r\nCSeq: 1 INFO\r\nc: application/dtmf-relay\r\n\r\nSignal=SECRET')).not.toMatch(
    /SECRET/,
  );
});

test('A note on the media of a call stands among its messages, and is none of them', () => {
  const trace = new SipTrace({ messages: 10, bytes: 100_000, now: () => 1000 });
  trace.note('a', 'nobody has sent anything');
  expect(trace.list(10)).toEqual([]);
  trace.record(false, 'ws 192.0.2.1:1', message('a'));
  trace.note('a', 'offer written as RTP/AVP');
  trace.note('b', 'another call');
  expect(trace.list(10)).toMatchObject([{ callId: 'a', messages: 1 }]);
  expect(trace.get('a').slice(1)).toMatchObject([
    { direction: 'in', flow: 'ws 192.0.2.1:1' },
    { at: 1000, flow: 'media', message: 'offer written as RTP/AVP' },
  ]);
});

test("the MSRP frames of a call's session are among its messages", () => {
  const trace = new SipTrace({ messages: 20, bytes: 100_000, now: () => 1 });
  const frame = (uri: string) =>
    `MSRP x1 SEND\r\nTo-Path: msrp://r.test/u;tcp ${uri}\r\nFrom-Path: msrp://z.test/z;tcp\r\n-------x1\r\n`;
  trace.record(
    false,
    'ws 192.0.2.1:1',
    `${message('a')}v=0\r\nm=message 9 TCP/MSRP *\r\na=path:msrp://r.test/u;tcp msrp://a.test/1;ws\r\n`,
  );
  trace.record(true, 'ws 192.0.2.1:1', frame('msrp://a.test/1;ws'));
  trace.record(
    true,
    'ws 192.0.2.1:1',
    'MSRP x2 SEND\r\nTo-Path: msrp://b.test/2;ws\r\nFrom-Path: msrp://b.test/3;ws\r\n-------x2\r\n',
  );
  expect(trace.get('a').map(({ message: text }) => text.slice(0, 7))).toEqual(['MESSAGE', 'MSRP x1']);
  expect(trace.list(10).length).toBe(1);
});
