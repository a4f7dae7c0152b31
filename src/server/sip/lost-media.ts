// What renews a call whose media another life of this server relayed: there is nothing any more for it to renew. Its sender is
// told 481, upon which it drops the dialog (RFC 3261 section 12.2.1.2), and the other side has a BYE.
import type { Request, Response } from '../../protocol/sip/message.ts';
import type { BranchControl, BranchMedia } from './branch-media.ts';
import { byeAfter } from './dialog-end.ts';
import { callOver } from './media-dialog.ts';

/** Target refresh requests (RFC 3261 section 12.2.1.1, RFC 3311): offers, and the heartbeats of session timers. */
export const RENEWS = new Set(['INVITE', 'UPDATE']);

export class LostMedia implements BranchMedia {
  readonly #bye: Request;
  readonly #send: (bye: Request) => void;

  /** `send`: takes a request of our own to the side that `request` goes to. */
  constructor(request: Request, send: (bye: Request) => void) {
    this.#bye = byeAfter(request, { cause: 503, text: 'Media Lost' });
    this.#send = send;
  }

  start(_copy: Request, control: BranchControl): void {
    control.refuse(callOver());
    this.#send(this.#bye);
  }

  receive(): void {}

  refused(response: Response): { response: Response } {
    return { response };
  }

  over(): void {}

  settle(): void {}
}
