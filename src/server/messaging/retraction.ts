import { formatDateTime } from '../../protocol/xmpp/date-time.ts';
import { type Element, xml } from '../../protocol/xmpp/element.ts';
import { escapeAttribute } from '../../protocol/xmpp/escape.ts';
import { parseJid } from '../../protocol/xmpp/jid.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';
import type { ArchiveStore } from '../../storage/messaging.ts';
import { parseStored } from './stored-stanza.ts';

const RETRACT = 'urn:xmpp:message-retract:1';
const CORRECT = 'urn:xmpp:message-correct:0';
/** How far back in a conversation what is taken back is looked for. */
const SEARCHED = 1_000;
const AT_ONCE = 100;

/** The id of what a message takes back (XEP-0424); undefined: it takes nothing back. */
export function retractedId(message: Element): string | undefined {
  return message.child('retract', RETRACT)?.attributes['id'];
}

/**
 * XEP-0424 section 5.1: in one owner's archive, what the author of `retraction` has taken back becomes a tombstone, and so
 * does what has corrected it; what somebody else wrote does not. `archivedAs`: the retraction's own place there.
 */
export async function buryRetracted(
  archive: ArchiveStore,
  place: { owner: string; peer: string; archivedAs: string },
  retraction: Element,
  now: number,
): Promise<void> {
  const { owner, peer, archivedAs } = place;
  const id = retractedId(retraction);
  const author = bareOf(retraction);
  if (id === undefined || id === '') return;
  const written = escapeAttribute(id);
  let beforeId = archivedAs;
  for (let searched = 0; searched < SEARCHED; searched += AT_ONCE) {
    const { messages, complete } = await archive.page({ owner, peer, beforeId, limit: AT_ONCE, backwards: true });
    let found = false;
    for (const row of messages) {
      if (!row.stanza.includes(written)) continue;
      const message = parseStored(row.stanza);
      if (bareOf(message) !== author || !isOrCorrects(message, id)) continue;
      found ||= message.child('replace', CORRECT) === undefined;
      await archive.replace(owner, row.id, tombstone(message, retraction, now).serialize());
    }
    // Corrections are younger than what they correct.
    if (found || complete || messages[0] === undefined) return;
    beforeId = messages[0].id;
  }
}

function isOrCorrects(message: Element, id: string): boolean {
  return (
    message.attributes['id'] === id ||
    message.child('origin-id', NS.SID)?.attributes['id'] === id ||
    message.child('replace', CORRECT)?.attributes['id'] === id
  );
}

/** Who wrote it, when, and that it is gone. */
function tombstone(message: Element, retraction: Element, now: number): Element {
  return message.holding([
    ...message.elements('origin-id', NS.SID),
    xml('retracted', RETRACT, { stamp: formatDateTime(now), id: retraction.attributes['id'] }),
  ]);
}

function bareOf(message: Element): string | undefined {
  return parseJid(message.attributes['from'] ?? '')?.bare;
}
