// The descriptions of one call whose media runs through here, from each dialog side to the other (RFC 3264). Section i
// of the one side is section i of the other, always.
import type { ByteString } from '../byte-string.ts';
import type { Leg } from './leg.ts';
import { DESCRIPTION_LIMITS, type DescriptionLimits } from './limits.ts';
import { MediaDescription } from './media-description.ts';
import { type MediaStream, mediaStreams } from './media-stream.ts';
import { OfferAnswer, type OutgoingSection, rejectedAs } from './offer-answer.ts';
import { passedSessionLines } from './passed-lines.ts';
import { otherSide, PayloadMap, type Side } from './payload-map.ts';
import { badAnswer, glare, notAcceptable } from './sdp-error.ts';
import { parseDescription, SessionDescription, serializeDescription } from './session-description.ts';
import { answerContent, offerContent, offeredPairs, type PayloadPair } from './translate-content.ts';

export interface TranslatedSection {
  caller: MediaStream;
  callee: MediaStream;
  payloads: readonly PayloadPair[];
}

export interface Translation {
  /** The description for the other side. */
  text: ByteString;
  /** What the media engine does from now on; sides that have not answered lack what only an answer tells. */
  sections: readonly TranslatedSection[];
}

interface Pending {
  offerer: Side;
  offer: SessionDescription;
  /** What was made of it for the answerer. */
  sent: SessionDescription;
  answered: boolean;
  /** To come back to when it is refused. */
  before: { caller: unknown; callee: unknown; last: Record<Side, SessionDescription | undefined> };
}

export class SessionTranslation {
  private readonly sides: Readonly<Record<Side, OfferAnswer>>;
  private readonly limits: Partial<DescriptionLimits>;
  private payloads: PayloadMap[] = [];
  private pending: Pending | undefined;
  /** This one, as it was before its first answer. */
  private unanswered: SessionTranslation | undefined;
  /** The last description that each side sent. */
  private last: Record<Side, SessionDescription | undefined> = { caller: undefined, callee: undefined };

  constructor(legs: { caller: Leg; callee: Leg }, limits: Partial<DescriptionLimits> = {}) {
    this.sides = { caller: new OfferAnswer(legs.caller), callee: new OfferAnswer(legs.callee) };
    this.limits = limits;
  }

  /**
   * The first offer for another early dialog: its answers change nothing here, and what this one has exchanged since (UPDATE, RFC
   * 3311) is nothing to it. `callee`: that branch's own leg.
   */
  fork(callee?: Leg): SessionTranslation {
    const fork = (this.unanswered ?? this).copy(callee);
    fork.sides.caller.countOn(this.sides.caller);
    return fork;
  }

  private copy(callee?: Leg): SessionTranslation {
    const copy = new SessionTranslation({ caller: this.sides.caller.leg, callee: this.sides.callee.leg }, this.limits);
    Object.assign(copy.sides, { caller: this.sides.caller.fork(), callee: this.sides.callee.fork(callee) });
    copy.payloads = this.payloads.map((map) => map.clone());
    copy.pending = this.pending;
    copy.last = { ...this.last };
    return copy;
  }

  /**
   * An offer in INVITE, UPDATE, PRACK, a 1xx or 2xx (delayed offer), for the other side. Throws ProtocolError: 400; 488
   * when no section of it could be carried; 491 while the other side's offer waits: every final response but 2xx to
   * an offer has to be told by `reject`.
   */
  offer(from: Side, text: ByteString): Translation {
    const offer = parseDescription(text, this.limits);
    if (this.pending && !this.pending.answered && this.pending.offerer !== from) throw glare();
    const to = otherSide(from);
    const state = { caller: this.sides.caller.state, callee: this.sides.callee.state, last: { ...this.last } };
    // An offer that comes while another one waits replaces it: a branch that is tried again (RFC 3264 section 4).
    const before = this.pending && !this.pending.answered ? this.pending.before : state;
    this.sides[from].receiveOffer(offer);
    const contents: OutgoingSection[] = [];
    for (const [index, section] of offer.media.entries()) {
      const carried = offer.media.slice(0, index).filter((_, i) => !('rejected' in (contents[i] as OutgoingSection)));
      const content = offerContent(
        section,
        from,
        this.sides[to].leg,
        this.payloadsOf(index),
        this.taken(to, index),
        this.last[to]?.media[index],
      );
      contents.push(content === undefined || isAlternative(section, carried) ? rejectedAs(section) : content);
    }
    if (offer.media.some((section) => !section.rejected) && contents.every((content) => 'rejected' in content)) {
      this.sides[from].restore(state[from]);
      throw notAcceptable('No media that could be carried');
    }
    const sent = this.sides[to].writeOffer(contents, passedSessionLines(offer.lines));
    const written = serializeDescription(sent);
    if (written.length > this.longest) {
      for (const side of ['caller', 'callee'] as const) this.sides[side].restore(state[side]);
      throw notAcceptable('Its translation would be too long');
    }
    this.pending = { offerer: from, offer, sent, before, answered: false };
    this.last[from] = offer;
    const streams = {
      [from]: mediaStreams({ remote: offer, offerer: 'remote' }),
      [to]: mediaStreams({ local: sent, offerer: 'local' }),
    } as Record<Side, MediaStream[]>;
    const sections = offer.media.map((section, index) => ({
      caller: streams.caller[index] as MediaStream,
      callee: streams.callee[index] as MediaStream,
      payloads: section.profile
        ? offeredPairs(section, from, this.payloadsOf(index), sent.media[index] as MediaDescription)
        : [],
    }));
    return { text: written, sections };
  }

  /**
   * The answer to the last offer, for the side that offered: in a 1xx (early media), a 2xx, an ACK or PRACK. It may come
   * again, and then has the same translation. Throws ProtocolError when it does not fit: the call cannot go on.
   */
  answer(from: Side, text: ByteString): Translation {
    const { pending } = this;
    if (pending === undefined || pending.offerer === from) throw badAnswer('nothing was offered');
    this.unanswered ??= this.copy();
    const { offer, offerer, sent } = pending;
    const answer = this.sides[from].settleRoles(complete(parseDescription(text, this.limits), sent));
    this.sides[from].receiveAnswer(answer, sent);
    const pairs: PayloadPair[][] = [];
    const contents = answer.media.map((section, index) => {
      const offered = offer.media[index] as MediaDescription;
      const leg = this.sides[offerer].leg;
      const made = sent.media[index] as MediaDescription;
      const answered = answerContent(section, from, leg, offered, made, this.payloadsOf(index));
      pairs.push(answered?.pairs ?? []);
      return answered?.content ?? rejectedAs(offered);
    });
    const written = this.sides[offerer].writeAnswer(offer, contents, passedSessionLines(answer.lines));
    this.last[from] = answer;
    this.pending = { ...pending, answered: true };
    const streams = {
      [from]: mediaStreams({ local: sent, remote: answer, offerer: 'local' }),
      [offerer]: mediaStreams({ local: written, remote: offer, offerer: 'remote' }),
    } as Record<Side, MediaStream[]>;
    const sections = pairs.map((payloads, index) => ({
      caller: streams.caller[index] as MediaStream,
      callee: streams.callee[index] as MediaStream,
      payloads,
    }));
    return { text: serializeDescription(written), sections };
  }

  /** The last offer was refused (488, 491, CANCEL): what was agreed before it holds again (RFC 3264 section 4). */
  reject(): void {
    if (!this.pending) return;
    const { before } = this.pending;
    this.sides.caller.restore(before.caller);
    this.sides.callee.restore(before.callee);
    this.last = before.last;
    this.pending = undefined;
  }

  /** Octets of what is written: nobody takes more than we do. */
  private get longest(): number {
    return this.limits.size ?? DESCRIPTION_LIMITS.size;
  }

  private payloadsOf(index: number): PayloadMap {
    let map = this.payloads[index];
    if (!map) {
      map = new PayloadMap();
      this.payloads[index] = map;
    }
    return map;
  }

  /** Towards a bundle, the numbers of its other sections: a browser tells sections apart by them (RFC 9143 section 9.2). */
  private taken(to: Side, index: number): ReadonlySet<number> {
    const numbers = new Set<number>();
    if (this.sides[to].leg.type === 'webrtc')
      for (const [i, map] of this.payloads.entries())
        if (i !== index && map) for (const n of map.numbers(to)) numbers.add(n);
    return numbers;
  }
}

/** COMPAT: phones that would take SRTP or plain RTP (before RFC 5939) offer both, and mean the first that can be had. */
function isAlternative({ kind, profile }: MediaDescription, carried: readonly MediaDescription[]): boolean {
  return carried.some((other) => other.kind === kind && other.profile?.secure !== profile?.secure);
}

/** RFC 3264 section 6: as many sections, of the same kinds. COMPAT: phones leave out those that they reject. */
function complete(answer: SessionDescription, offer: SessionDescription): SessionDescription {
  if (answer.media.length > offer.media.length) throw badAnswer('more media descriptions than were offered');
  const media: MediaDescription[] = [];
  let at = 0;
  for (const offered of offer.media) {
    const section = answer.media[at];
    if (section && section.kind === offered.kind) {
      media.push(section);
      at++;
    } else if (section && answer.media.length === offer.media.length) {
      throw badAnswer(`${section.kind} for ${offered.kind}`);
    } else {
      const { kind, proto, formats } = offered;
      media.push(new MediaDescription({ kind, port: 0, portCount: 1, proto, formats }, [], answer));
    }
  }
  if (at < answer.media.length) throw badAnswer('media descriptions in another order');
  return new SessionDescription(answer.lines, media);
}
