// What is carried of a section from one leg to the other: RFC 3264 sections 5.1 and 6.1, RFC 4585, RFC 8285.
import { type Codec, codecKey, isCompanion, isRepair, sameCodec } from './codec.ts';
import { restrictDirection } from './direction.ts';
import type { HeaderExtension } from './header-extension.ts';
import { DEFAULT_FEEDBACK, type Leg } from './leg.ts';
import type { MediaDescription } from './media-description.ts';
import { passedLines } from './passed-lines.ts';
import { otherSide, type PayloadMap, type Side } from './payload-map.ts';
import { type SectionContent, translateFormat } from './section-content.ts';
import { type Answered, addedCodecs, type Transcoded, transcodedAnswer } from './transcoding.ts';
import { parseProfile } from './transport-profile.ts';

/** A payload type of the one side and what the other calls it: media is renumbered where they differ. */
export interface PayloadPair {
  caller: number;
  callee: number;
  codec: Codec;
  /** Where the two are not the same: what each of them is. Of several pairs with one number the first is meant. */
  transcode?: Transcoded;
  /** Another number under which that side may send it. */
  also?: { side: Side; payloadType: number };
}

/** Ends at each leg: congestion control and loss statistics of one transport. */
const FEEDBACK_OF_A_TRANSPORT = /^(transport-cc|goog-remb|goog-lntf|rrtr)\b/;

/** Meant for the other end of the media, whatever lies between. */
export const END_TO_END_EXTENSIONS: ReadonlySet<string> = new Set([
  'urn:ietf:params:rtp-hdrext:ssrc-audio-level',
  'urn:ietf:params:rtp-hdrext:csrc-audio-level',
  'urn:3gpp:video-orientation',
]);

/** Whether this leg has early feedback: as its section says that is there already, or as we shall offer. */
function speaksFeedback(leg: Leg, section: MediaDescription | undefined): boolean {
  if (section?.profile) return section.profile.feedback;
  return leg.type === 'webrtc' || parseProfile(leg.profile)?.feedback === true;
}

/**
 * `from`'s offer for the other leg; undefined: there is nothing in it that could be carried (RFC 3264 section 6).
 * `before` is the section at this place in the description that the other side sent last.
 */
export function offerContent(
  section: MediaDescription,
  from: Side,
  to: Leg,
  payloads: PayloadMap,
  taken: ReadonlySet<number>,
  before: MediaDescription | undefined,
): SectionContent | undefined {
  if (section.rejected || !section.profile) return undefined;
  // RFC 8829 section 5.2.1: a browser has no other kinds of RTP (`text`, RFC 4103).
  if (to.type === 'webrtc' && !/^(audio|video)$/.test(section.kind)) return undefined;
  const feedbackProfile = speaksFeedback(to, before);
  const wanted = section.codecs.filter((codec) => {
    // Without early feedback nobody asks for a repair, and phones take the formats for codecs.
    if (isRepair(codec) && !feedbackProfile) return false;
    return to.codecs?.(codec, section.kind) ?? true;
  });
  const added = addedCodecs(section, wanted, from, to, payloads, taken, before);
  const numbers = new Map<number, number>();
  for (const codec of wanted) {
    const number = payloads.bind(from, codec, taken);
    if (number !== undefined) numbers.set(codec.payloadType, number);
  }
  const codecs = [...renumber(wanted, numbers), ...added].map((codec) => withEvents(codec, to));
  // Of many sections in a bundle the last ones may find no number free.
  if (!codecs.some((codec) => !isCompanion(codec))) return undefined;
  const feedback = new Map<number, readonly string[]>();
  if (feedbackProfile)
    for (const codec of wanted) {
      const number = numbers.get(codec.payloadType);
      if (number === undefined || isRepair(codec)) continue;
      feedback.set(number, offeredFeedback(section, codec, to));
    }
  return {
    kind: section.kind,
    codecs,
    feedback,
    extensions: feedbackProfile ? offeredExtensions(section, to, before) : [],
    reducedSizeRtcp: feedbackProfile && section.profile.feedback && section.has('rtcp-rsize'),
    direction: section.direction,
    passed: passedLines(section, numbers),
  };
}

/** COMPAT: phones want the digits listed, though 0-15 is what no list means (RFC 4733 section 2.4.1); browsers list none. */
function withEvents(codec: Codec, to: Leg): Codec {
  const events = to.type === 'phone' && codec.format === undefined && /^telephone-event$/i.test(codec.name);
  return events ? { ...codec, format: '0-15' } : codec;
}

function renumber(codecs: readonly Codec[], numbers: ReadonlyMap<number, number>): Codec[] {
  const renumbered: Codec[] = [];
  for (const codec of codecs) {
    const payloadType = numbers.get(codec.payloadType);
    const translated = payloadType === undefined ? undefined : translateFormat(codec, numbers);
    if (translated && payloadType !== undefined) renumbered.push({ ...translated, payloadType });
  }
  return renumbered;
}

function offeredFeedback(section: MediaDescription, codec: Codec, to: Leg): string[] {
  const spoken = section.profile?.feedback ? section.feedback(codec.payloadType) : [];
  const passed = spoken.filter((entry) => !FEEDBACK_OF_A_TRANSPORT.test(entry));
  const own = to.type === 'webrtc' && section.kind === 'video' ? (to.feedback ?? DEFAULT_FEEDBACK) : [];
  return [...new Set([...passed, ...own])];
}

/**
 * An extension keeps the number that it has had at this side, and no other takes it (RFC 8285 section 6): Chromium's tab
 * crashes when one changes. Ours, which the offer has not, are where none of the others is (RFC 9143 section 15).
 */
function offeredExtensions(
  section: MediaDescription,
  to: Leg,
  before: MediaDescription | undefined,
): HeaderExtension[] {
  const passed = section.headerExtensions.filter(({ uri }) => END_TO_END_EXTENSIONS.has(uri));
  const own = to.type === 'phone' ? [] : (to.headerExtensions ?? []);
  const known = new Map((before?.headerExtensions ?? []).map(({ uri, id }) => [uri, id]));
  const used = new Set([...known.values(), ...section.headerExtensions.map(({ id }) => id)]);
  const taken = new Set(known.values());
  const free = (): number => {
    let id = 14;
    while (used.has(id)) id--;
    used.add(id);
    return id;
  };
  return [
    ...passed.map((extension) => {
      const id = known.get(extension.uri) ?? (taken.has(extension.id) ? free() : extension.id);
      return id === extension.id ? extension : { ...extension, id };
    }),
    ...own.map((uri) => ({ id: known.get(uri) ?? free(), direction: 'sendrecv' as const, uri, attributes: '' })),
  ].filter(({ id }) => id > 0);
}

/**
 * The answerer's section for the offerer. `offered` is what the offerer wrote and `sent` what was made of it for the
 * answerer: the numbers of `offered` stay (a telephone-event with another number is lost DTMF).
 */
export function answerContent(
  answer: MediaDescription,
  answerer: Side,
  offerer: Leg,
  offered: MediaDescription,
  sent: MediaDescription,
  payloads: PayloadMap,
): { content: SectionContent; pairs: PayloadPair[] } | undefined {
  if (answer.rejected || sent.rejected || offered.rejected) return undefined;
  const numbers = new Map<number, number>();
  const chosen: { codec: Codec; theirs: Codec }[] = [];
  const added: Answered[] = [];
  const byKey = new Map<string, Codec>();
  const byNumber = new Map<number, Codec>();
  for (const codec of sent.codecs) {
    if (!byKey.has(codecKey(codec))) byKey.set(codecKey(codec), codec);
    byNumber.set(codec.payloadType, codec);
  }
  const offeredCodecs = new Map(offered.codecs.map((codec) => [codec.payloadType, codec]));
  for (const codec of answer.codecs) {
    const theirs = offeredCodecOf(codec, byKey, byNumber);
    const number = theirs && payloads.find(answerer, theirs);
    if (number === undefined || !offeredCodecs.has(number)) {
      if (theirs) added.push({ codec, theirs: undefined });
      continue;
    }
    if ([...numbers.values()].includes(number)) continue;
    numbers.set(codec.payloadType, number);
    chosen.push({ codec, theirs: offeredCodecs.get(number) as Codec });
  }
  const transcoded = transcodedAnswer(offered.codecs, answerer, [...chosen, ...added]);
  if (!transcoded && !chosen.some(({ codec }) => !isCompanion(codec))) return undefined;
  const codecs: Codec[] = [];
  const pairs: PayloadPair[] = [];
  const also = offeredNumbers(answer, byKey, byNumber);
  for (const { codec, theirs } of transcoded?.told ? [] : chosen) {
    const payloadType = numbers.get(codec.payloadType) as number;
    // COMPAT: phones leave the H.264 format out of an answer, and then mean what was offered.
    const answered = sameCodec(codec, theirs) ? codec : { ...theirs, payloadType: codec.payloadType };
    const translated = translateFormat(answered, numbers);
    if (!translated) continue;
    codecs.push(withEvents({ ...translated, payloadType }, offerer));
    const [caller, callee] =
      answerer === 'callee' ? [payloadType, codec.payloadType] : [codec.payloadType, payloadType];
    pairs.push({ caller, callee, codec: { ...translated, payloadType } });
  }
  for (const codec of transcoded?.told ?? []) codecs.push(withEvents(codec, offerer));
  for (const pair of transcoded?.pairs ?? []) pairs.push(transcodedPair(pair, otherSide(answerer)));
  const content: SectionContent = {
    kind: offered.kind,
    codecs,
    feedback: answeredFeedback(answer, offerer, offered, chosen, numbers),
    extensions: answeredExtensions(answer, offerer, offered),
    reducedSizeRtcp: [offered, answer].every((one) => one.has('rtcp-rsize') && one.profile?.feedback === true),
    direction: restrictDirection(answer.direction, offered.direction),
    passed: passedLines(answer, numbers),
  };
  return { content, pairs: pairs.map((pair) => withOfferedNumber(pair, answerer, also.get(pair[answerer]))) };
}

/**
 * What the offer called the codecs of an answer that has other numbers for them, by those. RFC 3264 sections 5.1 and 6.1: the
 * answerer hears its own numbers and sends those of the offer; many send their own as well.
 */
function offeredNumbers(
  answer: MediaDescription,
  byKey: ReadonlyMap<string, Codec>,
  byNumber: ReadonlyMap<number, Codec>,
): Map<number, number> {
  const own = new Set(answer.codecs.map(({ payloadType }) => payloadType));
  const numbers = new Map<number, number>();
  for (const codec of answer.codecs) {
    const offered = offeredCodecOf(codec, byKey, byNumber)?.payloadType;
    if (offered !== undefined && !own.has(offered)) numbers.set(codec.payloadType, offered);
  }
  return numbers;
}

function withOfferedNumber(pair: PayloadPair, side: Side, payloadType: number | undefined): PayloadPair {
  return payloadType === undefined ? pair : { ...pair, also: { side, payloadType } };
}

function offeredCodecOf(
  codec: Codec,
  byKey: ReadonlyMap<string, Codec>,
  byNumber: ReadonlyMap<number, Codec>,
): Codec | undefined {
  const same = byNumber.get(codec.payloadType);
  if (same && same.name.toLowerCase() === codec.name.toLowerCase() && same.clockRate === codec.clockRate) return same;
  return byKey.get(codecKey(codec));
}

function answeredFeedback(
  answer: MediaDescription,
  offerer: Leg,
  offered: MediaDescription,
  chosen: readonly { codec: Codec; theirs: Codec }[],
  numbers: ReadonlyMap<number, number>,
): Map<number, readonly string[]> {
  const feedback = new Map<number, readonly string[]>();
  if (!offered.profile?.feedback) return feedback;
  for (const { codec, theirs } of chosen) {
    const allowed = new Set(offeredFeedback(answer, codec, offerer));
    const number = numbers.get(codec.payloadType) as number;
    feedback.set(
      number,
      [...new Set(offered.feedback(theirs.payloadType))].filter((entry) => allowed.has(entry)),
    );
  }
  return feedback;
}

/** RFC 8285 section 6: those of the offer that are wanted, with their numbers, turned round. */
function answeredExtensions(answer: MediaDescription, offerer: Leg, offered: MediaDescription): HeaderExtension[] {
  const agreed = new Set(answer.headerExtensions.map(({ uri }) => uri).filter((uri) => END_TO_END_EXTENSIONS.has(uri)));
  if (offerer.type === 'webrtc') for (const uri of offerer.headerExtensions ?? []) agreed.add(uri);
  const turned = { sendrecv: 'sendrecv', sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive' } as const;
  return offered.headerExtensions
    .filter(({ uri, id }) => agreed.has(uri) && id <= 255)
    .map((extension) => ({ ...extension, direction: turned[extension.direction], attributes: '' }));
}

function transcodedPair(pair: Transcoded, offerer: Side): PayloadPair {
  const { caller, callee } = pair;
  const numbers = { caller: caller.payloadType, callee: callee.payloadType, codec: pair[offerer] };
  return sameCodec(caller, callee) ? numbers : { ...numbers, transcode: pair };
}

/** The pairs of an offer that has no answer yet: early media is understood by them. `sent` is what was made of it. */
export function offeredPairs(
  section: MediaDescription,
  from: Side,
  payloads: PayloadMap,
  sent: MediaDescription,
): PayloadPair[] {
  const pairs: PayloadPair[] = [];
  const answered = new Map<number, Answered>(
    sent.codecs.map((codec) => [codec.payloadType, { codec, theirs: undefined }]),
  );
  for (const codec of section.codecs) {
    const number = payloads.find(from, codec);
    if (number === undefined) continue;
    const [caller, callee] = otherSide(from) === 'callee' ? [codec.payloadType, number] : [number, codec.payloadType];
    pairs.push({ caller, callee, codec });
    const there = answered.get(number);
    if (there) there.theirs = codec;
  }
  const transcoded = transcodedAnswer(section.codecs, otherSide(from), [...answered.values()]);
  return [...pairs, ...(transcoded?.pairs ?? []).map((pair) => transcodedPair(pair, from))];
}
