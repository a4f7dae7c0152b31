import type { XmlElement } from '@xmpp/client';
import { bareOf, resourceOf } from './address.ts';
import { NS } from './namespaces.ts';

export type ChatState = 'active' | 'composing' | 'paused' | 'inactive' | 'gone';

/** What a message stanza says, and where it belongs. */
export interface MessageEvent {
  kind:
    | 'text'
    /** XEP-0308: `target` is replaced by `text`. */
    | 'correction'
    /** XEP-0424, or XEP-0425 when a moderator did it. */
    | 'retraction'
    /** XEP-0444: these, instead of whatever the sender had put there before. */
    | 'reactions'
    /** XEP-0184: `target` has arrived. */
    | 'receipt'
    /** XEP-0333: `target` has been seen. */
    | 'read'
    | 'typing'
    /** A room's topic (XEP-0045 section 8.1): `text`. */
    | 'subject'
    /** It could not be delivered: `target` is what was sent. */
    | 'failure';
  /** The other side's bare address: the conversation it belongs to. In a room, the room's. */
  peer: string;
  /** The sender's bare address; in a room `room/nickname`. */
  from: string;
  /** We sent it, from this device or another. */
  outgoing: boolean;
  groupchat: boolean;
  /** The sender's id for it. */
  id: string | undefined;
  /** XEP-0359: the id in the archive, ours or the room's, vouched for by whoever keeps that archive. */
  archiveId: string | undefined;
  time: Date;
  text: string;
  /** The id of the message this one is about. */
  target: string | undefined;
  /** XEP-0461. */
  replyTo: string | undefined;
  emoji: string[];
  state: ChatState | undefined;
  /** URLs of files (XEP-0066). */
  files: Array<{ url: string; description: string | undefined }>;
  /** The sender would like to know that it arrived. */
  wantsReceipt: boolean;
}

/** Whose word counts: our own bare address, for ids and outgoing copies. */
export interface ReadContext {
  /** Our bare address. */
  self: string;
  /** Our nickname, in a room we are in. */
  nickname?: string | undefined;
  /** When it came from an archive or was carried as a copy. */
  time?: Date | undefined;
  archiveId?: string | undefined;
}

/** undefined: nothing in it is for a person. */
export function readMessage(
  stanza: XmlElement,
  { self, nickname, time, archiveId }: ReadContext,
): MessageEvent | undefined {
  const from = stanza.attrs['from'] ?? self;
  const to = stanza.attrs['to'] ?? self;
  const groupchat = stanza.attrs['type'] === 'groupchat';
  const outgoing = groupchat ? resourceOf(from) === nickname && nickname !== undefined : bareOf(from) === self;
  const peer = bareOf(outgoing && !groupchat ? to : from);
  const event: MessageEvent = {
    kind: 'text',
    peer,
    from: groupchat ? from : bareOf(from),
    outgoing,
    groupchat,
    id: stanza.attrs['id'],
    archiveId: archiveId ?? stableId(stanza, groupchat ? peer : self),
    time: time ?? delayOf(stanza, groupchat ? peer : self) ?? new Date(),
    text: stanza.getChildText('body') ?? '',
    target: undefined,
    replyTo: stanza.getChild('reply', NS.REPLY)?.attrs['id'],
    emoji: [],
    state: chatStateOf(stanza),
    files: stanza.getChildren('x', NS.OOB).flatMap((x) => {
      const url = x.getChildText('url');
      return url === null ? [] : [{ url, description: x.getChildText('desc') ?? undefined }];
    }),
    wantsReceipt: stanza.getChild('request', NS.RECEIPTS) !== undefined,
  };
  return classify(event, stanza);
}

function classify(event: MessageEvent, stanza: XmlElement): MessageEvent | undefined {
  const about = (kind: MessageEvent['kind'], target: string | undefined) =>
    target === undefined ? undefined : { ...event, kind, target };
  if (stanza.attrs['type'] === 'error') return about('failure', event.id);
  const replaced = stanza.getChild('replace', NS.CORRECT)?.attrs['id'];
  if (replaced !== undefined && event.text !== '') return about('correction', replaced);
  const retract = stanza.getChild('retract', NS.RETRACT);
  if (retract) return about('retraction', retract.attrs['id']);
  const reactions = stanza.getChild('reactions', NS.REACTIONS);
  if (reactions) {
    const emoji = reactions.getChildren('reaction').map((reaction) => reaction.text());
    return (
      about('reactions', reactions.attrs['id']) && { ...event, kind: 'reactions', target: reactions.attrs['id'], emoji }
    );
  }
  const received = stanza.getChild('received', NS.RECEIPTS);
  if (received) return about('receipt', received.attrs['id']);
  const displayed = stanza.getChild('displayed', NS.MARKERS);
  if (displayed) return about('read', displayed.attrs['id']);
  const subject = stanza.getChild('subject');
  if (event.groupchat && subject && stanza.getChild('body') === undefined)
    return { ...event, kind: 'subject', text: subject.text() };
  if (event.text !== '') return event;
  return event.state === undefined ? undefined : { ...event, kind: 'typing' };
}

/** Only the archive's keeper may say an id of its archive (XEP-0359 section 6). */
function stableId(stanza: XmlElement, keeper: string): string | undefined {
  return stanza.getChildren('stanza-id', NS.SID).find((id) => id.attrs['by'] === keeper)?.attrs['id'];
}

/** When a server or room held it back (XEP-0203); what another says of time is not believed. */
function delayOf(stanza: XmlElement, keeper: string): Date | undefined {
  const domain = keeper.slice(keeper.indexOf('@') + 1);
  const delay = stanza
    .getChildren('delay', NS.DELAY)
    .find(({ attrs }) => attrs['from'] === keeper || attrs['from'] === domain);
  const time = new Date(delay?.attrs['stamp'] ?? Number.NaN);
  return Number.isNaN(time.getTime()) ? undefined : time;
}

const CHAT_STATES = new Set<string>(['active', 'composing', 'paused', 'inactive', 'gone']);

function chatStateOf(stanza: XmlElement): ChatState | undefined {
  for (const child of stanza.getChildElements())
    if (child.getNS() === NS.CHAT_STATES && CHAT_STATES.has(child.name)) return child.name as ChatState;
  return undefined;
}
