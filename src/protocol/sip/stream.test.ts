import { expect, test } from 'vitest';
import { FramingError, MessageStream, type StreamFrame } from './stream.ts';

function text(name: string, body = ''): string {
  return `OPTIONS sip:${name} SIP/2.0\r\nVia: SIP/2.0/TCP a;branch=z9hG4bK1\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

function inPieces(stream: MessageStream, input: string, size: number): StreamFrame[] {
  const frames: StreamFrame[] = [];
  for (let at = 0; at < input.length; at += size) frames.push(...stream.push(input.slice(at, at + size)));
  return frames;
}

test('messages, pings and leading empty lines come out the same whatever the segmentation', () => {
  const input = `\r\n${text('a')}\r\n\r\n${text('b', 'x\r\n\r\ny')}${text('c')}\r\n\r\n\r\n\r\n\r\n${text('d', 'z'.repeat(3000))}`;
  const expected = [
    { message: text('a') },
    { keepAlive: 'ping' },
    { message: text('b', 'x\r\n\r\ny') },
    { message: text('c') },
    { keepAlive: 'ping' },
    { keepAlive: 'ping' },
    { message: text('d', 'z'.repeat(3000)) },
  ];
  for (const size of [1, 2, 3, 4, 5, 7, 64, 1000, input.length]) {
    const stream = new MessageStream();
    expect(inPieces(stream, input, size)).toEqual(expected);
    expect(stream.pending).toBe(0);
  }
});

test('two pings at a pace of one octet are two pings', () => {
  expect(inPieces(new MessageStream(), '\r\n\r\n\r\n\r\n', 1)).toEqual([{ keepAlive: 'ping' }, { keepAlive: 'ping' }]);
});

test('who opened the connection takes a CRLF for a pong', () => {
  const stream = new MessageStream({ role: 'client' });
  expect(stream.push('\r')).toEqual([]);
  expect(stream.push(`\n${text('a')}\r\n`)).toEqual([
    { keepAlive: 'pong' },
    { message: text('a') },
    { keepAlive: 'pong' },
  ]);
});

test('Content-Length is found in its compact form, in any case, with white space and folded', () => {
  for (const line of ['l:3', 'L : 3', 'CONTENT-length\t:\r\n  3', 'Content-Length: 0003  ']) {
    const message = `A sip:a SIP/2.0\r\nLength: 9\r\nContact: x\r\n${line}\r\n\r\nabc`;
    expect(new MessageStream().push(message)).toEqual([{ message }]);
  }
});

test.each([
  ['none', ''],
  ['a negative one', 'Content-Length: -999\r\n'],
  ['two', 'l: 0\r\nContent-Length: 0\r\n'],
  ['a fraction', 'l: 0.5\r\n'],
  ['a list', 'l: 0, 0\r\n'],
  ['an empty one', 'l:\r\n5: 5\r\n'],
  ['two lines', 'l: 0\r\n 5\r\n'],
])('a message with %s instead of one Content-Length ends the stream, and can be answered', (_, line) => {
  const stream = new MessageStream();
  const head = `OPTIONS sip:a SIP/2.0\r\n${line}\r\n`;
  expect(() => stream.push(head)).toThrow(FramingError);
  expect(stream.failure).toMatchObject({ code: 'SIP_CONTENT_LENGTH', answer: { status: 400 }, text: head });
  expect(() => stream.push('')).toThrow(FramingError);
});

test('what came before the fault in the same chunk is still delivered', () => {
  const stream = new MessageStream();
  expect(stream.push(`${text('a')}\r\n\r\n\rX`)).toEqual([{ message: text('a') }, { keepAlive: 'ping' }]);
  expect(stream.failure?.code).toBe('SIP_START_LINE');
  expect(() => stream.push('x')).toThrow(FramingError);
});

test.each([
  ['a head without end', 'x'.repeat(50)],
  ['a long Content-Length', 'A b C\r\nl: 1000\r\n\r\n'],
  ['an endless Content-Length', 'A b C\r\nl: 99999999999999999999\r\n\r\n'],
  ['one head over it', `A b C\r\nx: ${'x'.repeat(50)}\r\nl: 0\r\n\r\n`],
])('%s over the bound is 413', (_, input) => {
  for (const size of [1, 10, input.length]) {
    const stream = new MessageStream({ maximum: 40 });
    expect(() => inPieces(stream, input, size)).toThrow(FramingError);
    expect(stream.failure?.answer.status).toBe(413);
  }
});

test('a message of exactly the bound passes', () => {
  const message = text('a', 'x'.repeat(100));
  for (const size of [1, message.length])
    expect(inPieces(new MessageStream({ maximum: message.length }), message, size)).toEqual([{ message }]);
});

test('60 kB in single octets, and as many messages in one chunk, take milliseconds', () => {
  const body = 'x'.repeat(60_000);
  const started = performance.now();
  expect(inPieces(new MessageStream(), text('a', body), 1)).toHaveLength(1);
  expect(new MessageStream().push(text('a').repeat(20_000))).toHaveLength(20_000);
  expect(performance.now() - started).toBeLessThan(2000);
});
