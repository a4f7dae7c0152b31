// Rooms of many (XEP-0045), at rooms.DOMAIN.
import { nativeClock } from '../../transport/clock.ts';
import { primitives } from '../../transport/primitives.ts';
import { Rooms } from '../xmpp/muc/rooms.ts';
import type { Foundation } from './foundation.ts';
import type { MessagingPart } from './messaging.ts';

export function composeRooms(
  { configuration, folder, log, wallClock }: Foundation,
  { xmpp, ids, blockLists }: MessagingPart,
): Promise<Rooms> {
  return Rooms.open({
    ...{ host: xmpp, store: folder.store.messaging, blockLists, ids, clock: nativeClock, wallClock, primitives },
    limits: configuration.limits.rooms,
    onFault: (error) => log.error({ error: String(error) }, 'fault in rooms'),
  });
}
