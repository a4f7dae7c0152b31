// A branch of an INVITE whose media is relayed, or may have to be: what its target is shown, which dialogs it makes
// (RFC 3261 section 12.1: one a To tag), and, when the target refuses the description, what it is shown next.
import type { ByteString } from '../../protocol/byte-string.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import type { Request, Response } from '../../protocol/sip/message.ts';
import type { MediaBranch, MediaEvent } from '../media/engine.ts';
import type { BranchControl, BranchMedia } from './branch-media.ts';
import type { CallMedia } from './call-media.ts';
import { calleeOf, createBye, createDialogAck } from './dialog-end.ts';
import type { TokenSide } from './flow-token.ts';
import { callOver, MediaDialog } from './media-dialog.ts';
import { tooMany } from './media-exchange.ts';
import { type Attempt, REFUSES_DESCRIPTION } from './media-policy.ts';
import { OrderedMessages } from './ordered-messages.ts';
import { type Profile, profileOf } from './profile.ts';
import { readSessionBody } from './session-body.ts';

/** The target, as far as its media is concerned. */
export interface MediaTarget {
  /** Where its signalling goes. */
  address: string;
  side: TokenSide;
  /** What is known of it. */
  profile: Profile | undefined;
  /** It has shown what it takes. */
  learn(profile: Profile): void;
  /** INVITE without an offer: how the callee, whose own offer this is, is written to; undefined: all goes untouched. */
  delayed(callee: Profile): Profile | undefined;
}

/** Early dialogs of one branch that are told apart. */
const MOST_DIALOGS = 12;
const NOT_UNDERSTOOD = { cause: 488, text: 'Media Not Understood' };
/** What asks to be merged with the refused one (RFC 3261 section 8.2.2.2), for some seconds after it. */
const MERGED = 482;

export class MediaPath implements BranchMedia {
  readonly #media: CallMedia;
  readonly #target: MediaTarget;
  readonly #attempts: readonly Attempt[];
  readonly #at: number;
  readonly #order: OrderedMessages;
  readonly #dialogs: MediaDialog[] = [];
  /** The first refusal of this target: when all are refusals, it is the one that goes back. */
  readonly #refusal: Response | undefined;
  /** Its Record-Route value of ours, told by the copy. */
  #recordRoute: ByteString | undefined;
  #control!: BranchControl;
  #branch: MediaBranch | undefined;
  #forked = false;
  #offered = false;
  #learned = false;
  #over = false;

  /** `attempts`: from `at` on they are to be made; empty for an INVITE without an offer. */
  constructor(media: CallMedia, target: MediaTarget, attempts: readonly Attempt[], at = 0, refusal?: Response) {
    this.#media = media;
    this.#target = target;
    this.#attempts = attempts;
    this.#at = at;
    this.#refusal = refusal;
    this.#order = new OrderedMessages(media.parts.limits.waitingMessages);
  }

  get #attempt(): Attempt {
    return this.#attempts[this.#at] ?? 'untouched';
  }

  /** (An rtpengine goes on without us.) */
  get endsWithUs(): boolean {
    return this.#attempt !== 'untouched' && this.#media.engine === 'embedded';
  }

  start(copy: Request, control: BranchControl) {
    this.#control = control;
    this.#recordRoute = copy.get('record-route'); // ours, in a field of its own
    const attempt = this.#attempt;
    this.#offered = this.#attempts.length > 0;
    if (attempt === 'untouched') return control.send();
    const body = readSessionBody(copy);
    if (body === undefined) return control.send();
    if (body instanceof ProtocolError) return control.refuse(body);
    this.#order.pass((done) => {
      const branch = this.#open(attempt);
      this.#media.ask(
        () => branch.offer('caller', body.text),
        (result) => {
          if (typeof result !== 'string') control.refuse(result);
          else if (!this.#over) {
            body.replace(result);
            this.#note(`offer written as ${attempt}`);
            control.send();
          }
          done();
        },
      );
    });
  }

  receive(response: Response): void {
    if (this.#order.pass((done) => this.#receive(response, done))) return;
    if (response.status >= 200) this.#control.refuse(tooMany());
  }

  #receive(response: Response, done: () => void) {
    if (this.#over) {
      this.#late(response);
      return done();
    }
    const { status } = response;
    const pass = () => {
      this.#control.pass(response);
      done();
    };
    if (status >= 300) return pass();
    const body = readSessionBody(response);
    if (this.#branch === undefined && body !== undefined && !(body instanceof ProtocolError)) this.#look(body.text);
    const dialog = this.#branch === undefined ? undefined : this.#dialog(response);
    if (dialog === undefined) return pass();
    if (dialog.over) {
      this.#late(response);
      this.#control.refuse(callOver());
      return done();
    }
    const told = () => {
      if (status >= 200) dialog.confirm(response);
      pass();
    };
    if (body === undefined) return told();
    const fail = (error: ProtocolError) => {
      this.#fail(dialog, response, error);
      done();
    };
    if (body instanceof ProtocolError) return fail(body);
    dialog.translate('callee', this.#offered ? 'answer' : 'offer', body.text, this, (result) => {
      if (typeof result !== 'string') return fail(result);
      body.replace(result);
      this.#learn(this.#attempts[this.#at]);
      told();
    });
  }

  /** The callee's first own words: what they say of it, and in a delayed offer whether they have to be translated. */
  #look(text: ByteString): void {
    const profile = profileOf(text);
    this.#learn(profile);
    if (this.#offered) return;
    const shown = this.#target.delayed(profile);
    if (shown !== undefined) this.#open(shown);
  }

  #learn(attempt: Attempt | undefined): void {
    if (this.#learned || attempt === undefined || attempt === 'untouched') return;
    this.#learned = true;
    if (this.#target.profile !== attempt) this.#target.learn(attempt);
  }

  #open(profile: Profile): MediaBranch {
    const callee = { profile, address: this.#target.address };
    this.#branch = this.#media.branch(callee, (event) => this.#onEvent(event, this.#dialogs[0]));
    return this.#branch;
  }

  /** The dialog of that To tag; undefined when there are too many. */
  #dialog(response: Response): MediaDialog | undefined {
    const { tag } = response.to;
    if (tag === undefined) return undefined;
    const known = this.#dialogs.find((dialog) => dialog.tag === tag);
    if (known !== undefined) return known;
    if (this.#dialogs.length >= MOST_DIALOGS) return undefined;
    let branch = this.#branch!;
    let dialog: MediaDialog | undefined;
    if (this.#forked) {
      branch = branch.fork((event) => this.#media.parts.run(() => this.#onEvent(event, dialog)));
      this.#media.opened(branch);
    }
    this.#forked = true;
    dialog = new MediaDialog(this.#media, this.#order, branch, response, this.#offered, {
      side: this.#target.side,
      recordRoute: this.#recordRoute,
    });
    this.#dialogs.push(dialog);
    this.#media.dialogs.set(dialog.tag, dialog);
    return dialog;
  }

  #onEvent(event: MediaEvent, dialog: MediaDialog | undefined): void {
    if (dialog?.confirmed) dialog.onEvent(event);
    else if (event.type === 'failed' && !this.#over)
      this.#control.refuse(new ProtocolError('MEDIA_FAILED', 'Media Relay Failed', { status: 503 }));
  }

  /** What the callee said cannot be told: it hears that the call is over, and so does the caller. */
  #fail(dialog: MediaDialog, response: Response, error: ProtocolError): void {
    const { status } = response;
    if (status >= 200) dialog.end(NOT_UNDERSTOOD, error.message, { to: 'callee', sequence: response.cseq.sequence });
    this.#control.refuse(new ProtocolError(error.code, error.message, { status: status >= 200 ? 500 : 488 }));
  }

  /** A 2xx for a call that has ended here, or again of one. */
  #late(response: Response): void {
    const { status } = response;
    if (status < 200 || status >= 300) return;
    const { parts, call, ends: caller } = this.#media;
    const ends = { callId: call.callId, caller, callee: calleeOf(response, this.#recordRoute) };
    parts.send(this.#target.side, createDialogAck(ends, 'callee', response.cseq.sequence));
    parts.send(this.#target.side, createBye(ends, 'callee', NOT_UNDERSTOOD));
  }

  refused(response: Response): { response: Response; retry?: BranchMedia } {
    const { status } = response;
    const first = this.#refusal;
    const refuses = REFUSES_DESCRIPTION.has(status) || (first !== undefined && status === MERGED);
    if (!refuses) return { response };
    const next = this.#at + 1;
    if (next >= this.#attempts.length) return { response: first ?? response };
    const retry = new MediaPath(this.#media, this.#target, this.#attempts, next, first ?? response);
    this.#note(`${status}: asked again as ${this.#attempts[next]}`);
    this.over();
    return { response, retry };
  }

  over(): void {
    this.#over = true;
    for (const dialog of this.#dialogs) this.#close(dialog);
    if (this.#branch !== undefined && !this.#forked) this.#media.closed(this.#branch, true);
  }

  /** Early dialogs that were never answered. */
  settle(): void {
    for (const dialog of this.#dialogs) if (!dialog.confirmed) this.#close(dialog);
  }

  #close(dialog: MediaDialog): void {
    if (this.#media.dialogs.get(dialog.tag) === dialog) this.#media.dialogs.delete(dialog.tag);
    dialog.close(true);
  }

  #note(text: string): void {
    this.#media.parts.note(this.#media.call.callId, text);
  }
}
