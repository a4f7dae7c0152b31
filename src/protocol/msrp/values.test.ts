import { expect, test } from 'vitest';
import { parseByteRange, serializeByteRange } from './byte-range.ts';
import { ChunkCutter } from './chunk-cutter.ts';
import { FairQueue } from './fair-queue.ts';
import { Ranges } from './ranges.ts';
import { parseReportStatus, serializeReportStatus } from './status.ts';
import { parseMsrpUri, sameMsrpUri, serializeMsrpUri } from './uri.ts';

test('an MSRP URI is read and written', () => {
  for (const uri of [
    'msrp://example.test:7394/2s93i9ek2a;tcp',
    'msrps://alice@example.test;ws',
    'msrps://[2001:db8::1]:2855/s/1=2;tcp',
    'msrp://df7jal23ls0d.invalid/98cjs;dc',
  ])
    expect(serializeMsrpUri(parseMsrpUri(uri))).toBe(uri);
  for (const uri of [
    'msrp://h',
    'msrp://h:0/s;tcp',
    'msrp://h:99999/s;tcp',
    'sip:h;tcp',
    'msrp://h/s;',
    'msrp://h/a b;tcp',
    `msrp://${'h'.repeat(2000)};tcp`,
  ])
    expect(() => parseMsrpUri(uri)).toThrow();
});

test('URIs are compared as RFC 4975 section 6.1 says', () => {
  const same = (a: string, b: string) => sameMsrpUri(parseMsrpUri(a), parseMsrpUri(b));
  expect(same('msrp://Host.test:1/s;tcp', 'MSRP://host.TEST:1/s;TCP')).toBe(true);
  expect(same('msrp://u@host.test:1/s;tcp', 'msrp://host.test:1/s;tcp')).toBe(true);
  expect(same('msrp://host.test:1/s;tcp;x=1', 'msrp://host.test:1/s;tcp')).toBe(true);
  expect(same('msrp://host.test:1/s;tcp', 'msrp://host.test:1/S;tcp')).toBe(false);
  expect(same('msrp://host.test:2855/s;tcp', 'msrp://host.test/s;tcp')).toBe(false);
  expect(same('msrps://host.test:1/s;tcp', 'msrp://host.test:1/s;tcp')).toBe(false);
  expect(same('msrp://host.test:1/s;tcp', 'msrp://host.test:1/s;ws')).toBe(false);
  expect(same('msrp://host.test:1/s;tcp', 'msrp://host.test:1;tcp')).toBe(false);
});

test('a Byte-Range is read and written', () => {
  for (const range of ['1-25/25', '1-*/*', '10001-*/200000', '1-0/0', '5-9/*'])
    expect(serializeByteRange(parseByteRange(range))).toBe(range);
  for (const range of [
    '0-1/1',
    '5-3/9',
    '1-9/8',
    '9-*/3',
    '1/1',
    '1-2',
    '-',
    '1-99999999999999999/*',
    '9999999999999999-*/*',
  ])
    expect([range, throws(() => parseByteRange(range))]).toEqual([range, true]);
});

test('a Status header is read and written', () => {
  expect(serializeReportStatus(408)).toBe('000 408 Request Timeout');
  expect(parseReportStatus('000 200 OK')).toBe(200);
  expect(parseReportStatus('000 413')).toBe(413);
  expect(parseReportStatus('001 200 OK')).toBeUndefined();
});

test('ranges join as they come, and too many gaps are refused', () => {
  const ranges = new Ranges(3);
  for (const [from, to] of [
    [0, 10],
    [10, 20],
    [30, 40],
    [50, 60],
  ] as const)
    expect(ranges.add(from, to)).toBe(true);
  expect(ranges.covers(0, 20)).toBe(true);
  expect(ranges.covers(0, 21)).toBe(false);
  expect(ranges.add(70, 80)).toBe(false);
  expect(ranges.add(15, 55)).toBe(true);
  expect(ranges.covers(0, 60)).toBe(true);
  expect(ranges.contiguousFrom(5)).toBe(60);
  expect(ranges.add(70, 80)).toBe(true);
});

test('a chunk of any length is cut into pieces, and only the last has its flag', () => {
  for (const step of [1, 3, 10, 25, 100]) {
    const pieces: [string, number, string, boolean][] = [];
    const cutter = new ChunkCutter(10, (octets, at, flag, last) => pieces.push([String(octets), at, flag, last]));
    const body = Uint8Array.from({ length: 25 }, (_, i) => i);
    for (let at = 0; at < 25; at += step) cutter.body(body.subarray(at, at + step));
    expect(cutter.end('$', true)).toBe(25);
    expect(pieces).toEqual([
      [String(body.subarray(0, 10)), 0, '+', false],
      [String(body.subarray(10, 20)), 10, '+', false],
      [String(body.subarray(20)), 20, '$', true],
    ]);
  }
});

test('writers take turns, and each keeps its order', () => {
  const queue = new FairQueue<string, string>();
  for (const item of ['a1', 'a2', 'a3', 'b1', 'c1', 'b2']) queue.push(item[0] as string, item);
  expect(Array.from({ length: 7 }, () => queue.shift())).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', undefined]);
  expect(queue.empty).toBe(true);
});

function throws(act: () => unknown): boolean {
  try {
    act();
    return false;
  } catch {
    return true;
  }
}
