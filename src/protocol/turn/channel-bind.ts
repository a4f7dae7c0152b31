import { parseXorAddress } from '../stun/attributes.ts';
import { attribute } from '../stun/message.ts';
import { channelNumberOf } from './attributes.ts';
import { FIRST_CHANNEL, LAST_CHANNEL } from './channel-data.ts';
import { installPermission, judgePeer } from './create-permission.ts';
import { CHANNEL_LIFETIME } from './limits.ts';
import { XOR_PEER_ADDRESS } from './numbers.ts';
import type { TurnOutput } from './outputs.ts';
import type { AuthenticatedRequest } from './request.ts';
import { reply, type TurnState } from './state.ts';

/** Receiving a ChannelBind request (RFC 8656 section 12.2). */
export function channelBind(state: TurnState, request: AuthenticatedRequest, now: number): TurnOutput[] {
  const { fiveTuple, message } = request;
  const { allocation } = fiveTuple;
  if (allocation === undefined) return [];
  const refuse = (code: number): TurnOutput[] => [
    reply(fiveTuple, state.answers.error(request, code)),
    { type: 'event', event: { type: 'refused', fiveTuple, code } },
  ];

  // 1. Both attributes, and a number that can be one.
  const number = channelNumberOf(message);
  const value = attribute(message, XOR_PEER_ADDRESS);
  if (number === undefined || value === undefined) return refuse(400);
  if (number < FIRST_CHANNEL || number > LAST_CHANNEL) return refuse(400);
  const peer = parseXorAddress(value, message.transactionId);

  // 2. The number is bound to no other peer, and the peer to no other number.
  const bound = allocation.channels.get(number);
  const ofPeer = allocation.permissions.get(peer.address)?.channels.get(peer.port);
  if (bound !== ofPeer) return refuse(400);

  // 3. A peer of a family that the allocation has, and allowed. (A renewal too: rules can have changed.)
  const judged = judgePeer(state, allocation, peer);
  if (typeof judged === 'number') return refuse(judged);

  // 4. Within the bounds.
  if (bound === undefined && allocation.channels.size >= state.limits.channels) return refuse(508);
  if (!allocation.permissions.has(peer.address) && allocation.permissions.size >= state.limits.permissions)
    return refuse(508);

  // 5. For ten minutes, and a permission with it for five.
  const permission = installPermission(allocation, judged, now);
  const channel = bound ?? { number, permission, port: peer.port, expires: 0 };
  channel.expires = now + CHANNEL_LIFETIME;
  allocation.channels.set(number, channel);
  permission.channels.set(peer.port, channel);
  return [reply(fiveTuple, state.answers.success(request, [])), ...state.schedule(allocation, now)];
}
