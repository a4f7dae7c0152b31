// Codecs that one side has and the other has not, where media may be transcoded: what is added to an offer, and which codec of
// the one side is which of the other. What both have in common passes untouched and is preferred: nothing is added to an
// offer that has a codec which every leg of its kind speaks, and what was added stands behind what was offered.
import { type Codec, isCompanion, sameCodec } from './codec.ts';
import type { Leg } from './leg.ts';
import type { MediaDescription } from './media-description.ts';
import { otherSide, type PayloadMap, type Side } from './payload-map.ts';

/** One codec of the one side and what it becomes on the other, each with its own number and format. */
export type Transcoded = Readonly<Record<Side, Codec>>;

const codec = (payloadType: number, name: string, clockRate: number, channels = 1): Codec => ({
  payloadType,
  name,
  clockRate,
  channels,
});

const PCMU = codec(0, 'PCMU', 8000);
const PCMA = codec(8, 'PCMA', 8000);
const G722 = codec(9, 'G722', 8000);
/** FEC is understood (RFC 7587 section 6.1). */
const OPUS = { ...codec(111, 'opus', 48_000, 2), format: 'minptime=10;useinbandfec=1' };

/** For `Leg.transcode`. RFC 7874 section 3 makes Opus and G.711 mandatory for a browser; a phone has G.711. */
export const TRANSCODED_FOR_PHONES: readonly Codec[] = [PCMU, PCMA, G722];
export const TRANSCODED_FOR_BROWSERS: readonly Codec[] = [OPUS, PCMU, PCMA];

const SPOKEN: Readonly<Record<Leg['type'], readonly Codec[]>> = { webrtc: [OPUS, PCMU, PCMA], phone: [PCMU, PCMA] };

/** A number for telephone-event that most use, by clock rate. */
const EVENT_NUMBERS: Readonly<Record<number, number>> = { 8000: 101, 48000: 110 };

export function isTranscoded(codec: Codec): boolean {
  return [OPUS, PCMU, PCMA, G722].some((known) => sameCodec(known, codec));
}

function isEvent({ name }: Codec): boolean {
  return /^telephone-event$/i.test(name);
}

function isNoise({ name }: Codec): boolean {
  return /^cn$/i.test(name);
}

/**
 * What is offered to `to` beyond `wanted`, which is what passes of `section`, with the numbers of that side. `before` is what that
 * side described last. What was added once stays.
 */
export function addedCodecs(
  section: MediaDescription,
  wanted: readonly Codec[],
  from: Side,
  to: Leg,
  payloads: PayloadMap,
  taken: ReadonlySet<number>,
  before: MediaDescription | undefined,
): Codec[] {
  if (section.kind !== 'audio' || !section.codecs.some(isTranscoded)) return [];
  const known = before?.codecs.filter((codec) => !isCompanion(codec)) ?? [];
  const spoken = known.length > 0 ? known : SPOKEN[to.type];
  const side = otherSide(from);
  if (!payloads.hasReserved(side) && wanted.some((codec) => contains(spoken, codec))) return [];
  const allowed = to.transcode?.() ?? [];
  if (allowed.length === 0) return [];
  const audio: Codec[] = [];
  for (const codec of [...allowed, ...known.filter(isTranscoded)])
    if (!contains(wanted, codec) && !contains(audio, codec)) audio.push(codec);
  return [...audio, ...addedEvents(section, wanted, audio)].flatMap((codec) => {
    const payloadType = payloads.reserve(side, codec, taken);
    return payloadType === undefined ? [] : [{ ...codec, payloadType }];
  });
}

/** RFC 4733 section 7.1.1: events have the clock of their audio. */
function addedEvents(section: MediaDescription, wanted: readonly Codec[], audio: readonly Codec[]): Codec[] {
  if (!section.codecs.some(isEvent)) return [];
  const rates = new Set(audio.map(({ clockRate }) => clockRate));
  return [...rates]
    .map((rate) => codec(EVENT_NUMBERS[rate] ?? 101, 'telephone-event', rate))
    .filter((event) => !contains(wanted, event));
}

function contains(codecs: readonly Codec[], codec: Codec): boolean {
  return codecs.some((one) => sameCodec(one, codec));
}

/** A codec of an answer, and what it is in the offer that was answered; `theirs` is undefined for an added one. */
export interface Answered {
  codec: Codec;
  theirs: Codec | undefined;
}

export interface TranscodedAnswer {
  pairs: Transcoded[];
  /** The whole answer to the offerer, with its numbers, where nothing passes; undefined: what passes is told, and nothing else. */
  told: Codec[] | undefined;
}

/**
 * What becomes of the added codecs of an answer; undefined: it has none. Where another codec passes, added ones are paired for what
 * the answerer may send nevertheless; where none does, the offerer is told one of its own.
 */
export function transcodedAnswer(
  offered: readonly Codec[],
  answerer: Side,
  answered: readonly Answered[],
): TranscodedAnswer | undefined {
  const through = answered.flatMap(({ theirs }) => (theirs && !isCompanion(theirs) ? [theirs] : []));
  const target = (through.length > 0 ? through : offered).find(isTranscoded);
  const audio = answered.filter(({ codec, theirs }) => !theirs && isTranscoded(codec));
  if (!target || audio.length === 0) return undefined;
  const pair = (theirs: Codec, codec: Codec): Transcoded =>
    answerer === 'callee' ? { caller: theirs, callee: codec } : { caller: codec, callee: theirs };
  const pairs = audio.map(({ codec }) => pair(target, codec));
  const events = offered.filter(isEvent);
  const event = events.find(({ clockRate }) => clockRate === target.clockRate) ?? events[0];
  const alone = through.length === 0;
  for (const { codec, theirs } of answered)
    if (event && isEvent(codec) && (alone || !theirs)) pairs.push(pair(event, codec));
    else if (alone && theirs && isNoise(theirs)) pairs.push(pair(theirs, codec));
  if (!alone) return { pairs, told: undefined };
  const { format: _, ...plain } = target;
  const told: Codec[] = [sameCodec(target, OPUS) ? { ...plain, format: OPUS.format } : plain];
  if (event && answered.some(({ codec }) => isEvent(codec))) told.push(event);
  return { pairs, told };
}
