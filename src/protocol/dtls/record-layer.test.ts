import { expect, test } from 'vitest';
import { nodeDtlsCrypto } from '../../server/media/dtls-crypto.ts';
import { concat } from './octets.ts';
import { ContentType, openRecord, parseRecords, RecordWriter } from './record-layer.ts';

const KEY = { aead: nodeDtlsCrypto.aead(new Uint8Array(16).fill(7)), salt: new Uint8Array([1, 2, 3, 4]) };

test('records of both epochs share a datagram, each epoch with its own numbers', () => {
  const writer = new RecordWriter();
  writer.install(KEY);
  const datagram = concat(
    writer.write(0, ContentType.handshake, new Uint8Array([1])),
    writer.write(1, ContentType.alert, new Uint8Array([1, 0])),
    writer.write(1, ContentType.handshake, new Uint8Array([3])),
  );
  const records = parseRecords(datagram);
  expect(records.map(({ type, epoch, sequence }) => [type, epoch, sequence])).toEqual([
    [22, 0, 0],
    [21, 1, 0],
    [22, 1, 1],
  ]);
  expect([...openRecord(KEY, records[1]!)!]).toEqual([1, 0]);
  expect([...openRecord(KEY, records[2]!)!]).toEqual([3]);
});

test('a protected record opens under no other number, epoch, type or key', () => {
  const writer = new RecordWriter();
  writer.install(KEY);
  const [record] = parseRecords(writer.write(1, ContentType.handshake, new Uint8Array([1, 2])));
  expect(openRecord(KEY, record!)).toBeDefined();
  for (const change of [{ sequence: 1 }, { epoch: 2 }, { type: 21 }, { version: 0xfeff }]) {
    expect(openRecord(KEY, { ...record!, ...change })).toBeUndefined();
  }
  expect(openRecord({ ...KEY, salt: new Uint8Array(4) }, record!)).toBeUndefined();
  for (let length = 0; length < record!.fragment.length; length++) {
    expect(openRecord(KEY, { ...record!, fragment: record!.fragment.subarray(0, length) })).toBeUndefined();
  }
});

test('a datagram is read up to the first record that is none', () => {
  const good = new RecordWriter().write(0, ContentType.handshake, new Uint8Array([1]));
  const changed = (at: number, value: number): Uint8Array => {
    const octets = Uint8Array.from(good);
    octets[at] = value;
    return octets;
  };
  expect(parseRecords(concat(good, good))).toHaveLength(2);
  expect(parseRecords(concat(good, changed(0, 0x80), good))).toHaveLength(1); // RTP
  expect(parseRecords(concat(good, changed(1, 3), good))).toHaveLength(1); // TLS over TCP
  expect(parseRecords(concat(good, changed(11, 0xff)))).toHaveLength(1); // longer than the datagram
  expect(parseRecords(concat(good, good.subarray(0, 12)))).toHaveLength(1);
  expect(parseRecords(new Uint8Array())).toHaveLength(0);
  expect(parseRecords(concat(...Array.from({ length: 100 }, () => good)))).toHaveLength(64);
});

test('a cookie exchange takes the numbers of the hello, within reason', () => {
  const writer = new RecordWriter();
  const next = (): number => parseRecords(writer.write(0, ContentType.handshake, new Uint8Array([1])))[0]!.sequence;
  writer.follow(5);
  expect([next(), next()]).toEqual([5, 6]);
  writer.follow(3);
  expect(next()).toBe(7);
  writer.follow(2 ** 48 - 1);
  expect(next()).toBe(8);
});
