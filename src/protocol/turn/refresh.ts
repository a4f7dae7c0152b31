import type { StunAttribute } from '../stun/message.ts';
import { lifetime, lifetimeOf, requestedFamilyOf } from './attributes.ts';
import type { TurnOutput } from './outputs.ts';
import type { AuthenticatedRequest } from './request.ts';
import { reply, type TurnState } from './state.ts';

/** Receiving a Refresh request (RFC 8656 section 8.2). Whether there is an allocation, and whose, has been checked. */
export function refresh(state: TurnState, request: AuthenticatedRequest, now: number): TurnOutput[] {
  const { fiveTuple, message } = request;
  const { allocation } = fiveTuple;
  if (allocation === undefined) return [];
  const success = (attributes: StunAttribute[]) => reply(fiveTuple, state.answers.success(request, attributes));

  // 1. A family that the allocation does not have.
  const family = requestedFamilyOf(message);
  const relay = family === undefined || family === 'unknown' ? undefined : allocation.relayOf(family);
  if (family !== undefined && relay === undefined) return [reply(fiveTuple, state.answers.error(request, 443))];

  // 2. How long: zero as it is, else within the bounds of an Allocate request.
  const { defaultLifetime, maxLifetime } = state.limits;
  const asked = lifetimeOf(message);
  const seconds = asked === 0 ? 0 : Math.min(Math.max(asked ?? 0, defaultLifetime), maxLifetime);

  // 3. Zero deletes the allocation, or only one of its two addresses.
  if (seconds === 0) {
    if (relay === undefined || allocation.relays.length === 1)
      return [success([lifetime(0)]), ...state.end(allocation, 'deleted')];
    for (const permission of [...allocation.permissions.values()]) {
      if (permission.relay !== relay) continue;
      for (const { number } of permission.channels.values()) allocation.channels.delete(number);
      allocation.removePermission(permission);
    }
    allocation.relays.splice(allocation.relays.indexOf(relay), 1);
    return [success([lifetime(0)]), state.closeRelay(relay)];
  }

  // 4. Else it lives so long from now.
  allocation.expires = now + seconds * 1000;
  return [success([lifetime(seconds)]), ...state.schedule(allocation, now)];
}
