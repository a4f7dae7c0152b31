import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { type Jid, parseJid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { BlockLists } from '../../messaging/block-lists.ts';
import type { MessagingLimits } from '../../messaging/limits.ts';
import type { IqRequest, XmppHost } from '../host.ts';
import type { PresenceBroadcast } from '../presence-broadcast.ts';
import { ownersOnly } from './owners-only.ts';

export interface BlockingOptions {
  blockLists: BlockLists;
  presence: PresenceBroadcast;
  limits: MessagingLimits;
}

/** XEP-0191: an account's block list, as its clients read and change it. Routing and the inbox keep to it. */
export function serveBlockList(host: XmppHost, { blockLists, presence, limits }: BlockingOptions): void {
  host.addFeature('server', NS.BLOCKING);
  host.addFeature('account', NS.BLOCKING);

  // Section 3.2.
  host.handleIq('account', 'blocklist', NS.BLOCKING, async (request) => {
    if (request.type !== 'get') throw new StanzaError('bad-request');
    const list = await blockLists.of(ownersOnly(host, request));
    if (request.session !== undefined) request.session.blockListRequested = true;
    return xml('blocklist', NS.BLOCKING, {}, ...items(list));
  });

  // Section 3.3.
  host.handleIq('account', 'block', NS.BLOCKING, async (request) => {
    const { owner, addresses } = read(request);
    if (addresses.length === 0) throw new StanzaError('bad-request', 'whom?');
    const before = await blockLists.of(owner);
    const fresh = addresses.filter(({ full }) => !before.has(full));
    if (before.size + fresh.length > limits.blockedAddresses)
      throw new StanzaError('policy-violation', 'the block list is full');
    presence.hide(request.from, fresh);
    await blockLists.save(owner, [...before, ...fresh.map(({ full }) => full)]);
    push(owner, xml('block', NS.BLOCKING, {}, ...items(addresses.map(({ full }) => full))));
    return undefined;
  });

  // Sections 3.4 and 3.5.
  host.handleIq('account', 'unblock', NS.BLOCKING, async (request) => {
    const { owner, addresses } = read(request);
    const before = await blockLists.of(owner);
    const gone = new Set(addresses.length === 0 ? before : addresses.map(({ full }) => full));
    await blockLists.save(
      owner,
      [...before].filter((address) => !gone.has(address)),
    );
    const shown = [...gone].filter((address) => before.has(address)).map((address) => parseJid(address));
    presence.show(
      request.from,
      shown.filter((address) => address !== undefined),
    );
    push(owner, xml('unblock', NS.BLOCKING, {}, ...items(addresses.map(({ full }) => full))));
    return undefined;
  });

  function read(request: IqRequest): { owner: string; addresses: Jid[] } {
    const owner = ownersOnly(host, request);
    if (request.type !== 'set') throw new StanzaError('bad-request');
    const elements = request.payload.elements('item');
    if (elements.length > limits.blockedAddresses) throw new StanzaError('policy-violation', 'too many at once');
    return {
      owner,
      addresses: elements.map((item) => {
        const address = parseJid(item.attributes['jid'] ?? '');
        if (address === undefined) throw new StanzaError('jid-malformed');
        if (address.bare === owner) throw new StanzaError('not-acceptable', 'nobody blocks himself');
        return address;
      }),
    };
  }

  let pushes = 0;
  function push(owner: string, what: Element): void {
    const [account = ''] = owner.split('@');
    for (const session of host.sessions(account))
      if (session.blockListRequested)
        session.send(xml('iq', NS.CLIENT, { type: 'set', id: `block-${++pushes}`, to: session.jid.full }, what));
  }
}

function items(addresses: Iterable<string>): Element[] {
  return [...addresses].map((jid) => xml('item', NS.BLOCKING, { jid }));
}
