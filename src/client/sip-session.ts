import type { ByteString } from '../protocol/byte-string.ts';
import { decodeUtf8 } from '../protocol/byte-string.ts';
import type { Body, CallName, UserAgentEvent } from '../protocol/sip/user-agent-event.ts';
import { ClientError } from './errors.ts';
import { sessionDescription, textOf } from './negotiation.ts';
import type { SessionListener, SessionPort } from './session-port.ts';

/**
 * The SIP side of a session that is no call: one INVITE, one answer, one end. An offer that comes within it is answered
 * with what was agreed, or 488 when it is another.
 */
export class SipSession implements SessionListener {
  readonly name: CallName;
  /** Once, whoever ended it. `status`: of a rejection. */
  onEnd: (end: { remote: boolean; status?: number }) => void = () => {};
  /** Whether an offer that comes within it changes nothing. */
  isAgreed: (offer: string) => boolean = () => true;
  readonly #port: SessionPort;
  #local: Body | undefined;
  #answer: string | undefined;
  /** The user agent knows of it. */
  #known: boolean;
  #accepted = false;
  #over = false;
  #settle: { resolve: (answer: string) => void; reject: (error: ClientError) => void } | undefined;

  /** `incoming`: the name of the INVITE that came in. */
  constructor(port: SessionPort, incoming?: CallName) {
    this.#port = port;
    this.name = incoming ?? crypto.randomUUID();
    this.#known = incoming !== undefined;
  }

  /** Resolves with the answer; rejects with REJECTED and the status. */
  invite(target: ByteString, offer: string): Promise<string> {
    this.#local = sessionDescription(offer);
    const body = this.#local;
    const answered = new Promise<string>((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.#known = true;
    this.#port.listen(this.name, this);
    this.#port.perform((agent, now) => agent.invite(this.name, target, { offer: body }, now));
    return answered;
  }

  ring(): void {
    this.#port.perform((agent, now) => agent.ring(this.name, {}, now));
  }

  accept(answer: string): void {
    if (this.#over) return;
    const body = sessionDescription(answer);
    this.#local = body;
    this.#port.perform((agent, now) => agent.accept(this.name, body, now));
  }

  reject(status = 603): void {
    if (!this.#over) this.#port.perform((agent, now) => agent.reject(this.name, { status }, now));
  }

  hangUp(): void {
    if (this.#known && !this.#over) this.#port.perform((agent, now) => agent.hangUp(this.name, {}, now));
  }

  get over(): boolean {
    return this.#over;
  }

  receive(event: UserAgentEvent): void {
    switch (event.type) {
      case 'answer':
        if (event.final) this.#answer = textOf(event.body);
        this.#complete();
        break;
      case 'accepted':
        this.#accepted = true;
        this.#complete();
        break;
      case 'offer':
      case 'offerRequested':
        this.#port.perform((agent, now) =>
          this.#local === undefined || (event.type === 'offer' && !this.isAgreed(textOf(event.body)))
            ? agent.rejectOffer(this.name, now)
            : agent.answer(this.name, this.#local, now, event.leg),
        );
        break;
      case 'ended': {
        this.#over = true;
        const reason = decodeUtf8(event.reason ?? event.cause) ?? event.cause;
        this.#settle?.reject(new ClientError(event.status === 408 ? 'TIMEOUT' : 'REJECTED', reason, event.status));
        this.onEnd({ remote: event.remote, ...(event.status === undefined ? {} : { status: event.status }) });
      }
    }
  }

  #complete(): void {
    if (this.#accepted && this.#answer !== undefined) this.#settle?.resolve(this.#answer);
  }
}
