// The calls that pass here, from INVITE to BYE, as far as a proxy sees them: what is up, who hung up and why.
import type { ByteString } from '../../protocol/byte-string.ts';
import { decodeUtf8 } from '../../protocol/byte-string.ts';
import type { Request } from '../../protocol/sip/message.ts';
import type { CallRecord } from '../../storage/ports.ts';
import type { CallMedia } from './call-media.ts';
import type { DialogReason } from './dialog-end.ts';
import type { TokenSide } from './flow-token.ts';
import type { Binding } from './location.ts';
import { ownText } from './own-text.ts';
import type { Peer } from './routing.ts';
import { tryUri } from './try-uri.ts';

export type CallEnd = CallRecord['endedBy'];
/** One INVITE outside a dialog, and what became of it. */
export class Call {
  readonly id: string;
  readonly callId: ByteString;
  /** Addresses of record of those who are no local users. */
  readonly from: ByteString | undefined;
  readonly to: ByteString | undefined;
  /** Canonical names of local users. */
  readonly caller: string | undefined;
  readonly callee: string | undefined;
  readonly started: number;
  /** A provisional response that says more than 100 has passed. */
  ringing = false;
  answered: number | undefined;
  status = 0;
  readonly callerSide: TokenSide;
  /** What the caller has registered, or the domain it comes from: what is learned of its media stays there. */
  readonly callerKnown: Binding | Peer | undefined;
  /** Where the dialogs that were answered lead; the last one's. */
  calleeSide: TokenSide | undefined;
  /** Callee's tags of the dialogs that are up. */
  readonly dialogs: ByteString[] = [];
  /** Its media is relayed, or may have to be. */
  media: CallMedia | undefined;
  /** When a message of it passed last, and since when one of its sides cannot be reached. */
  heard: number;
  goneSince: number | undefined;
  over = false;

  constructor(parts: {
    id: string;
    invite: Request;
    caller: string | undefined;
    callee: string | undefined;
    callerSide: TokenSide;
    callerKnown: Binding | Peer | undefined;
    now: number;
  }) {
    this.id = parts.id;
    this.callId = ownText(parts.invite.callId);
    this.from = parts.caller === undefined ? address(parts.invite.from.uri) : undefined;
    this.to = parts.callee === undefined ? address(parts.invite.to.uri) : undefined;
    this.caller = parts.caller;
    this.callee = parts.callee;
    this.started = parts.now;
    this.heard = parts.now;
    this.callerSide = parts.callerSide;
    this.callerKnown = parts.callerKnown;
  }
}

export interface CallsParts {
  domain: string;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Where the record of a call that is over goes. */
  record: (record: CallRecord) => void;
  /** Calls that are followed at most, and of one caller: beyond it the oldest of them is ended. */
  most: number;
  mostOfCaller: number;
  fault: (error: unknown) => void;
  /** A call has begun, rings, was answered or is over. */
  onChange?: (call: Call) => void;
}

export class Calls {
  readonly #parts: CallsParts;
  readonly #calls = new Map<string, Call>();
  /** Of local users. */
  readonly #byCaller = new Map<string, Set<Call>>();
  #last = 0;
  #up = 0;

  constructor(parts: CallsParts) {
    this.#parts = parts;
  }

  /** Calls that were answered and have not ended. */
  get up(): number {
    return this.#up;
  }

  begin(parts: Omit<ConstructorParameters<typeof Call>[0], 'id'>): Call {
    this.#last += 1;
    const call = new Call({ ...parts, id: this.#last.toString(36) });
    this.#makeRoom(call.caller);
    this.#calls.set(call.id, call);
    if (call.caller !== undefined) {
      const others = this.#byCaller.get(call.caller);
      if (others === undefined) this.#byCaller.set(call.caller, new Set([call]));
      else others.add(call);
    }
    this.#parts.onChange?.(call);
    return call;
  }

  /** Whoever has more calls than anybody could have loses his own, not everybody else's. */
  #makeRoom(caller: string | undefined): void {
    const { most, mostOfCaller } = this.#parts;
    const own = caller === undefined ? undefined : this.#byCaller.get(caller);
    const crowd = own !== undefined && own.size >= mostOfCaller ? own : this.#calls;
    if (crowd === this.#calls && crowd.size < most) return;
    const oldest = crowd.values().next().value;
    if (oldest !== undefined) this.#hangUp(oldest, { cause: 503, text: 'Too Many Calls' }, 'too many calls');
  }

  /** What the server ends itself: where media is relayed, and would stop, both sides are told. */
  #hangUp(call: Call, reason: DialogReason, why: string): void {
    call.media?.hangUp(reason, why);
    this.end(call, 'server', why);
  }

  find(id: string): Call | undefined {
    return this.#calls.get(id);
  }

  /** What its relayed media is like now; for a person who looks, so that it may take a search. */
  async statistics(callId: ByteString): Promise<object[]> {
    const calls = [...this.#calls.values()].filter((call) => call.callId === callId);
    return (await Promise.all(calls.map((call) => call.media?.statistics() ?? []))).flat();
  }

  /** A provisional response goes up. */
  rings(call: Call): void {
    if (call.ringing || call.over || call.answered !== undefined) return;
    call.ringing = true;
    this.#parts.onChange?.(call);
  }

  /** A 2xx went up. */
  answered(call: Call, calleeTag: ByteString, calleeSide: TokenSide | undefined): void {
    if (call.over || call.dialogs.includes(calleeTag)) return;
    call.dialogs.push(ownText(calleeTag));
    call.calleeSide = calleeSide;
    call.media?.dropLingering();
    if (call.answered !== undefined) return;
    call.answered = this.#parts.now();
    call.heard = call.answered;
    call.status = 200;
    this.#up += 1;
    this.#parts.onChange?.(call);
  }

  /** A final response went up that is no 2xx. `by`: who made it. */
  refused(call: Call, status: number, by: CallEnd, reason: string | undefined): void {
    if (call.over || call.answered !== undefined) return;
    call.status = status;
    // Another attempt follows, with a credential.
    if (status === 401 || status === 407) {
      this.#forget(call);
      call.media?.close().catch(this.#parts.fault);
    } else this.end(call, by, reason);
  }

  /** A BYE passes, or is sent. With the last dialog the call is over. */
  dialogEnded(call: Call, calleeTag: ByteString, by: CallEnd, reason: string | undefined): void {
    const at = call.dialogs.indexOf(calleeTag);
    if (at < 0) return;
    call.dialogs.splice(at, 1);
    if (call.dialogs.length > 0) call.media?.endDialog(calleeTag);
    else this.end(call, by, reason);
  }

  end(call: Call, by: CallEnd, reason: string | undefined): void {
    if (call.over) return;
    const { media } = call;
    this.#forget(call);
    const ended = this.#parts.now();
    const finish = (legs: readonly object[]) => {
      const { domain } = this.#parts;
      const status = call.status === 0 ? 500 : call.status;
      this.#parts.record({
        callId: readable(call.callId),
        from: call.caller === undefined ? readable(call.from ?? '') : `${call.caller}@${domain}`,
        to: call.callee === undefined ? readable(call.to ?? '') : `${call.callee}@${domain}`,
        caller: call.caller,
        callee: call.callee,
        started: call.started,
        answered: call.answered,
        ended,
        status,
        endedBy: by,
        reason: reason === undefined ? undefined : readable(reason).slice(0, 200),
        media: media?.relayed ? media.engine : 'direct',
        legs: legs.length > 0 ? legs : undefined,
      });
    };
    if (media === undefined) finish([]);
    else media.close().then(finish).catch(this.#parts.fault);
  }

  /** Calls that are up and of which `isOver` says why end; without a BYE, but for those whose media is relayed. */
  sweep(isOver: (call: Call) => string | undefined): void {
    for (const call of this.#calls.values()) {
      const reason = call.answered === undefined ? undefined : isOver(call);
      if (reason === undefined) continue;
      this.#hangUp(call, { cause: 408, text: 'Connection Lost' }, reason);
    }
  }

  /** The server ends. */
  close(): void {
    for (const call of [...this.#calls.values()])
      this.#hangUp(call, { cause: 503, text: 'Server Shutting Down' }, 'shutdown');
  }

  #forget(call: Call): void {
    call.over = true;
    this.#calls.delete(call.id);
    const own = call.caller === undefined ? undefined : this.#byCaller.get(call.caller);
    own?.delete(call);
    if (own?.size === 0) this.#byCaller.delete(call.caller!);
    if (call.answered !== undefined) this.#up -= 1;
    this.#parts.onChange?.(call);
  }
}

/** What a Reason value (RFC 3326) says in words, else all of it. */
export function reasonText(value: ByteString | undefined): string | undefined {
  if (value === undefined) return undefined;
  const text = /;\s*text\s*=\s*"((?:[^"\\]|\\.)*)"/i.exec(value)?.[1];
  return text === undefined ? value : text.replace(/\\(.)/g, '$1');
}

/** `alice@example.test` of a URI; what is no SIP URI as it is. */
function address(text: ByteString): ByteString {
  const uri = tryUri(text);
  if (uri === undefined) return ownText(text.slice(0, 200));
  return ownText(`${uri.user === undefined ? '' : `${uri.user}@`}${uri.host}`.slice(0, 200));
}

function readable(text: ByteString): string {
  return decodeUtf8(text) ?? text;
}
