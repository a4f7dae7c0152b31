import { expect, test } from 'vitest';
import type { ProtocolError } from '../errors.ts';
import { makeFrame, Names, serializeFrame } from './frame.ts';
import { type ContinuationFlag, FrameReader, octetsOf } from './frame-reader.ts';
import { Head } from './head.ts';
import { frameLimits } from './limits.ts';

interface Read {
  head: Head;
  body: string | undefined;
  flag: ContinuationFlag;
}

/** What is read of the text, pushed in pieces of that size. */
function read(text: string, piece = text.length, limits = frameLimits): Read[] {
  const frames: Read[] = [];
  let head: Head;
  let body: string | undefined;
  const reader = new FrameReader(
    {
      head: (it) => {
        head = it;
        body = undefined;
      },
      body: (octets) => {
        body = (body ?? '') + String.fromCharCode(...octets);
      },
      end: (flag) => frames.push({ head, body, flag }),
    },
    limits,
  );
  const octets = octetsOf(text);
  for (let at = 0; at < octets.length; at += piece) reader.push(octets.subarray(at, at + piece));
  return frames;
}

const SEND = [
  'MSRP a786hjs2 SEND',
  'To-Path: msrp://bob.example.test:8888/9di4eae923wzd;tcp',
  'From-Path: msrp://alicepc.example.test:7777/iau39soe2843z;tcp',
  'Message-ID: 87652491',
  'Byte-Range: 1-25/25',
  'Content-Type: text/plain',
  '',
  'Hey Bob, are you there?\r\n',
  '-------a786hjs2$',
  '',
].join('\r\n');

test('a request is read with its paths, headers and body, however the stream is cut', () => {
  for (let piece = 1; piece <= SEND.length; piece++) {
    const [frame, ...more] = read(SEND, piece);
    expect(more).toEqual([]);
    expect(frame?.head.method).toBe('SEND');
    expect(frame?.head.toPath).toEqual(['msrp://bob.example.test:8888/9di4eae923wzd;tcp']);
    expect(frame?.head.get('message-id')).toBe('87652491');
    expect(frame?.head.byteRange).toEqual({ start: 1, end: 25, total: 25 });
    expect(frame?.body).toBe('Hey Bob, are you there?\r\n');
    expect(frame?.flag).toBe('$');
  }
});

test('responses and requests follow each other in one stream', () => {
  const ok = 'MSRP d93kswow 200 OK\r\nTo-Path: msrp://a:1/x;tcp\r\nFrom-Path: msrp://b:2/y;tcp\r\n-------d93kswow$\r\n';
  const frames = read(ok + SEND + ok);
  expect(frames.map(({ head }) => head.method || head.status)).toEqual([200, 'SEND', 200]);
});

test('what looks like an end-line but is of another transaction, or has no flag, is body', () => {
  const body = [
    'x\r\n-------a786hjs1$\r\n',
    '\r\n-------a786hjs2-\r\n',
    '\r\n-------a786hjs2$ \r\n',
    '-------a786hjs2$',
    '\r\r\n------',
  ].join('');
  const text = SEND.replace('Hey Bob, are you there?\r\n', body);
  for (let piece = 1; piece <= 90; piece++) expect(read(text, piece).map((it) => it.body)).toEqual([body]);
});

test('any octets make a body', () => {
  const all = Array.from({ length: 256 }, (_, octet) => String.fromCharCode(octet)).join('');
  const body = `${all}${'\r\n'.repeat(50)}${'-'.repeat(100)}${all}`;
  for (const piece of [1, 2, 3, 7, 50, 1000])
    expect(
      read(
        SEND.replace('Hey Bob, are you there?\r\n', () => body),
        piece,
      )[0]?.body,
    ).toBe(body);
});

test('the flag tells that a message goes on or is given up', () => {
  for (const flag of ['$', '+', '#'] as const)
    expect(read(SEND.replace('hjs2$', `hjs2${flag === '$' ? '$$' : flag}`))[0]?.flag).toBe(flag);
});

test('a head is bounded in octets, headers and hops', () => {
  const long = SEND.replace('Message-ID', `X-A: ${'a'.repeat(9000)}\r\nMessage-ID`);
  const many = SEND.replace('Message-ID', `${'X-A: a\r\n'.repeat(40)}Message-ID`);
  const hops = SEND.replace(/To-Path: (\S+)/, `To-Path: ${Array(9).fill('$1').join(' ')}`);
  const endless = `MSRP a786hjs2 SEND\r\nTo-Path: ${'m'.repeat(1_000_000)}`;
  for (const text of [long, many, hops, endless])
    for (const piece of [100, text.length]) expect(codeOf(() => read(text, piece))).toMatch(/^MSRP_(HEAD_SIZE|PATH)$/);
});

test('what is no MSRP is refused at its first line', () => {
  for (const text of [
    'GET / HTTP/1.1\r\n',
    'MSRP \r\n',
    'MSRP abc SEND\r\n',
    'MSRP a786hjs2 send\r\n',
    'MSRP a786hjs2 20 OK\r\n',
    'MSRP a786hjs2 SEND\n',
    SEND.replace('To-Path', 'From-Path'),
    SEND.replace('From-Path', 'X'),
    SEND.replace('From-Path: msrp', 'From-Path: sip'),
    SEND.replace('Message-ID: 8', 'Message ID: 8'),
    SEND.replace(/From-Path[^\r]*\r\n/, ''),
    'MSRP a786hjs2 SEND\r\n-------a786hjs2$\r\n',
    'MSRP a786hjs2 SEND\r\n-------a786hjs3$\r\n',
    SEND.replace('SEND', '200 OK'),
  ])
    expect([text.slice(0, 40), codeOf(() => read(text))]).toEqual([text.slice(0, 40), 'MSRP_SYNTAX']);
});

test('a body of nothing but dashes, or of CRs, is read in linear time', () => {
  for (const filler of ['-', '\r', '\r\n-------a786hjs', '\r\n-------a786hjs2']) {
    const body = filler.repeat(2_000_000 / filler.length);
    const text = octetsOf(SEND.replace('Hey Bob, are you there?\r\n', () => body));
    let length = 0;
    const reader = new FrameReader({ head() {}, body: (octets) => (length += octets.length), end() {} });
    const began = performance.now();
    for (let at = 0; at < text.length; at += 16_384) reader.push(text.subarray(at, at + 16_384));
    expect(length).toBe(body.length);
    expect(performance.now() - began).toBeLessThan(2_000);
  }
});

test('a frame is written as it is read', () => {
  const head = new Head('abcd1', { method: 'SEND' });
  head.toPath = ['msrp://b:1/b;tcp'];
  head.fromPath = ['msrp://r:1/r;tcp', 'msrp://a:1/a;ws'];
  head.add('Message-ID', 'm1').add('Content-Type', 'text/plain');
  const text = String.fromCharCode(...serializeFrame(makeFrame(head, '+', octetsOf('hello'))));
  const [frame] = read(text);
  expect(frame).toMatchObject({ body: 'hello', flag: '+' });
  expect(frame?.head.fromPath).toEqual(head.fromPath);
  expect(String.fromCharCode(...serializeFrame(makeFrame(head)))).toMatch(
    /\r\nContent-Type: text\/plain\r\n-------abcd1\$\r\n$/,
  );
});

test('a transaction is named so that its end-line does not occur in the body', () => {
  const primitives = { random: (length: number) => '\x01'.repeat(length) };
  const first = new Names(primitives).next();
  const body = octetsOf(`x\r\n-------${first}$\r\n`);
  const names = new Names(primitives);
  expect(names.transactionFor(body)).not.toBe(first);
});

function codeOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    return (error as ProtocolError).code;
  }
  return '';
}
