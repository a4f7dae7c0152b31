import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { parseJid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { RosterItem } from '../../../storage/messaging.ts';
import type { MessagingLimits } from '../../messaging/limits.ts';
import type { Rosters } from '../../messaging/rosters.ts';
import type { Subscriptions } from '../../messaging/subscriptions.ts';
import type { IqRequest, XmppHost } from '../host.ts';
import type { XmppSession } from '../session.ts';
import type { XmppServer } from '../xmpp-server.ts';
import { ownersOnly } from './owners-only.ts';

export interface RosterOptions {
  rosters: Rosters;
  subscriptions: Subscriptions;
  limits: MessagingLimits;
}

/** RFC 6121 sections 2.6.1 and 3.4. */
const VERSIONING = xml('ver', 'urn:xmpp:features:rosterver');
const PRE_APPROVAL = xml('sub', 'urn:xmpp:features:pre-approval');

/** RFC 6121 section 2: the contact list, as clients read and change it. */
export function serveRoster(host: XmppServer, options: RosterOptions): void {
  host.addStreamFeature(() => VERSIONING);
  host.addStreamFeature(() => PRE_APPROVAL);
  const push = (owner: string, jid: string, item: RosterItem | undefined, version: number) => {
    const [account = ''] = owner.split('@');
    let query: Element | undefined;
    for (const session of host.sessions(account)) {
      if (!session.interested) continue;
      query ??= xml('query', NS.ROSTER, { ver: String(version) }, itemElement(item) ?? removed(jid));
      sendPush(session, query, version);
    }
  };
  options.subscriptions.listen({ changed: push, deliver: () => {} });
  host.handleIq('account', 'query', NS.ROSTER, (request) =>
    request.type === 'get' ? read(host, options, request) : change(host, options, request, push),
  );
}

/** Section 2.1.6: from the account itself, which is what no address means. */
function sendPush(session: XmppSession, query: Element, version: number): void {
  session.send(xml('iq', NS.CLIENT, { type: 'set', id: `push-${version}`, to: session.jid.full }, query));
}

/** Sections 2.1.3 and 2.6. */
async function read(host: XmppHost, { rosters }: RosterOptions, request: IqRequest): Promise<Element | undefined> {
  const { session, from, to, payload } = request;
  if (session === undefined || from.bare !== to.bare) throw new StanzaError('forbidden');
  if (!host.accountExists(session.account)) return xml('query', NS.ROSTER);
  const roster = await rosters.of(to.bare);
  session.interested = true;
  const { ver } = payload.attributes;
  const known = ver !== undefined && /^\d{1,15}$/.test(ver) ? roster.since(Number(ver)) : undefined;
  if (known === undefined) {
    const items: Element[] = [];
    for (const item of roster.items) if (item.listed) items.push(itemElement(item) as Element);
    return xml('query', NS.ROSTER, { ver: ver === undefined ? undefined : String(roster.version) }, ...items);
  }
  // After the empty result, as it is then: nothing is pushed that was overtaken meanwhile.
  setImmediate(() => {
    for (const { jid, version, item } of roster.since(Number(ver)) ?? [])
      sendPush(session, xml('query', NS.ROSTER, { ver: String(version) }, itemElement(item) ?? removed(jid)), version);
  });
  return undefined;
}

/** Sections 2.3 to 2.5. */
async function change(
  host: XmppHost,
  { rosters, subscriptions, limits }: RosterOptions,
  request: IqRequest,
  push: (owner: string, jid: string, item: RosterItem, version: number) => void,
): Promise<undefined> {
  const owner = ownersOnly(host, request);
  const elements = request.payload.elements();
  const [wanted] = elements;
  if (wanted === undefined || elements.length > 1 || !wanted.is('item', NS.ROSTER))
    throw new StanzaError('bad-request', 'one item');
  const contact = parseJid(wanted.attributes['jid'] ?? '');
  if (contact === undefined) throw new StanzaError('jid-malformed');
  const jid = contact.bare;
  if (wanted.attributes['subscription'] === 'remove') {
    if (!(await subscriptions.remove(owner, jid))) throw new StanzaError('item-not-found');
    return undefined;
  }
  if (jid === owner) throw new StanzaError('not-allowed', 'nobody is his own contact');
  const { name } = wanted.attributes;
  const groups = wanted.elements('group').map((group) => group.text);
  if (new Set(groups).size < groups.length) throw new StanzaError('bad-request', 'the same group twice');
  const tooLong = (text: string) => text.length > limits.rosterNameCharacters;
  if (
    groups.length > limits.rosterGroups ||
    groups.some((group) => group === '' || tooLong(group)) ||
    tooLong(name ?? '')
  )
    throw new StanzaError('not-acceptable', 'a name or group is empty, too long, or one too many');
  const roster = await rosters.of(owner);
  const before = roster.get(jid);
  if (before === undefined && roster.size >= limits.rosterItems)
    throw new StanzaError('resource-constraint', 'the roster is full');
  const { item, durable } = rosters.put(roster, { ...(before ?? roster.blank(jid)), name, groups, listed: true });
  await durable;
  push(owner, jid, item, item.version);
  return undefined;
}

/** Section 2.1.2. */
function itemElement(item: RosterItem | undefined): Element | undefined {
  if (item === undefined) return undefined;
  const { jid, name, subscription, pendingOut, approved, groups } = item;
  return xml(
    'item',
    NS.ROSTER,
    {
      ...{ jid, name: name === '' ? undefined : name, subscription },
      ask: pendingOut ? 'subscribe' : undefined,
      approved: approved ? 'true' : undefined,
    },
    ...groups.map((group) => xml('group', NS.ROSTER, {}, group)),
  );
}

function removed(jid: string): Element {
  return xml('item', NS.ROSTER, { jid, subscription: 'remove' });
}
