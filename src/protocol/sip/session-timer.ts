import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import type { Message, Request, Response } from './message.ts';
import { supports } from './option-tags.ts';
import { LEAST_SESSION_INTERVAL, parseSessionExpires, type SessionExpires } from './session-expires.ts';
import type { UserAgentCore } from './user-agent-core.ts';

/** A day is as good as for ever, and every timer can hold it. */
const MOST_SESSION_INTERVAL = 86_400;

/** What the timer wants of its session. */
export interface SessionTimerUser {
  /** Time to send a re-INVITE or UPDATE. */
  refresh(now: number): void;
  /** Nobody has refreshed: end the call (RFC 4028 section 10). */
  expire(now: number): void;
}

/** Undefined when absent. Throws 400. */
function sessionExpires(message: Message): SessionExpires | undefined {
  const value = message.get('session-expires');
  return value === undefined ? undefined : parseSessionExpires(value);
}

function parseMinimum(message: Message): number {
  const value = /^\d{1,6}/.exec(message.get('min-se') ?? '')?.[0];
  return Math.min(MOST_SESSION_INTERVAL, Math.max(LEAST_SESSION_INTERVAL, Number(value ?? 0)));
}

/** Throws 400, or 422 with the least interval we take (section 9). To be called before the request changes anything. */
export function checkSessionExpires(core: UserAgentCore, request: Request): void {
  const named = sessionExpires(request);
  const least = core.options.minimumSessionExpires ?? LEAST_SESSION_INTERVAL;
  if (named !== undefined && named.interval < least && supports(request, 'timer')) {
    throw new SessionIntervalTooSmall(least);
  }
}

/**
 * The session timer of one dialog, in either role (RFC 4028).
 *
 * Laws: it runs only once a 2xx has named an interval. Each 2xx to an INVITE or UPDATE starts it anew, or stops it when it
 * names none. The refresher acts at half the interval; whoever is not refreshed ends the session shortly before its end.
 */
export class SessionTimer {
  private readonly core: UserAgentCore;
  private readonly user: SessionTimerUser;
  private readonly name: string;
  /** Seconds; 0: off. */
  private interval = 0;
  private refresher: 'local' | 'remote' = 'local';
  /** The largest Min-SE that anybody on the path has named. */
  private minimum = LEAST_SESSION_INTERVAL;

  constructor(core: UserAgentCore, name: string, user: SessionTimerUser) {
    this.core = core;
    this.user = user;
    this.name = name;
  }

  /** Fields of a request of ours; who refreshes stays as it is (section 7.4). */
  requestFields(): [string, ByteString][] {
    const wanted = this.interval || (this.core.options.sessionExpires ?? 1800);
    if (wanted === 0) return [];
    const seconds = Math.max(wanted, this.minimum);
    const role = this.interval === 0 ? '' : this.refresher === 'local' ? ';refresher=uac' : ';refresher=uas';
    const fields: [string, ByteString][] = [['Session-Expires', `${seconds}${role}`]];
    if (this.minimum > LEAST_SESSION_INTERVAL) fields.push(['Min-SE', String(this.minimum)]);
    return fields;
  }

  /** A 422 names the least interval (section 7.3). False: it is no larger than what we asked for, so trying is useless. */
  tooSmall(response: Response): boolean {
    const minimum = parseMinimum(response);
    if (minimum <= this.minimum) return false;
    this.minimum = minimum;
    this.interval &&= Math.max(this.interval, minimum);
    return true;
  }

  /** The 2xx to a request of ours (section 7.2). */
  accepted(response: Response, now: number): void {
    let named: SessionExpires | undefined;
    try {
      named = sessionExpires(response);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
    }
    if (named === undefined) this.stop();
    else this.start(named.interval, named.refresher === 'uas' ? 'remote' : 'local', now);
  }

  /** Fields of our 2xx to a request of the peer's, by which the timer starts (section 9). */
  accept(request: Request, now: number): [string, ByteString][] {
    const named = sessionExpires(request);
    const supported = supports(request, 'timer');
    const ours = this.core.options.sessionExpires ?? 1800;
    if (named === undefined && (!supported || ours === 0)) {
      this.stop();
      return [];
    }
    this.minimum = Math.max(this.minimum, parseMinimum(request));
    const least = Math.max(this.minimum, LEAST_SESSION_INTERVAL);
    const wanted = named === undefined ? ours : ours === 0 ? named.interval : Math.min(ours, named.interval);
    const seconds = Math.max(wanted, Math.min(least, named?.interval ?? least));
    const refresher = supported ? (named?.refresher ?? 'uac') : 'uas';
    this.start(seconds, refresher === 'uac' ? 'remote' : 'local', now);
    const fields: [string, ByteString][] = [['Session-Expires', `${seconds};refresher=${refresher}`]];
    if (refresher === 'uac') fields.push(['Require', 'timer']);
    return fields;
  }

  stop(): void {
    this.interval = 0;
    this.core.outbox.clearTimer(`${this.name} refresh`);
    this.core.outbox.clearTimer(`${this.name} expire`);
  }

  private start(seconds: number, refresher: 'local' | 'remote', now: number): void {
    this.stop();
    this.interval = Math.min(Math.max(seconds, LEAST_SESSION_INTERVAL), MOST_SESSION_INTERVAL);
    this.refresher = refresher;
    if (refresher === 'local') this.refreshAfter(this.interval * 500, now);
    const margin = Math.min(32, this.interval / 3);
    this.core.outbox.setTimer(`${this.name} expire`, (this.interval - margin) * 1000, (at) => this.user.expire(at));
  }

  /** Also when a refresh could not be sent yet, or failed for now. */
  refreshAfter(delay: number, _now: number): void {
    if (this.interval === 0) return;
    this.core.outbox.setTimer(`${this.name} refresh`, delay, (at) => this.user.refresh(at));
  }
}

/** RFC 4028 section 6. */
export class SessionIntervalTooSmall extends ProtocolError {
  readonly least: number;

  constructor(least: number) {
    super('SIP_SESSION_INTERVAL', 'Session Interval Too Small', { status: 422 });
    this.least = least;
  }
}
