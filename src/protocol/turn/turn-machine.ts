import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import type { Primitives } from '../primitives.ts';
import { checkFingerprint } from '../stun/fingerprint.ts';
import { parseStun, type StunMessage } from '../stun/message.ts';
import { coveredByIntegrity } from '../stun/message-integrity.ts';
import { allocate, type Opened, opened } from './allocate.ts';
import type { Allocation, Opening, Reservation } from './allocation.ts';
import { Answers } from './answers.ts';
import type { AddressFamily } from './attributes.ts';
import { authenticate, type TurnCredentials } from './authentication.ts';
import { channelBind } from './channel-bind.ts';
import { createPermission } from './create-permission.ts';
import { Failures } from './failures.ts';
import type { FiveTuple } from './five-tuple.ts';
import type { TurnLimits } from './limits.ts';
import { Nonces } from './nonce.ts';
import { ALLOCATE, CHANNEL_BIND, CREATE_PERMISSION, REFRESH } from './numbers.ts';
import type { TurnOutput } from './outputs.ts';
import type { PeerPolicy } from './peer-policy.ts';
import { refresh } from './refresh.ts';
import type { AuthenticatedRequest, TurnRequest } from './request.ts';
import { reply, TurnState } from './state.ts';
import { notUnderstoodIn } from './understood.ts';

export interface TurnMachineOptions {
  /** Byte string; the realm of the credentials. */
  realm: ByteString;
  credentials: TurnCredentials;
  primitives: Primitives;
  policy: PeerPolicy;
  limits: TurnLimits;
  families: Iterable<AddressFamily>;
  /** See TurnState. */
  mtu?: number | undefined;
  isMediaPort?: ((port: number) => boolean) | undefined;
  software?: ByteString;
}

type Procedure = (state: TurnState, request: AuthenticatedRequest, now: number) => TurnOutput[];

const PROCEDURES = new Map<number, Procedure>([
  [ALLOCATE, allocate],
  [REFRESH, refresh],
  [CREATE_PERMISSION, createPermission],
  [CHANNEL_BIND, channelBind],
]);

/**
 * A TURN server (RFC 8656) without sockets, clock or randomness of its own: requests in, outputs out. Packets to be relayed
 * do not pass through here but through relay-path.ts, over what this keeps.
 */
export class TurnMachine {
  readonly state: TurnState;
  readonly #options: TurnMachineOptions;
  readonly #nonces: Nonces;
  readonly #failures: Failures;

  constructor(options: TurnMachineOptions) {
    const { primitives, limits, policy, mtu, isMediaPort, realm, software } = options;
    this.#options = options;
    this.#nonces = new Nonces(primitives, limits.nonceLifetime);
    this.#failures = new Failures(limits.failures);
    const answers = new Answers({
      primitives,
      nonces: this.#nonces,
      realm,
      ...(software !== undefined && { software }),
    });
    const families = new Set(options.families);
    this.state = new TurnState({ primitives, limits, answers, policy, families, mtu, isMediaPort });
  }

  /** Wrong passwords since the start. */
  get failures(): number {
    return this.#failures.total;
  }

  /**
   * One STUN message that is no Binding. Undefined: it is not for a TURN server and gets no answer (no STUN, a wrong
   * fingerprint, an unknown method, an answer); on a stream that means a peer that speaks something else.
   */
  receive(octets: Uint8Array, fiveTuple: FiveTuple, now: number): TurnOutput[] | undefined {
    let parsed: StunMessage;
    try {
      parsed = parseStun(octets);
    } catch (error) {
      if (error instanceof ProtocolError) return undefined;
      throw error;
    }
    const fingerprint = checkFingerprint(octets);
    const procedure = PROCEDURES.get(parsed.method);
    if (fingerprint === 'wrong' || parsed.class !== 'request' || procedure === undefined) return undefined;

    const { answers } = this.state;
    const message = coveredByIntegrity(parsed);
    const request: TurnRequest = { octets, message, fiveTuple, fingerprint: fingerprint === 'right' };
    const authenticated = authenticate(
      request,
      { ...this.#options, nonces: this.#nonces, failures: this.#failures },
      now,
    );
    if (authenticated === 400) return [reply(fiveTuple, answers.bare(request, 400))];
    if (typeof authenticated === 'number') return [reply(fiveTuple, answers.challenge(request, authenticated, now))];
    try {
      return this.#carryOut(procedure, authenticated, now);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return [reply(fiveTuple, answers.error(authenticated, error.answer.stun ?? 400))];
    }
  }

  #carryOut(procedure: Procedure, request: AuthenticatedRequest, now: number): TurnOutput[] {
    const { answers } = this.state;
    const { fiveTuple, message, account } = request;
    if (procedure !== allocate) {
      // RFC 8656 section 5: within an allocation (437), and by the one who made it (441).
      const { allocation } = fiveTuple;
      if (allocation === undefined) return [reply(fiveTuple, answers.error(request, 437))];
      // An ephemeral username changes with each credential; the account it stands for must not.
      if (allocation.usage.account !== account) return [reply(fiveTuple, answers.error(request, 441))];
      const unknown = notUnderstoodIn(message);
      if (unknown.length > 0) return [reply(fiveTuple, answers.unknown(request, unknown))];
    }
    return procedure(this.state, request, now);
  }

  /** The driver has carried out an openRelays output. */
  opened(opening: Opening, made: Opened, now: number): TurnOutput[] {
    return opened(this.state, opening, made, now);
  }

  /** The client's connection is gone, and its allocation with it (RFC 8656 section 8, last paragraph). */
  closed(fiveTuple: FiveTuple): TurnOutput[] {
    if (fiveTuple.opening !== undefined) fiveTuple.opening.abandoned = true;
    return fiveTuple.allocation === undefined ? [] : this.state.end(fiveTuple.allocation, 'closed');
  }

  /** A timer that an output has set is due. */
  timer(subject: Allocation | Reservation, now: number): TurnOutput[] {
    if (subject.kind === 'reservation') {
      return this.state.endReservation(subject) ? [this.state.closeRelay(subject.relay)] : [];
    }
    if (!this.state.allocations.has(subject)) return [];
    if (subject.expires <= now) return this.state.end(subject, 'expired');
    for (const { number, permission, port, expires } of subject.channels.values()) {
      if (expires > now) continue;
      subject.channels.delete(number);
      permission.channels.delete(port);
    }
    for (const permission of subject.permissions.values()) {
      if (permission.expires <= now) permission.active = false;
      if (!permission.active && permission.channels.size === 0) subject.removePermission(permission);
    }
    subject.due = Number.POSITIVE_INFINITY;
    return this.state.schedule(subject, now);
  }
}
