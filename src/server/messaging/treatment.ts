import type { Element } from '../../protocol/xmpp/element.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';
import { type MessageType, messageType } from '../../protocol/xmpp/stanza.ts';

/** What becomes of a message beside being given to whoever is there. */
export interface Treatment {
  type: MessageType;
  /** Kept in the archives of both sides (XEP-0313 section 5.1). */
  archive: boolean;
  /** Copied to the other devices of both sides (XEP-0280 section 6.1). */
  carbons: boolean;
  /** Waits where nobody is there (XEP-0160). */
  offline: boolean;
  /** It says something to a person: if it cannot reach anybody, its sender is told. */
  content: boolean;
}

/**
 * How a payload is treated. `content`: something for a person to read. `record`: it changes what was said before, or tells that it
 * was seen, and has to be known by every device, whenever it comes. `call`: as a record, but pointless once the call is over.
 * `passing`: true for this moment only.
 */
type Kind = 'content' | 'record' | 'call' | 'passing';

/** By namespace; where it differs within one, by `namespace name`. Whatever is not here is `other`. */
const KINDS: ReadonlyMap<string, Kind> = new Map<string, Kind>([
  [`${NS.CLIENT} body`, 'content'],
  [NS.CHAT_STATES, 'passing'], // XEP-0085
  [`${NS.RECEIPTS} received`, 'record'], // XEP-0184
  [`${NS.MARKERS} received`, 'record'], // XEP-0333
  [`${NS.MARKERS} displayed`, 'record'],
  [`${NS.MARKERS} acknowledged`, 'record'],
  ['urn:xmpp:message-correct:0', 'record'], // XEP-0308
  ['urn:xmpp:message-retract:1', 'record'], // XEP-0424
  ['urn:xmpp:fasten:0', 'record'], // XEP-0422, under older retractions
  ['urn:xmpp:reactions:0', 'record'], // XEP-0444
  ['urn:xmpp:jingle-message:0', 'call'], // XEP-0353
  ['urn:xmpp:jingle-message:0 ringing', 'passing'],
  ['jabber:x:conference', 'content'], // XEP-0249
  // Encrypted: what is inside is not for us to know.
  ['eu.siacs.conversations.axolotl', 'content'], // XEP-0384
  ['urn:xmpp:omemo:2', 'content'],
  ['urn:xmpp:openpgp:0', 'content'], // XEP-0373
]);

/** Says nothing alone: part of a message, or a wish about it. */
const BESIDE: ReadonlySet<string> = new Set([
  `${NS.CLIENT} thread`,
  `${NS.RECEIPTS} request`,
  `${NS.MARKERS} markable`,
  `${NS.HINTS} no-store`,
  `${NS.HINTS} no-permanent-store`,
  `${NS.HINTS} no-copy`,
  `${NS.HINTS} store`,
  `${NS.CARBONS} private`,
  `${NS.SID} origin-id`,
  `${NS.SID} stanza-id`,
  `${NS.DELAY} delay`,
]);

export function treatmentOf(message: Element): Treatment {
  const type = messageType(message);
  // Of rooms (which keep their own archive), news and errors nothing is kept here.
  if (type === 'groupchat' || type === 'headline' || type === 'error')
    return { type, archive: false, carbons: false, offline: false, content: false };
  let content = false;
  let record = false;
  let call = false;
  let other = false;
  let hints: Hints | undefined;
  let private_ = false;
  for (const child of message.children) {
    if (typeof child === 'string') continue;
    const { name, namespace } = child;
    if (namespace === NS.HINTS) hints = { ...hints, [name]: true };
    else if (namespace === NS.CARBONS && name === 'private') private_ = true;
    else if (namespace === NS.MUC_USER) {
      // An invitation is for the account; anything else of a room is a private message to the one device that is in it.
      if (child.child('invite') === undefined) private_ = true;
      else content = true;
    } else {
      const kind = KINDS.get(`${namespace} ${name}`) ?? KINDS.get(namespace);
      if (kind === 'content') content = true;
      else if (kind === 'record') record = true;
      else if (kind === 'call') call = true;
      else if (kind === undefined && namespace !== NS.PUBSUB_EVENT && !BESIDE.has(`${namespace} ${name}`)) other = true;
    }
  }
  const lasting = content || record;
  const store = hints?.store === true;
  const noStore = hints?.['no-store'] === true;
  return {
    type,
    archive: (lasting || call || store) && !noStore && hints?.['no-permanent-store'] !== true,
    carbons: (type === 'chat' || lasting || call) && !private_ && hints?.['no-copy'] !== true,
    offline: (lasting || store || (other && !call)) && !noStore,
    content,
  };
}

/** XEP-0334. */
type Hints = Partial<Record<string, true>>;
