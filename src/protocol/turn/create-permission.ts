import { addressOctets } from '../stun/address.ts';
import { parseXorAddress, type TransportAddress } from '../stun/attributes.ts';
import type { Allocation } from './allocation.ts';
import { PERMISSION_LIFETIME } from './limits.ts';
import { XOR_PEER_ADDRESS } from './numbers.ts';
import type { TurnOutput } from './outputs.ts';
import type { Permission } from './permission.ts';
import type { AuthenticatedRequest } from './request.ts';
import { reply, type TurnState } from './state.ts';

/** Receiving a CreatePermission request (RFC 8656 section 10.2). All of its peers get one, or none. */
export function createPermission(state: TurnState, request: AuthenticatedRequest, now: number): TurnOutput[] {
  const { fiveTuple, message } = request;
  const { allocation } = fiveTuple;
  if (allocation === undefined) return [];
  const refuse = (code: number): TurnOutput[] => [
    reply(fiveTuple, state.answers.error(request, code)),
    { type: 'event', event: { type: 'refused', fiveTuple, code } },
  ];

  // 1. One peer at least, and none malformed.
  const peers = message.attributes
    .filter(({ type }) => type === XOR_PEER_ADDRESS)
    .map(({ value }) => parseXorAddress(value, message.transactionId));
  if (peers.length === 0) return refuse(400);

  // 2. Each of a family that the allocation has, and allowed.
  const judged = peers.map((peer) => judgePeer(state, allocation, peer));
  for (const each of judged) if (typeof each === 'number') return refuse(each);
  const fresh = judged.filter((each) => typeof each !== 'number' && !allocation.permissions.has(each.address));
  if (
    new Set(fresh.map((each) => (each as Permission).address)).size >
    state.limits.permissions - allocation.permissions.size
  )
    return refuse(508);

  // 3. For five minutes from now.
  for (const each of judged) installPermission(allocation, each as Permission, now);
  return [reply(fiveTuple, state.answers.success(request, [])), ...state.schedule(allocation, now)];
}

/**
 * What a permission for that peer would be, not yet installed; or why there is none (443, 403).
 *
 * This host's own addresses are refused, but for its relayed addresses (two clients of one server reach each other through
 * them) and its media: such a peer must name the port of one. An address alone would open every port of this host.
 */
export function judgePeer(state: TurnState, allocation: Allocation, peer: TransportAddress): Permission | 403 | 443 {
  const octets = addressOctets(peer.address) as Uint8Array;
  const relay = allocation.relayOf(octets.length === 4 ? 4 : 6);
  if (relay === undefined) return 443;
  const judgement = state.policy.judge(octets);
  if (judgement === 'denied') return 403;
  if (judgement === 'own' && state.relayAt(peer.address, peer.port) === undefined && !state.isMediaPort(peer.port))
    return 403;
  return {
    address: peer.address,
    octets,
    relay,
    relays: state.relays.get(peer.address),
    own: judgement === 'own',
    active: false,
    expires: 0,
    channels: new Map(),
  };
}

/** The permission, new or renewed. */
export function installPermission(allocation: Allocation, judged: Permission, now: number): Permission {
  let permission = allocation.permissions.get(judged.address);
  if (permission === undefined) {
    permission = judged;
    allocation.addPermission(judged);
  }
  permission.active = true;
  permission.expires = now + PERMISSION_LIFETIME;
  return permission;
}
