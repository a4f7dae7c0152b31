import { expect, test } from 'vitest';
import { channelData, request, requestedTransport } from '../../../test/support/turn-messages.ts';
import { ProtocolError } from '../errors.ts';
import { ALLOCATE } from './numbers.ts';
import { TurnStream } from './stream.ts';

const messages = [
  request(ALLOCATE, [requestedTransport()]),
  channelData(0x4001, '', true),
  channelData(0x4001, 'abcde', true),
  channelData(0x7ffe, 'x'.repeat(3000), true),
  request(ALLOCATE),
];
const whole = Buffer.concat(messages);

test('messages come out as they were put in, however the stream is cut', () => {
  for (const size of [1, 2, 3, 4, 5, 7, 19, 64, 1000, whole.length]) {
    const stream = new TurnStream(65_536);
    const received: Uint8Array[] = [];
    for (let at = 0; at < whole.length; at += size) received.push(...stream.push(whole.subarray(at, at + size)));
    expect(
      received.map((each) => Buffer.from(each)),
      `${size}`,
    ).toEqual(messages.map((each) => Buffer.from(each)));
    expect(stream.unfinished).toBe(false);
  }
});

test('what is neither STUN nor ChannelData, or too long, ends the stream', () => {
  for (const wrong of ['GET / HTTP/1.1', '\x80\0\0\0', '\0\x01\0\x03']) {
    expect(() => new TurnStream(2048).push(Buffer.from(wrong, 'latin1')), wrong).toThrow(ProtocolError);
    const stream = new TurnStream(2048);
    expect(() => [...wrong].map((each) => stream.push(Buffer.from(each, 'latin1'))), wrong).toThrow(ProtocolError);
  }
  expect(() => new TurnStream(2048).push(Buffer.from('00010800', 'hex'))).toThrow('longer');
  expect(() => new TurnStream(2048).push(Buffer.from('4000ffff', 'hex'))).toThrow('longer');
});

test('a message of one octet at a time costs no more than its size', () => {
  const stream = new TurnStream(70_000);
  const long = channelData(0x4000, 'x'.repeat(65_000), true);
  const start = performance.now();
  let received = 0;
  for (let at = 0; at < long.length; at++) received += stream.push(long.subarray(at, at + 1)).length;
  expect(received).toBe(1);
  expect(performance.now() - start).toBeLessThan(1000);
});
