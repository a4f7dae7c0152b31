import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { nickKey, type Occupant } from './occupants.ts';
import type { Room } from './room.ts';

/** Characters that show nothing, or turn text around: a nickname of them alone, or with them, deceives (section 17.1). */
const INVISIBLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]/u;
/** Joiners within emoji and within words of some scripts are how these are written. */
const JOINERS = /[\u200c\u200d]/gu;

/** Refuses a nickname that is empty, invisible or too long, with `not-acceptable`. */
export function checkNick(nick: string, most: number): void {
  if (nick.length > most) throw new StanzaError('not-acceptable', 'The nickname is too long.', { type: 'cancel' });
  const visible = nick.replace(JOINERS, '');
  if (nickKey(visible) === '' || INVISIBLE.test(visible))
    throw new StanzaError('not-acceptable', 'The nickname is empty or has invisible characters.', { type: 'cancel' });
}

/**
 * Refuses, with `conflict`, a nickname that somebody else uses or has reserved (section 7.2.8). The answer is the same
 * person's occupant of that nickname, whom another client may join.
 */
export function claimNick(room: Room, nick: string, jid: Jid): Occupant | undefined {
  checkNick(nick, room.ports.limits.nickLength);
  const reserved = room.affiliations.reservedBy(nick);
  const present = room.occupants.conflicting(nick);
  if ((reserved !== undefined && reserved !== jid.bare) || (present !== undefined && present.account !== jid.bare))
    throw new StanzaError('conflict', 'Somebody else has that nickname.');
  return present;
}
