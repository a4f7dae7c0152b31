// One dialog, early or confirmed, whose media is relayed: which description is an offer and which an answer (RFC 3264,
// RFC 6337), and what each became.
import type { ByteString } from '../../protocol/byte-string.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { otherSide, type Side } from '../../protocol/sdp/payload-map.ts';
import type { Message, Request, Response } from '../../protocol/sip/message.ts';
import type { MediaBranch, MediaEvent } from '../media/engine.ts';
import type { CallMedia, Described } from './call-media.ts';
import { calleeOf, createBye, createDialogAck, type DialogEnds, type DialogReason, refreshSide } from './dialog-end.ts';
import type { TokenSide } from './flow-token.ts';
import type { OrderedMessages } from './ordered-messages.ts';

type Role = 'offer' | 'answer';

/** A description and what it became: a message that is repeated is translated the same way, without asking anybody. */
interface Translated {
  /** The transaction it came in. */
  within: unknown;
  from: Side;
  text: ByteString;
  result: ByteString;
}

export class MediaDialog {
  readonly media: CallMedia;
  readonly order: OrderedMessages;
  readonly tag: ByteString;
  readonly ends: DialogEnds;
  /** How the callee is reached. */
  readonly #callee: TokenSide;
  confirmed = false;
  readonly #branch: MediaBranch;
  readonly #memory: Partial<Record<Role, Translated>> = {};
  /** What each side was told last. */
  readonly #told: Partial<Record<Side, ByteString>> = {};
  /** Whose offer waits for its answer. */
  #offerer: Side | undefined;
  #over = false;

  constructor(
    media: CallMedia,
    order: OrderedMessages,
    branch: MediaBranch,
    response: Response,
    offered: boolean,
    callee: { side: TokenSide; recordRoute: ByteString | undefined },
  ) {
    this.media = media;
    this.order = order;
    this.#branch = branch;
    this.tag = response.to.tag ?? '';
    this.#offerer = offered ? 'caller' : undefined;
    this.ends = {
      callId: media.call.callId,
      caller: { ...media.ends },
      callee: calleeOf(response, callee.recordRoute),
    };
    this.#callee = callee.side;
  }

  get over(): boolean {
    return this.#over;
  }

  /** Whose offer waits for its answer. */
  get offerer(): Side | undefined {
    return this.#offerer;
  }

  /**
   * What a description becomes. `within` names its transaction. A description that answers nothing is told as what that
   * side was told last: user agents ignore it (RFC 3261 section 13.2.1).
   */
  translate(from: Side, role: Role, text: ByteString, within: unknown, then: (result: Described) => void) {
    if (this.#over) return then(callOver());
    const known = this.#memory[role];
    const same = known !== undefined && known.within === within;
    if (same && known.from === from && known.text === text) return then(known.result);
    const to = otherSide(from);
    if (role === 'answer' && this.#offerer !== to && !same) return then(this.#told[to] ?? text);
    const question = () => (role === 'offer' ? this.#branch.offer(from, text) : this.#branch.answer(from, text));
    this.media.ask(question, (result) => {
      if (this.#over) return then(callOver());
      if (typeof result === 'string') {
        this.#memory[role] = { within, from, text, result };
        this.#told[to] = result;
        this.#offerer = role === 'offer' ? from : undefined;
      }
      then(result);
    });
  }

  /** The offer of `from` was refused: what was agreed before holds (RFC 3264 section 4). */
  reject(from: Side): void {
    if (this.#over || this.#offerer !== from) return;
    this.#offerer = undefined;
    this.#branch.reject();
  }

  /** It was answered 2xx. */
  confirm(response: Response): void {
    refreshSide(this.ends.callee, response);
    if (this.confirmed) return;
    this.confirmed = true;
    this.#branch.confirm();
  }

  /** A message of it passes: where its sender is, and how far it has counted. */
  note(from: Side, message: Message): void {
    refreshSide(this.ends[from], message);
  }

  onEvent(event: MediaEvent): void {
    if (this.#over || !this.confirmed) return;
    if (event.type === 'silent') this.end({ cause: 408, text: 'Media Timeout' }, `silent ${event.side}`);
    else this.end({ cause: 500, text: 'Media Failure' }, event.reason);
  }

  /** Neither side has hung up, but it is over: both are told. `acknowledge`: the 2xx that its caller never gets. */
  end(reason: DialogReason, why: string, acknowledge?: { to: Side; sequence: number }): void {
    if (this.#over) return;
    const { parts, call } = this.media;
    const send = (to: Side, request: Request) => parts.send(to === 'caller' ? call.callerSide : this.#callee, request);
    if (acknowledge !== undefined)
      send(acknowledge.to, createDialogAck(this.ends, acknowledge.to, acknowledge.sequence));
    send('callee', createBye(this.ends, 'callee', reason));
    // An early dialog's caller is told by the response to its INVITE.
    const up = call.dialogs.includes(this.tag);
    if (up) send('caller', createBye(this.ends, 'caller', reason));
    parts.log.info({ callId: call.callId, reason: why }, 'call ended by the server');
    parts.note(call.callId, `ended: ${why}`);
    if (up) parts.calls.dialogEnded(call, this.tag, 'server', why);
    else this.media.endDialog(this.tag);
  }

  /** Closes its part of the engine. */
  close(kept = false): void {
    if (this.#over) return;
    this.forget();
    this.media.closed(this.#branch, kept);
  }

  /** What the engine still says of it means nothing. */
  forget(): void {
    this.#over = true;
  }
}

export function callOver(): ProtocolError {
  return new ProtocolError('MEDIA_CALL_OVER', 'Call Is Over', { status: 481 });
}
