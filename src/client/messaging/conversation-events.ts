import type { ChatState } from './message-event.ts';
import type { Presence } from './roster.ts';
import type { ChatMessage } from './timeline.ts';

/** Who is in a room. */
export interface Occupant {
  nickname: string;
  /** Their real address, where the room tells. */
  address: string | undefined;
  role: 'visitor' | 'participant' | 'moderator' | 'none';
  affiliation: 'outcast' | 'none' | 'member' | 'admin' | 'owner';
  presence: Presence;
}

/** What a conversation tells; the second half is a room's. */
export interface ConversationEvents {
  /** A message is new (also one found in the history) or has changed. */
  message: ChatMessage;
  /** Somebody writes, or has stopped to. In a room `from` is `room/nickname`. */
  typing: { from: string; state: ChatState };
  /** Who is there, after any change. */
  occupants: readonly Occupant[];
  subject: string;
  /** We are not in it any more: left, kicked, banned, or the room is gone. */
  left: { reason: string | undefined; by: 'us' | 'kick' | 'ban' | 'destroyed' };
}
