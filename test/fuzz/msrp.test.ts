// Mutated MSRP: the tokenizer and the values throw nothing but ProtocolError and hold no more than they may; the relay throws
// nothing, never answers an answer, and leaves nobody's use to somebody else.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { parseByteRange } from '../../src/protocol/msrp/byte-range.ts';
import { parseCpim, serializeCpim } from '../../src/protocol/msrp/cpim.ts';
import { parseFileRange, parseFileSelector } from '../../src/protocol/msrp/file-selector.ts';
import { makeFrame, Names, serializeFrame } from '../../src/protocol/msrp/frame.ts';
import { FrameReader } from '../../src/protocol/msrp/frame-reader.ts';
import { Head } from '../../src/protocol/msrp/head.ts';
import { parseImdn } from '../../src/protocol/msrp/imdn.ts';
import { parseIsComposing } from '../../src/protocol/msrp/is-composing.ts';
import { Session } from '../../src/protocol/msrp/session.ts';
import { parseMsrpUri, serializeMsrpUri } from '../../src/protocol/msrp/uri.ts';
import { primitives } from '../../src/transport/primitives.ts';
import { MsrpWorld } from '../support/msrp-world.ts';

const RUNS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 400);

const PIECES = [
  '\r\n',
  '\r\n\r\n',
  '\n',
  '-------a786hjs2$\r\n',
  '-------a786hjs2+\r\n',
  '\r\n-------a786hjs2#\r\n',
  '-------',
  'MSRP a786hjs2 200 OK\r\n',
  'MSRP a786hjs2 SEND\r\n',
  'To-Path: msrp://relay.test:2855/x;tcp\r\n',
  'From-Path: ',
  'Byte-Range: 1-*/*\r\n',
  'Byte-Range: 99999999999999-*/5\r\n',
  'Failure-Report: no\r\n',
  'Success-Report: yes\r\n',
  'Status: 000 200 OK\r\n',
  'Expires: 0\r\n',
  'Content-Type: a/b\r\n',
  'AUTH',
  'REPORT',
  '\0',
  '\xff',
  'x'.repeat(5000),
];

const edit = fc.record({ kind: fc.nat(4), at: fc.nat(5000), piece: fc.nat(PIECES.length - 1), length: fc.nat(40) });

function mutate(text: string, edits: readonly { kind: number; at: number; piece: number; length: number }[]): string {
  let out = text;
  for (const { kind, at, piece, length } of edits) {
    const place = at % (out.length + 1);
    const put = PIECES[piece] as string;
    if (kind <= 1) out = out.slice(0, place) + put + out.slice(place);
    else if (kind === 2) out = out.slice(0, place) + out.slice(place + length);
    else if (kind === 3) out = out.slice(0, place) + String.fromCharCode(length * 6) + out.slice(place + 1);
    else out = out.slice(0, place);
  }
  return out;
}

const frame = (toPath: string, fromPath: string, fields = '', body: string | undefined = 'hello', method = 'SEND') =>
  `MSRP a786hjs2 ${method}\r\nTo-Path: ${toPath}\r\nFrom-Path: ${fromPath}\r\nMessage-ID: m1\r\n${fields}` +
  (body === undefined ? '' : `Content-Type: text/plain\r\n\r\n${body}\r\n`) +
  '-------a786hjs2$\r\n';

/** Runs it; what it throws must be a ProtocolError. */
function bounded(act: () => unknown): void {
  try {
    act();
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
  }
}

test('any frame comes back as it was written, however the stream is cut', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 600 }),
      fc.array(fc.constantFrom('\r', '\n', '-', '-------', '\r\n-------', 'abcd', '$', '+'), { maxLength: 40 }),
      fc.constantFrom('$', '+', '#'),
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 20 }),
      (random, teasers, flag, cuts) => {
        const body = Buffer.concat([random, Buffer.from(teasers.join(''), 'latin1')]);
        const head = new Head(new Names(primitives).transactionFor(body), { method: 'SEND' });
        head.toPath = ['msrp://b.test:1/b;tcp'];
        head.fromPath = ['msrp://a.test:1/a;tcp'];
        head.add('Message-ID', 'x').add('Content-Type', 'a/b');
        const octets = serializeFrame(makeFrame(head, flag as '$', body));
        const read: Uint8Array[] = [];
        const flags: string[] = [];
        const reader = new FrameReader({
          head: () => {},
          body: (piece) => read.push(Uint8Array.from(piece)),
          end: (end) => flags.push(end),
        });
        for (let at = 0, i = 0; at < octets.length; i++) {
          const length = cuts[i % cuts.length] as number;
          reader.push(octets.subarray(at, at + length));
          at += length;
        }
        expect(flags).toEqual([flag]);
        expect(Buffer.concat(read).equals(body)).toBe(true);
        expect(reader.idle).toBe(true);
      },
    ),
    { numRuns: RUNS },
  );
});

test('the tokenizer takes any octets', () => {
  const good = frame('msrp://b.test:1/b;tcp', 'msrp://a.test:1/a;tcp', 'Byte-Range: 1-5/5\r\n');
  fc.assert(
    fc.property(fc.array(edit, { minLength: 1, maxLength: 6 }), fc.integer({ min: 1, max: 200 }), (edits, piece) => {
      const octets = Buffer.from(mutate(good + good, edits), 'latin1');
      const reader = new FrameReader({
        head: (head) => bounded(() => [head.byteRange, head.failureReport, head.serialize()]),
        body: () => {},
        end: () => {},
      });
      bounded(() => {
        for (let at = 0; at < octets.length; at += piece) reader.push(octets.subarray(at, at + piece));
      });
    }),
    { numRuns: RUNS },
  );
});

test('values are read or refused', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 200, unit: 'binary' }), fc.array(edit, { maxLength: 4 }), (text, edits) => {
      const readers: [string, (value: string) => unknown][] = [
        ['msrps://alice@example.test:2855/abc;tcp', parseMsrpUri],
        ['1-25/100', parseByteRange],
        ['1-*', parseFileRange],
        ['name:"a b.jpg" type:image/jpeg size:5 hash:sha-1:72:24:5F', parseFileSelector],
        ['From: A <im:a@b>\r\n\r\nContent-Type: text/plain\r\n\r\nx', parseCpim],
        [
          '<imdn><message-id>1</message-id><delivery-notification><status><delivered/></status></delivery-notification></imdn>',
          parseImdn,
        ],
        ['<isComposing><state>active</state></isComposing>', parseIsComposing],
      ];
      for (const [good, read] of readers) {
        bounded(() => read(text));
        bounded(() => read(mutate(good, edits)));
      }
      bounded(() => {
        const uri = parseMsrpUri(mutate('msrps://alice@example.test:2855/abc;tcp', edits));
        expect(parseMsrpUri(serializeMsrpUri(uri))).toEqual(uri);
      });
      bounded(() => {
        const cpim = parseCpim(mutate('A: b\r\n\r\nContent-Type: text/plain\r\n\r\nx', edits));
        expect(parseCpim(serializeCpim(cpim))).toEqual(cpim);
      });
    }),
    { numRuns: RUNS },
  );
});

test('the relay takes any frames of anybody, and only the owner sends by a use', () => {
  const A = 'msrp://a.invalid:2855/a;ws';
  const B = 'msrp://b.invalid:2855/b;ws';
  const M = 'msrp://m.invalid:2855/m;ws';
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(7), fc.array(edit, { maxLength: 3 })), { minLength: 1, maxLength: 12 }),
      fc.boolean(),
      (steps, stream) => {
        const world = new MsrpWorld({ limits: { refusals: 1000 } });
        const [alice, bob] = [world.connect('alice'), world.connect('bob')];
        const mallory = world.connect('mallory', stream ? 'stream' : 'message');
        const [a, b, m] = [alice.auth(A), bob.auth(B), mallory.auth(M)];
        for (const [kind, edits] of steps) {
          const text = [
            frame(`${a} ${b} ${B}`, A),
            frame(`${a} ${b} ${B}`, M),
            frame(`${m} ${a} ${A}`, M, 'Byte-Range: 1-*/*\r\n', 'x'.repeat(300)),
            frame(`${m} ${b} ${B}`, M, '', undefined, 'REPORT'),
            frame('msrp://relay.test:2855;ws', M, '', undefined, 'AUTH'),
            `MSRP a786hjs2 200 OK\r\nTo-Path: ${m}\r\nFrom-Path: ${M}\r\n-------a786hjs2$\r\n`,
            frame(`${b} ${B}`, M),
            frame(`${m} msrp://10.0.0.1:1/x;tcp`, M),
          ][kind] as string;
          mallory.raw(Buffer.from(mutate(text, edits), 'latin1'));
        }
        for (const { head } of [...alice.frames, ...bob.frames])
          if (head.method === 'SEND') expect(head.fromPath).not.toContain(A); // Alice has sent nothing
        for (const peer of [alice, bob]) expect(peer.closed).toBeUndefined();
        expect(world.events.some(({ type }) => type === 'connect')).toBe(false);
        world.clock.advance(120_000);
        alice.close();
        bob.close();
        mallory.close();
        expect(mallory.link.waitingOctets).toBe(0);
      },
    ),
    { numRuns: RUNS },
  );
});

test('a session takes any frames', () => {
  const A = 'msrp://a.invalid:2855/a;ws';
  const B = 'msrp://b.invalid:2855/b;ws';
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.nat(5), fc.array(edit, { maxLength: 3 })), { minLength: 1, maxLength: 15 }),
      (steps) => {
        const session = new Session({ primitives, localPath: [A], remotePath: [B] });
        session.send({ contentType: 'a/b', body: new Uint8Array(50_000), successReport: true, messageId: 'm1' }, 0);
        let now = 0;
        for (const [kind, edits] of steps) {
          now += 1;
          const text = [
            frame(A, B, 'Byte-Range: 1-5/10\r\n'),
            frame(A, B, 'Byte-Range: 6-10/10\r\nSuccess-Report: yes\r\n'),
            frame(A, B, 'Byte-Range: 1-5/5\r\nStatus: 000 413 x\r\n', undefined, 'REPORT'),
            `MSRP a786hjs2 200 OK\r\nTo-Path: ${A}\r\nFrom-Path: ${B}\r\n-------a786hjs2$\r\n`,
            frame(A, B, 'Byte-Range: 1-0/0\r\n', ''),
            frame(A, B, '', undefined),
          ][kind] as string;
          const reader = new FrameReader({
            head: (head) => void session.head(head, now),
            body: (octets) => void session.body(octets),
            end: (flag) => void session.end(flag, now),
          });
          bounded(() => reader.push(Buffer.from(mutate(text, edits), 'latin1')));
        }
        session.timer('answer', now + 100_000);
        session.confirm('m1', now);
      },
    ),
    { numRuns: RUNS },
  );
});
