// biome-ignore-all lint/performance/noBarrelFile: an entry, `import { Messaging } from 'chappe/client/messaging'`
export { ClientError, type ClientErrorCode } from '../errors.ts';
export type { Conversation } from './conversation.ts';
export type { ConversationEvents, Occupant } from './conversation-events.ts';
export type { ChatState, MessageEvent } from './message-event.ts';
export { Messaging, type MessagingEvents, type MessagingOptions } from './messaging.ts';
export type { Room } from './room.ts';
export type { Contact, Presence, Roster, Show } from './roster.ts';
export type { ChatMessage, DeliveryStatus } from './timeline.ts';
export type { Uploadable } from './upload.ts';
export type { TextOptions } from './write-message.ts';
export type { MessagingState } from './xmpp-connection.ts';
