// One dialog's media at rtpengine: offers and answers in either direction (RFC 3264), and back to what was agreed before when
// an offer is refused.
import type { ByteString } from '../../../protocol/byte-string.ts';
import { sends } from '../../../protocol/sdp/direction.ts';
import { otherSide, type Side } from '../../../protocol/sdp/payload-map.ts';
import { badAnswer, glare } from '../../../protocol/sdp/sdp-error.ts';
import { type SessionDescription, serializeDescription } from '../../../protocol/sdp/session-description.ts';
import { plainAddress } from '../../../transport/flow.ts';
import type { LegStatistics, MediaBranch, MediaEvent, MediaParty } from '../engine.ts';
import type { BencodeDictionary } from './bencode.ts';
import { carefulDescription, fromRtpengine } from './careful-description.ts';
import type { RtpengineCall } from './rtpengine-call.ts';
import { answerOptions, offerOptions } from './signalling.ts';
import { type CallFigures, callFigures } from './statistics.ts';

/** As rtpengine was given them. */
interface Exchange {
  from: Side;
  offer: SessionDescription;
  answer?: { given: SessionDescription; text: ByteString; translated: ByteString };
}

export class RtpengineBranch implements MediaBranch {
  private readonly call: RtpengineCall;
  private readonly callee: MediaParty;
  private readonly onEvent: (event: MediaEvent) => void;
  /** `via-branch` and the callee's tag. Forks of a branch share them: they were offered the same ports. */
  private readonly name: string;
  /** The last one whose offer was answered. */
  private agreed: Exchange | undefined;
  private current: Exchange | undefined;
  private ended: Promise<LegStatistics[]> | undefined;
  private counted: LegStatistics[] = [];
  private watch: { close(): unknown } | undefined;
  private readonly silent = new Set<Side>();

  constructor(call: RtpengineCall, callee: MediaParty, onEvent: (event: MediaEvent) => void, name: string) {
    this.call = call;
    this.callee = callee;
    this.onEvent = onEvent;
    this.name = name;
  }

  offer(from: Side, description: ByteString): Promise<ByteString> {
    return this.call.inTurn(async () => {
      if (this.current !== undefined && this.current.answer === undefined && this.current.from !== from) throw glare();
      const exchange: Exchange = { from, offer: this.careful(from, description) };
      const translated = await this.sendOffer(exchange);
      this.current = exchange;
      return translated;
    });
  }

  answer(from: Side, description: ByteString): Promise<ByteString> {
    return this.call.inTurn(async () => {
      const { current } = this;
      if (current === undefined || current.from === from) throw badAnswer('nothing was offered');
      if (current.answer?.text === description) return current.answer.translated; // 18x, then 2xx
      const given = this.careful(from, description);
      current.answer = { given, text: description, translated: await this.sendAnswer(current, given) };
      this.agreed = current;
      return current.answer.translated;
    });
  }

  reject(): void {
    const { agreed, current } = this;
    if (current === undefined || current === agreed) return;
    this.current = agreed;
    // rtpengine has made the offer its own; what it says to the one before is known to both sides.
    this.repeat(agreed, true);
  }

  fork(onEvent: (event: MediaEvent) => void): MediaBranch {
    const fork = new RtpengineBranch(this.call, this.callee, onEvent, this.name);
    if (this.current !== undefined) fork.current = { from: this.current.from, offer: this.current.offer };
    return this.call.join(fork);
  }

  confirm(): void {
    // Others may have answered meanwhile: the caller is connected with whoever came last.
    if (this.call.connected !== this) this.repeat(this.agreed, false);
    this.watchLater();
  }

  async statistics(): Promise<LegStatistics[]> {
    if (this.ended !== undefined) return this.ended;
    const answer = await this.call.request('query', {});
    return this.count(answer).statistics;
  }

  close(): Promise<LegStatistics[]> {
    this.ended ??= this.end();
    return this.ended;
  }

  /** The call is lost at rtpengine. */
  failed(reason: string): void {
    this.watch?.close();
    if (this.ended !== undefined) return;
    this.call.context.failed();
    this.onEvent({ type: 'failed', reason });
  }

  sharesTagWith(other: RtpengineBranch): boolean {
    return other !== this && other.name === this.name;
  }

  private async end(): Promise<LegStatistics[]> {
    this.watch?.close();
    return this.call.inTurn(async () => {
      const answer = await this.call.forget(this, { 'to-tag': this.name, 'via-branch': this.name });
      return answer === undefined ? this.counted : this.count(answer).statistics;
    });
  }

  private careful(from: Side, description: ByteString): SessionDescription {
    const { descriptionBytes } = this.call.context.limits;
    return carefulDescription(description, descriptionBytes, plainAddress(this.party(from).address));
  }

  private async sendOffer({ from, offer }: Exchange): Promise<ByteString> {
    const to = otherSide(from);
    const answer = await this.call.request('offer', {
      ...offerOptions(this.party(from), this.party(to)),
      'from-tag': this.tag(from),
      // rtpengine names a branch that has no tag yet by `via-branch`; a dialog has both tags.
      ...(from === 'caller' && this.agreed === undefined ? { 'via-branch': this.name } : { 'to-tag': this.tag(to) }),
      sdp: serializeDescription(offer),
    });
    this.call.connected = this;
    return writtenBy(answer);
  }

  private async sendAnswer({ from }: Exchange, given: SessionDescription): Promise<ByteString> {
    const by = otherSide(from);
    const answer = await this.call.request('answer', {
      ...answerOptions(this.party(by)),
      'from-tag': this.tag(from),
      'to-tag': this.tag(by),
      ...(from === 'caller' ? { 'via-branch': this.name } : {}),
      sdp: serializeDescription(given),
    });
    this.call.connected = this;
    return writtenBy(answer);
  }

  /** Tells rtpengine once more what was agreed. */
  private repeat(exchange: Exchange | undefined, withOffer: boolean): void {
    const given = exchange?.answer?.given;
    if (exchange === undefined || given === undefined) return;
    this.call
      .inTurn(async () => {
        if (this.ended !== undefined) return;
        if (withOffer) await this.sendOffer(exchange);
        await this.sendAnswer(exchange, given);
      })
      .catch((error: Error) => this.failed(error.message));
  }

  private party(side: Side): MediaParty {
    return side === 'caller' ? this.call.caller : this.callee;
  }

  private tag(side: Side): string {
    return side === 'caller' ? this.call.callerTag : this.name;
  }

  private count(answer: BencodeDictionary): CallFigures {
    const figures = callFigures(answer, { caller: this.call.callerTag, callee: this.name });
    if (figures.statistics.length > 0) {
      this.call.context.relayed(this.counted, figures.statistics);
      this.counted = figures.statistics;
    }
    return figures;
  }

  /** While the call is up its figures are asked for: so it is known who is silent, and that rtpengine has not ended it. */
  private watchLater(): void {
    const { clock, limits } = this.call.context;
    this.watch?.close();
    this.watch = clock.setTimer(limits.queryInterval, () => {
      if (this.ended !== undefined) return;
      this.call.request('query', {}).then(
        (answer) => {
          this.look(this.count(answer));
          this.watchLater();
        },
        (error: { code?: string }) => {
          if (error.code === 'NG_REFUSED') this.call.lost('The media engine has ended the call');
          else this.watchLater();
        },
      );
    });
  }

  /** Who holds the call may be silent. */
  private isSending(side: Side): boolean {
    const own = this.agreed?.from === side ? this.agreed.offer : this.agreed?.answer?.given;
    return own?.media.some((section) => section.port !== 0 && sends(section.direction)) ?? false;
  }

  private look({ lastPacket }: CallFigures): void {
    const { limits, wallClock } = this.call.context;
    for (const side of ['caller', 'callee'] as const) {
      const heard = lastPacket[side];
      const silent = this.isSending(side) && heard !== undefined && (wallClock() - heard) * 1000 >= limits.silence;
      if (silent && !this.silent.has(side)) this.onEvent({ type: 'silent', side });
      if (silent) this.silent.add(side);
      else this.silent.delete(side);
    }
  }
}

function writtenBy(answer: BencodeDictionary): ByteString {
  const sdp = answer.get('sdp');
  return fromRtpengine(typeof sdp === 'string' ? sdp : '');
}
