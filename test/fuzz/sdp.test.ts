// Mutated descriptions: the parser and the translation throw nothing but ProtocolError, what they write can be read again,
// and time grows with length and not with its square.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { classify } from '../../src/protocol/sdp/classify.ts';
import { parseMediaStreamId, parseSource, parseSourceGroup } from '../../src/protocol/sdp/media-source.ts';
import {
  parseDescription,
  redactDescription,
  serializeDescription,
} from '../../src/protocol/sdp/session-description.ts';
import { SessionTranslation } from '../../src/protocol/sdp/session-translation.ts';
import { parseRid, parseSimulcast } from '../../src/protocol/sdp/simulcast.ts';
import { TRANSCODED_FOR_BROWSERS, TRANSCODED_FOR_PHONES } from '../../src/protocol/sdp/transcoding.ts';
import { PHONE_PROFILES, phoneAnswer, phoneLeg, webrtcLeg } from '../support/sdp-legs.ts';
import { SDP_VECTORS, sdpVector } from '../support/sdp-vectors.ts';

const RUNS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 400);
const SEED = Number(process.env['CHAPPE_FUZZ_SEED'] ?? 4566);
const VECTORS = SDP_VECTORS.map(sdpVector);
/** Every line that some peer wrote, and words that mean something. */
const LINES = [...new Set(VECTORS.flatMap((text) => text.split('\r\n')))];
const WORDS = [
  '0',
  '127',
  '128',
  '65536',
  '4294967296',
  '*',
  ':',
  '/',
  ' ',
  '=',
  '\n',
  '\r\n',
  '\0',
  '__proto__',
  '::',
  '0.0.0.0',
];

const mutation = fc.record({
  kind: fc.constantFrom('replace', 'insert', 'drop', 'cut', 'word', 'octet', 'swap'),
  at: fc.nat(600),
  from: fc.nat(LINES.length - 1),
  word: fc.constantFrom(...WORDS),
  column: fc.nat(80),
  octet: fc.nat(255),
});
type Mutation = typeof mutation extends fc.Arbitrary<infer T> ? T : never;

function mutate(text: string, mutations: readonly Mutation[]): string {
  let lines = text.split('\r\n');
  for (const { kind, at, from, word, column, octet } of mutations) {
    const place = at % lines.length;
    const line = lines[place] as string;
    const other = LINES[from] as string;
    if (kind === 'replace') lines[place] = other;
    else if (kind === 'insert') lines.splice(place, 0, other);
    else if (kind === 'drop') lines.splice(place, 1);
    else if (kind === 'cut') lines = lines.slice(0, place + 1);
    else if (kind === 'swap') [lines[place], lines[0]] = [lines[0] as string, line];
    else if (kind === 'word') lines[place] = line.slice(0, column) + word + line.slice(column + 1);
    else lines[place] = line.slice(0, column) + String.fromCharCode(octet) + line.slice(column + 1);
    if (lines.length === 0) lines = [''];
  }
  return lines.join('\r\n');
}

const description = fc
  .tuple(fc.constantFrom(...VECTORS), fc.array(mutation, { maxLength: 8 }))
  .map(([text, mutations]) => mutate(text, mutations));

/** What came of it, or undefined where it was refused in the protocol's way. */
function attempt<T>(action: () => T): T | undefined {
  try {
    return action();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

test('what is accepted is written so that it reads the same, and every attribute can be asked for', () => {
  fc.assert(
    fc.property(fc.oneof(description, fc.string({ unit: 'binary', maxLength: 300 })), (text) => {
      redactDescription(text);
      const parsed = attempt(() => parseDescription(text));
      if (!parsed) return;
      const written = serializeDescription(parsed);
      expect(serializeDescription(parseDescription(written))).toBe(written);
      classify(parsed);
      for (const section of parsed.media) {
        attempt(() => [section.codecs, section.feedback(96)]);
        attempt(() => section.rtcp);
        void [section.candidates, section.cryptos, section.fingerprints, section.headerExtensions, section.ice];
        void [section.direction, section.mid, section.setup, section.rejected];
        for (const value of section.attributes('ssrc')) parseSource(value);
        for (const value of section.attributes('ssrc-group')) parseSourceGroup(value);
        for (const value of section.attributes('msid')) parseMediaStreamId(value);
        for (const value of section.attributes('rid')) parseRid(value);
        for (const value of section.attributes('simulcast')) parseSimulcast(value);
      }
    }),
    { numRuns: RUNS * 5, seed: SEED },
  );
});

test('a call of mutated offers and answers: no other error, no line of ours that was not meant, places and kinds kept', () => {
  const side = fc.constantFrom('caller' as const, 'callee' as const);
  const step = fc.record({ side, offer: description, answer: fc.option(description), reject: fc.boolean() });
  fc.assert(
    fc.property(
      fc.constantFrom(...PHONE_PROFILES),
      fc.boolean(),
      fc.boolean(),
      fc.array(step, { maxLength: 5 }),
      (profile, out, transcoding, steps) => {
        const web = webrtcLeg(transcoding ? { transcode: () => TRANSCODED_FOR_BROWSERS } : {});
        const phone = phoneLeg(profile, transcoding ? { transcode: () => TRANSCODED_FOR_PHONES } : {});
        const translation = new SessionTranslation(
          out ? { caller: web, callee: phone } : { caller: phone, callee: web },
        );
        let versions: Record<string, number> = {};
        const written = (text: string): void => {
          const parsed = parseDescription(text);
          const { sessionId, version } = parsed.origin;
          expect(Number(version)).toBeGreaterThanOrEqual(versions[sessionId] ?? 1);
          versions = { ...versions, [sessionId]: Number(version) };
          for (const section of parsed.media) {
            expect(section.connection?.address).toMatch(/^198\.51\.100\./);
            for (const { address } of section.candidates) expect(address).toMatch(/^198\.51\.100\./);
          }
        };
        for (const { side, offer, answer, reject } of steps) {
          const other = side === 'caller' ? 'callee' : 'caller';
          const made = attempt(() => translation.offer(side, offer));
          if (!made) continue;
          written(made.text);
          const given = attempt(() => parseDescription(offer));
          expect(parseDescription(made.text).media.length).toBe(given?.media.length);
          const back = attempt(() => translation.answer(other, answer ?? phoneAnswer(made.text)));
          if (back) {
            written(back.text);
            expect(parseDescription(back.text).media.map(({ kind, proto }) => [kind, proto])).toEqual(
              given?.media.map(({ kind, proto }) => [kind, proto]),
            );
            for (const [index, { formats, rejected, profile }] of parseDescription(back.text).media.entries())
              if (profile && !rejected)
                for (const format of formats)
                  expect(given?.media[index]?.formats.map(Number)).toContain(Number(format));
          }
          if (reject) translation.reject();
        }
      },
    ),
    { numRuns: RUNS, seed: SEED },
  );
});

test('the worst that the bounds allow is read and translated in time that grows with its length', () => {
  const head = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n';
  const formats = Array.from({ length: 128 }, (_, i) => i);
  const section = (lines: number): string =>
    `m=video 4000 RTP/AVPF ${formats.join(' ')}\r\n${formats
      .slice(0, lines)
      .map((i) => `a=rtpmap:${i} H264/90000\r\na=fmtp:${i} profile-level-id=42${i.toString(16).padStart(2, '0')}1f\r\n`)
      .join('')}${'a=rtcp-fb:* nack\r\n'.repeat(lines)}`;
  const spent = (text: string): number => {
    let best = Number.POSITIVE_INFINITY;
    for (let i = 0; i < 3; i++) {
      const start = performance.now();
      attempt(() => new SessionTranslation({ caller: phoneLeg(), callee: webrtcLeg() }).offer('caller', text));
      best = Math.min(best, performance.now() - start);
    }
    return best;
  };
  const hostile = [
    head + section(128).repeat(5),
    head + 'm=audio 1 RTP/AVP 0\r\n'.repeat(64),
    `${head}m=audio 1 RTP/AVP 0 ${'\t '.repeat(30_000)}\r\n`,
    `${head}m=audio 1 RTP/AVP 0\r\na=candidate:${'1 '.repeat(30_000)}\r\n`,
    `${head}m=audio 1 RTP/SAVP 0\r\na=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${'A'.repeat(60_000)}\r\n`,
    `${head}m=audio 1 RTP/AVP 0\r\na=rtpmap:${' '.repeat(60_000)}x\r\n`,
    `${head}m=audio 1 RTP/AVP 0\r\na=rtcp:1${' '.repeat(60_000)}x\r\n`,
    `${head}m=audio 1 RTP/AVPF 0\r\na=extmap:1${' '.repeat(30_000)}\t${' '.repeat(30_000)}\r\n`,
    `${head}m=audio 1 RTP/AVP 0\r\na=fmtp:0 ${';='.repeat(30_000)}\r\n`,
    `${head}a=group:BUNDLE ${'0 '.repeat(30_000)}\r\nm=audio 1 RTP/AVP 0\r\n`,
  ];
  for (const text of hostile) {
    expect(text.length).toBeLessThan(66_000);
    expect(spent(text)).toBeLessThan(150);
  }
});
