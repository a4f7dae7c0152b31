// What comes from an rtpengine, or from whoever says he is one: read or refused, never more, in time that grows with length.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { serializeDescription } from '../../src/protocol/sdp/session-description.ts';
import { type Bencode, readBencode, type Writable, writeBencode } from '../../src/server/media/rtpengine/bencode.ts';
import { carefulDescription, fromRtpengine } from '../../src/server/media/rtpengine/careful-description.ts';
import { callFigures } from '../../src/server/media/rtpengine/statistics.ts';
import { SDP_VECTORS, sdpVector } from '../support/sdp-vectors.ts';

const RUNS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 400);
const SEED = Number(process.env['CHAPPE_FUZZ_SEED'] ?? 3);
const settings = { numRuns: RUNS, seed: SEED };

const octets = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((octet) => String.fromCharCode(octet)),
  maxLength: 40,
});
const KEYS = [
  'tags',
  'caller',
  'callee',
  'medias',
  'streams',
  'stats',
  'flags',
  'RTP',
  'SSRC',
  'packets',
  'last packet',
  '7',
];
const { value } = fc.letrec<{ value: Writable }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6, withCrossShrink: true },
    octets,
    fc.maxSafeInteger(),
    fc.constantFrom(...KEYS, 7),
    fc.array(tie('value'), { maxLength: 5 }),
    fc.dictionary(fc.oneof(octets, fc.constantFrom(...KEYS)), tie('value'), { maxKeys: 6 }),
  ),
}));

/** As it is read. */
function asRead(written: Writable): Bencode {
  if (Array.isArray(written)) return written.map(asRead);
  if (typeof written !== 'object') return written as Bencode;
  return new Map(Object.entries(written).map(([key, of]) => [key, asRead(of as Writable)]));
}

function tolerates(task: () => unknown): void {
  try {
    task();
  } catch (error) {
    expect(error).toBeInstanceOf(ProtocolError);
  }
}

test('what is written is read as it was', () => {
  fc.assert(
    fc.property(value, (written) => {
      expect(readBencode(writeBencode(written))).toEqual(asRead(written));
    }),
    settings,
  );
});

test('broken values are refused with ProtocolError', () => {
  fc.assert(
    fc.property(value, fc.nat(), fc.nat(255), fc.nat(3), (written, at, octet, kind) => {
      const text = writeBencode(written);
      const place = at % (text.length + 1);
      const broken = [
        text.slice(0, place),
        text.slice(0, place) + String.fromCharCode(octet) + text.slice(place + 1),
        text.slice(0, place) + text.slice(place + 1),
        text.slice(0, place) + String.fromCharCode(octet) + text.slice(place),
      ][kind] as string;
      tolerates(() => readBencode(broken));
    }),
    settings,
  );
});

test('statistics of any form give figures of the right form', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom(...KEYS), value), (written) => {
      const { statistics } = callFigures(asRead(written) as ReadonlyMap<string, Bencode>, {
        caller: 'caller',
        callee: 'callee',
      });
      for (const { received, sent } of statistics) {
        for (const count of [received.packets, received.octets, received.lost, received.jitter, sent.packets])
          expect(count).toBeGreaterThanOrEqual(0);
      }
    }),
    settings,
  );
});

test('a description with anything in any of its lines is refused or can be read again', () => {
  const vectors = SDP_VECTORS.map(sdpVector);
  fc.assert(
    fc.property(fc.nat(vectors.length - 1), fc.nat(), octets, fc.nat(3), (index, at, junk, kind) => {
      const lines = vectors[index]!.split('\r\n');
      const place = at % lines.length;
      const line = lines[place] as string;
      if (kind === 0) lines[place] = line.slice(0, 2 + (at % 20)) + junk;
      else if (kind === 1) lines.splice(place, 0, junk);
      else if (kind === 2) lines.splice(place, 1);
      else lines[place] = line + junk;
      const text = lines.join('\r\n');
      tolerates(() => {
        const careful = serializeDescription(carefulDescription(text, 32_768, '192.0.2.1'));
        expect(serializeDescription(carefulDescription(careful, 32_768, '192.0.2.1'))).toBe(careful);
      });
      tolerates(() => fromRtpengine(text));
    }),
    settings,
  );
});

test('time grows with length', () => {
  const time = (text: string): number => {
    const start = performance.now();
    tolerates(() => readBencode(text));
    return performance.now() - start;
  };
  for (const part of ['l', 'd', 'le', '0:', '1:x0:', 'i1e', '9']) {
    time(part.repeat(1000));
    expect(time(part.repeat(300_000)), part).toBeLessThan(500);
  }
});
