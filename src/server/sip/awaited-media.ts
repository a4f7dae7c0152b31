// The media of a branch whose target is being asked what it speaks: what is done with it is decided when that is known. Were
// the INVITE not to wait, the phone would have to refuse it, and take the one it can answer for the same call.
import type { Request, Response } from '../../protocol/sip/message.ts';
import type { BranchControl, BranchMedia } from './branch-media.ts';

export class AwaitedMedia implements BranchMedia {
  readonly #whenKnown: (then: () => void) => void;
  readonly #decide: () => BranchMedia | undefined;
  #media: BranchMedia | undefined;
  #control!: BranchControl;
  #over = false;

  constructor(whenKnown: (then: () => void) => void, decide: () => BranchMedia | undefined) {
    this.#whenKnown = whenKnown;
    this.#decide = decide;
  }

  start(copy: Request, control: BranchControl) {
    this.#control = control;
    this.#whenKnown(() => {
      if (this.#over) return;
      this.#media = this.#decide();
      if (this.#media === undefined) control.send();
      else this.#media.start(copy, control);
    });
  }

  receive(response: Response) {
    if (this.#media === undefined) this.#control.pass(response);
    else this.#media.receive(response);
  }

  refused(response: Response): { response: Response; retry?: BranchMedia | undefined } {
    return this.#media?.refused(response) ?? { response };
  }

  over() {
    this.#over = true;
    this.#media?.over();
  }

  settle() {
    this.#media?.settle();
  }
}
