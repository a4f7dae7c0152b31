import { formIn } from '../../../protocol/xmpp/data-form.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { parseJid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { pageRequest } from '../../../protocol/xmpp/result-set.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { ArchiveStore } from '../../../storage/messaging.ts';
import type { ArchivePreferences, ArchiveWishes } from '../../messaging/archive-preferences.ts';
import type { MessagingLimits } from '../../messaging/limits.ts';
import { ARCHIVE_FEATURES, answerArchiveQuery, archiveForm, archiveMetadata, wantedPeer } from '../archive-query.ts';
import { exactArchive } from '../exact-archive.ts';
import type { XmppHost } from '../host.ts';
import type { XmppSession } from '../session.ts';
import { ownersOnly } from './owners-only.ts';

export interface ArchiveModuleOptions {
  archive: ArchiveStore;
  wishes: ArchiveWishes;
  limits: MessagingLimits;
  /** A session has read all of its archive up to that message. */
  onRead: (session: XmppSession, id: string) => void;
}

/** XEP-0313 for accounts: one's own archive, and nobody else's; XEP-0441: what is kept in it. */
export function serveArchive(host: XmppHost, { archive, wishes, limits, onRead }: ArchiveModuleOptions): void {
  for (const feature of ARCHIVE_FEATURES) host.addFeature('account', feature);

  host.handleIq('account', 'query', NS.MAM, async (request) => {
    const owner = ownersOnly(host, request);
    const session = request.session as XmppSession;
    if (request.type === 'get') return archiveForm();
    if (request.payload.attributes['node'] !== undefined) throw new StanzaError('item-not-found');
    const peer = wantedPeer(request.payload);
    const fin = await answerArchiveQuery(request.payload, {
      archive: peer?.resource === undefined ? archive : exactArchive(archive, peer),
      ...{ owner, most: limits.archivePage, to: session.jid.full },
      send: (message) => session.send(message),
    });
    const last = fin.child('set', NS.RSM)?.childText('last') ?? pageRequest(request.payload)?.after;
    if (last !== undefined && isReadOnwards(request.payload)) onRead(session, last);
    return fin;
  });

  host.handleIq('account', 'metadata', NS.MAM, (request) => {
    if (request.type !== 'get') throw new StanzaError('bad-request');
    return archiveMetadata(archive, ownersOnly(host, request));
  });

  host.handleIq('account', 'prefs', NS.MAM, async (request) => {
    const owner = ownersOnly(host, request);
    if (request.type === 'get') return written(await wishes.of(owner));
    const preferences = read(request.payload, limits.blockedAddresses);
    await wishes.save(owner, preferences);
    return written(preferences);
  });
}

/** Of everybody's messages, the oldest first and none left out: only then nothing before the last one is unread. */
function isReadOnwards(query: Element): boolean {
  const filters = formIn(query, NS.MAM)?.values;
  const leavesOut = ['with', 'start', 'ids'].some((name) => filters?.has(name));
  return !leavesOut && pageRequest(query)?.before === undefined;
}

function read(prefs: Element, most: number): ArchivePreferences {
  const { default: otherwise } = prefs.attributes;
  if (otherwise !== 'always' && otherwise !== 'never' && otherwise !== 'roster')
    throw new StanzaError('bad-request', 'default is always, never or roster');
  const addresses = (name: 'always' | 'never') => {
    const elements = prefs.child(name)?.elements('jid') ?? [];
    if (elements.length > most) throw new StanzaError('policy-violation', 'too many addresses');
    return elements.map(({ text }) => {
      const address = parseJid(text.trim());
      if (address === undefined) throw new StanzaError('jid-malformed');
      return address.full;
    });
  };
  return { default: otherwise, always: addresses('always'), never: addresses('never') };
}

function written(preferences: ArchivePreferences): Element {
  const list = (name: 'always' | 'never') =>
    xml(name, NS.MAM, {}, ...preferences[name].map((address) => xml('jid', NS.MAM, {}, address)));
  return xml('prefs', NS.MAM, { default: preferences.default }, list('always'), list('never'));
}
