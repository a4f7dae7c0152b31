// How a branch of a proxied request has the descriptions in its messages rewritten: what a response context asks of the
// media path, and what it is told. Answers may come at once, within the call, or later.
import type { ProtocolError } from '../../protocol/errors.ts';
import type { Request, Response } from '../../protocol/sip/message.ts';

/** The branch, as its media path drives it. Calls after its end change nothing. */
export interface BranchControl {
  /** The request is as it is to be, and goes. Once. */
  send(): void;
  /** A response that it was given goes on its way up. */
  pass(response: Response): void;
  /** The branch ends here, as if it had been answered so. */
  refuse(error: ProtocolError): void;
}

export interface BranchMedia {
  /** Certain before it starts: whatever is agreed is relayed by this process. */
  readonly endsWithUs?: boolean;
  /** The copy for this target, which may be edited until `send`. */
  start(copy: Request, control: BranchControl): void;
  /** A response that came, its Via removed: `pass` gives it back, in the order in which they came, or never. */
  receive(response: Response): void;
  /**
   * The target refuses (300 to 699). `retry`: it is asked once more, by a branch with that media. `response`: what counts
   * of all its refusals.
   */
  refused(response: Response): { response: Response; retry?: BranchMedia | undefined };
  /** It has ended without a 2xx. */
  over(): void;
  /** Nothing more comes of it: its context is over. */
  settle(): void;
}
