import type { ByteString } from '../byte-string.ts';
import type { RequestUser } from './client-exchange.ts';
import type { Response } from './message.ts';
import type { Session } from './session.ts';
import type { UserAgentCore } from './user-agent-core.ts';
import type { Body, ExtraFields } from './user-agent-event.ts';

/** A request of the caller's own, e.g. MESSAGE or OPTIONS, outside or inside a dialog, until its final response. */
export class OwnRequest implements RequestUser {
  private readonly core: UserAgentCore;
  private readonly name: string;
  private readonly session: Session | undefined;
  private sequence = 1;

  constructor(core: UserAgentCore, name: string, session: Session | undefined) {
    this.core = core;
    this.name = name;
    this.session = session;
  }

  start(method: string, target: ByteString, body: Body | undefined, fields: ExtraFields, now: number): void {
    const { core, session } = this;
    if (session !== undefined) {
      session.send(method, fields, body, this, now);
      return;
    }
    const { sequence } = this;
    const parts = { callId: core.token(), fromTag: core.token(), sequence, fields, body };
    core.send(core.createRequest(method, target, parts), this, now);
  }

  nextSequence(): number {
    if (this.session !== undefined) return this.session.dialog.nextSequence();
    this.sequence += 1;
    return this.sequence;
  }

  onResponse(response: Response, now: number): void {
    const { status, reason } = response;
    if (status < 200) return;
    this.core.event({ type: 'response', request: this.name, status, reason, response });
    if (status === 481) this.session?.expireDialog(481, now);
  }

  onFailure(status: 408 | 503): void {
    const reason = status === 408 ? 'Request Timeout' : 'Service Unavailable';
    this.core.event({ type: 'response', request: this.name, status, reason });
  }
}
