// A request within a dialog whose media is relayed, on its way to the other side: re-INVITE, UPDATE, PRACK with their
// descriptions, and all else, which only keeps its place in the order.
import { ProtocolError } from '../../protocol/errors.ts';
import { otherSide, type Side } from '../../protocol/sdp/payload-map.ts';
import type { Request, Response } from '../../protocol/sip/message.ts';
import type { BranchControl, BranchMedia } from './branch-media.ts';
import type { MediaDialog } from './media-dialog.ts';
import { readSessionBody } from './session-body.ts';

/** Whose bodies are offers and answers (RFC 3261 section 13.2.1, RFC 3262 section 5, RFC 3311). */
const NEGOTIATES = new Set(['INVITE', 'PRACK', 'UPDATE']);

export class MediaExchange implements BranchMedia {
  readonly #dialog: MediaDialog;
  readonly #from: Side;
  readonly #request: Request;
  #control!: BranchControl;
  /** Its request brought an offer. */
  #offered = false;
  #accepted = false;
  #over = false;

  constructor(dialog: MediaDialog, from: Side, request: Request) {
    this.#dialog = dialog;
    this.#from = from;
    this.#request = request;
  }

  start(copy: Request, control: BranchControl): void {
    this.#control = control;
    const taken = this.#dialog.order.pass((done) => this.#send(copy, done));
    if (!taken) control.refuse(tooMany());
  }

  #send(copy: Request, done: () => void): void {
    const dialog = this.#dialog;
    const pass = () => {
      dialog.note(this.#from, copy);
      this.#control.send();
      done();
    };
    const body = this.#over || !NEGOTIATES.has(copy.method) ? undefined : readSessionBody(copy);
    if (body instanceof ProtocolError) {
      this.#control.refuse(body);
      done();
    } else if (body === undefined) pass();
    else {
      const answers = copy.method === 'PRACK' && dialog.offerer === otherSide(this.#from);
      this.#offered = !answers;
      dialog.translate(this.#from, answers ? 'answer' : 'offer', body.text, this, (result) => {
        if (typeof result !== 'string') {
          this.#offered = false; // it is no offer of anybody's
          this.#control.refuse(result);
          if (answers) dialog.end({ cause: 488, text: 'Media Not Understood' }, result.message);
          return done();
        }
        body.replace(result);
        if (!this.#over) return pass();
        if (this.#offered) dialog.reject(this.#from); // cancelled meanwhile
        done();
      });
    }
  }

  receive(response: Response): void {
    if (this.#dialog.order.pass((done) => this.#receive(response, done))) return;
    if (response.status >= 200) this.#control.refuse(tooMany());
  }

  #receive(response: Response, done: () => void) {
    const dialog = this.#dialog;
    const side = otherSide(this.#from);
    const { status } = response;
    const pass = () => {
      if (status >= 200 && status < 300) {
        this.#accepted = true;
        dialog.note(side, response);
      }
      this.#control.pass(response);
      done();
    };
    const body = status < 300 && NEGOTIATES.has(this.#request.method) ? readSessionBody(response) : undefined;
    if (body === undefined) return pass();
    const fail = (error: ProtocolError) => {
      this.#fail(error, status);
      done();
    };
    if (body instanceof ProtocolError) return fail(body);
    // Without an offer in the request the response brings one, for the ACK to answer.
    const role = this.#offered || this.#request.method !== 'INVITE' ? 'answer' : 'offer';
    dialog.translate(side, role, body.text, this, (result) => {
      if (typeof result !== 'string') return fail(result);
      body.replace(result);
      pass();
    });
  }

  /** An answer that cannot be told: both sides have agreed on different things, so the dialog ends. */
  #fail(error: ProtocolError, status: number): void {
    this.#over = true;
    this.#control.refuse(new ProtocolError(error.code, error.message, { status: 500 }));
    const { sequence } = this.#request.cseq;
    const acknowledged = this.#request.method === 'INVITE' && status >= 200;
    const acknowledge = acknowledged ? { to: otherSide(this.#from), sequence } : undefined;
    this.#dialog.end({ cause: 488, text: 'Media Not Understood' }, error.message, acknowledge);
  }

  refused(response: Response): { response: Response } {
    return { response };
  }

  over(): void {
    this.#over = true;
    if (!this.#offered || this.#accepted) return;
    this.#dialog.order.pass((done) => {
      this.#dialog.reject(this.#from);
      done();
    }, true);
  }

  settle(): void {}
}

export function tooMany(): ProtocolError {
  return new ProtocolError('MEDIA_BUSY', 'Too Many Messages Wait', { status: 500 });
}
