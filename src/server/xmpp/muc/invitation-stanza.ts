import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import type { Room } from './room.ts';

/** The stanza that the room sends; its password goes with it (also section 9.5, to a new member). */
export function invitation(room: Room, from: Jid, to: Jid, invite: Element | undefined, id?: string): Element {
  const reason = invite?.childText('reason')?.slice(0, room.ports.limits.reasonLength);
  const { password } = room.configuration;
  const thread = invite?.child('continue')?.attributes['thread'];
  return xml(
    'message',
    NS.CLIENT,
    { from: room.jid.bare, to: to.full, id: id ?? room.ports.randomId() },
    xml(
      'x',
      NS.MUC_USER,
      {},
      xml(
        'invite',
        NS.MUC_USER,
        { from: from.bare },
        reason === undefined ? undefined : xml('reason', NS.MUC_USER, {}, reason),
        invite?.child('continue') && xml('continue', NS.MUC_USER, { thread }),
      ),
      password === undefined ? undefined : xml('password', NS.MUC_USER, {}, password),
    ),
  );
}
