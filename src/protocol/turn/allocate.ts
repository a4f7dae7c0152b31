import { text, XOR_MAPPED_ADDRESS, xorAddress } from '../stun/attributes.ts';
import { attribute, type StunAttribute } from '../stun/message.ts';
import { Allocation, type Opening, type Reservation } from './allocation.ts';
import {
  type AddressFamily,
  additionalFamilyOf,
  addressErrorCode,
  evenPortOf,
  lifetime,
  lifetimeOf,
  octetsOf,
  RESERVATION_TOKEN_LENGTH,
  requestedFamilyOf,
  requestedTransportOf,
  reservationTokenOf,
} from './attributes.ts';
import { RESERVATION_LIFETIME } from './limits.ts';
import { DONT_FRAGMENT, RESERVATION_TOKEN, UDP_PROTOCOL, XOR_RELAYED_ADDRESS } from './numbers.ts';
import type { TurnOutput } from './outputs.ts';
import type { Relay } from './relay.ts';
import type { AuthenticatedRequest } from './request.ts';
import { reply, type TurnState } from './state.ts';
import { notUnderstoodIn } from './understood.ts';

/** What the driver made of an opening: at least one relayed address, or none and nothing then is open. */
export interface Opened {
  relays: Relay[];
  /** The port after an even one, where it was asked for. */
  reserved?: Relay;
}

/** Receiving an Allocate request (RFC 8656 section 7.2; its step 1, authentication, is done). */
export function allocate(state: TurnState, request: AuthenticatedRequest, now: number): TurnOutput[] {
  const { fiveTuple, message } = request;
  const refuse = (code: number, more?: StunAttribute[]): TurnOutput[] => [
    reply(fiveTuple, state.answers.error(request, code, more)),
    { type: 'event', event: { type: 'refused', fiveTuple, code } },
  ];

  // 2. The five-tuple is in use: 437, unless this is the same request again.
  const transactionId = text(message.transactionId);
  if (fiveTuple.opening !== undefined)
    return text(fiveTuple.opening.request.message.transactionId) === transactionId ? [] : refuse(437);
  if (fiveTuple.allocation !== undefined)
    return fiveTuple.allocation.transactionId === transactionId
      ? [reply(fiveTuple, fiveTuple.allocation.answer)]
      : refuse(437);

  // What must be understood and is not (RFC 8489 section 6.3.1). 4. DONT-FRAGMENT, where the system does not do it.
  const unknown = notUnderstoodIn(message);
  if (state.mtu === undefined && attribute(message, DONT_FRAGMENT) !== undefined) unknown.push(DONT_FRAGMENT);
  if (unknown.length > 0) return [reply(fiveTuple, state.answers.unknown(request, unknown))];

  // 3. Only UDP is relayed.
  const transport = requestedTransportOf(message);
  if (transport === undefined) return refuse(400);
  if (transport !== UDP_PROTOCOL) return refuse(442);

  // 5. A token excludes what else would choose the address.
  const token = reservationTokenOf(message);
  const evenPort = evenPortOf(message);
  const family = requestedFamilyOf(message);
  const additional = additionalFamilyOf(message);
  let reservation: Reservation | undefined;
  if (token !== undefined) {
    if (evenPort !== undefined || family !== undefined || additional !== undefined) return refuse(400);
    reservation = state.reservations.get(text(token));
    if (reservation === undefined || reservation.usage.account !== request.account) return refuse(508);
  }

  // 6 to 9. Which families. The additional one can only be IPv6, beside IPv4 which is not named.
  if (family !== undefined && additional !== undefined) return refuse(400);
  if (additional !== undefined && (additional !== 6 || evenPort?.reserve === true)) return refuse(400);
  if (family === 'unknown' || (family !== undefined && !state.families.has(family))) return refuse(440);
  const wanted: AddressFamily[] = additional === undefined ? [family ?? 4] : [4, 6];
  if (reservation === undefined && !wanted.some((each) => state.families.has(each))) return refuse(440);

  const { defaultLifetime, maxLifetime } = state.limits;
  const seconds = Math.min(Math.max(lifetimeOf(message) ?? 0, defaultLifetime), maxLifetime);

  // 10. Quotas. (From here on nothing throws: a place is taken.)
  if (reservation !== undefined) state.endReservation(reservation);
  const usage = state.take(request.account, fiveTuple.address);
  if (typeof usage === 'string') {
    // The token's port came from another address, which had room for it; this one has not, and the token was used.
    const lost: TurnOutput[] =
      reservation === undefined
        ? []
        : [{ type: 'clearTimer', subject: reservation }, state.closeRelay(reservation.relay)];
    return [...lost, ...refuse(usage === 'server' ? 508 : 486)];
  }
  const reserveNext = evenPort?.reserve ? state.take(request.account, fiveTuple.address) : undefined;
  if (typeof reserveNext === 'string') {
    state.giveBack(usage, fiveTuple.address);
    return refuse(reserveNext === 'server' ? 508 : 486);
  }

  // 11. (300 Try Alternate is for several servers.) 12. The relayed address, which the driver opens.
  const opening: Opening = {
    request,
    usage,
    families: wanted.filter((each) => state.families.has(each)),
    evenPort: evenPort !== undefined,
    reserveNext,
    seconds,
    abandoned: false,
  };
  fiveTuple.opening = opening;
  if (reservation === undefined) return [{ type: 'openRelays', opening }];
  return [
    { type: 'clearTimer', subject: reservation },
    ...opened(state, opening, { relays: [reservation.relay] }, now),
  ];
}

/** The rest of section 7.2, once the driver has opened what can be opened. */
export function opened(state: TurnState, opening: Opening, made: Opened, now: number): TurnOutput[] {
  const { request, usage, reserveNext } = opening;
  const { fiveTuple, message } = request;
  const { relays, reserved } = made;
  fiveTuple.opening = undefined;
  if (reserveNext !== undefined && (reserved === undefined || opening.abandoned))
    state.giveBack(reserveNext, fiveTuple.address);
  if (opening.abandoned || relays.length === 0) {
    state.giveBack(usage, fiveTuple.address);
    const closing = [...relays, ...(reserved ? [reserved] : [])].map((relay) => state.closeRelay(relay));
    if (opening.abandoned) return closing;
    return [
      ...closing,
      reply(fiveTuple, state.answers.error(request, 508)),
      { type: 'event', event: { type: 'refused', fiveTuple, code: 508 } },
    ];
  }

  const outputs: TurnOutput[] = [];
  const { transactionId } = message;
  const attributes = relays.map((relay) => xorAddress(XOR_RELAYED_ADDRESS, relay, transactionId));
  attributes.push(lifetime(opening.seconds));
  if (reserved !== undefined && reserveNext !== undefined) {
    const reservation: Reservation = {
      kind: 'reservation',
      token: state.primitives.random(RESERVATION_TOKEN_LENGTH),
      relay: reserved,
      usage: reserveNext,
      clientAddress: fiveTuple.address,
      expires: now + RESERVATION_LIFETIME,
    };
    state.addRelay(reserved);
    state.reservations.set(reservation.token, reservation);
    attributes.push({ type: RESERVATION_TOKEN, value: octetsOf(reservation.token) });
    outputs.push({ type: 'setTimer', subject: reservation, delay: RESERVATION_LIFETIME });
  }
  attributes.push(xorAddress(XOR_MAPPED_ADDRESS, fiveTuple, transactionId));
  // Two families were asked for and one is not to be had (RFC 8656 section 7.2, its last steps).
  if (wantsBoth(request))
    for (const family of [4, 6] as const)
      if (!relays.some((relay) => relay.family === family))
        attributes.push(addressErrorCode(family, state.families.has(family) ? 508 : 440));

  const allocation = new Allocation({
    fiveTuple,
    usage,
    relays,
    transactionId: text(transactionId),
    answer: state.answers.success(request, attributes),
    expires: now + opening.seconds * 1000,
  });
  for (const relay of relays) {
    relay.allocation = allocation;
    state.addRelay(relay);
  }
  fiveTuple.allocation = allocation;
  state.allocations.add(allocation);
  return [
    ...outputs,
    ...state.schedule(allocation, now),
    { type: 'event', event: { type: 'allocated', allocation } },
    reply(fiveTuple, allocation.answer),
  ];
}

function wantsBoth({ message }: AuthenticatedRequest): boolean {
  return additionalFamilyOf(message) !== undefined;
}
