import type { Primitives } from '../../../protocol/primitives.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { capabilitiesHash } from '../../../protocol/xmpp/entity-capabilities.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { Watchers } from '../../messaging/watchers.ts';
import type { IqRequest } from '../host.ts';
import type { XmppServer } from '../xmpp-server.ts';

/** XEP-0030 for the domain and for accounts; the domain's capabilities as a stream feature (XEP-0115 section 6.3). */
export function serveDiscovery(
  host: XmppServer,
  options: {
    watchers: Watchers;
    primitives: Pick<Primitives, 'hash'>;
    /** A node of an account (XEP-0060 section 5.3); throws what is to be answered. */
    nodeInfo: (request: IqRequest, node: string) => Promise<Element>;
  },
): void {
  const server = host.discovery('server');
  const account = host.discovery('account');
  const node = `xmpp:${host.domain}`;
  let hashed = server.info();
  let hash = capabilitiesHash(hashed, 'sha-1', options.primitives);
  const ver = () => {
    if (hashed !== server.info()) {
      hashed = server.info();
      hash = capabilitiesHash(hashed, 'sha-1', options.primitives);
    }
    return hash;
  };
  host.addIdentity('server', { category: 'server', type: 'im', name: 'Chappe' });
  host.addIdentity('account', { category: 'account', type: 'registered' });
  for (const feature of [NS.DISCO_INFO, NS.DISCO_ITEMS]) {
    host.addFeature('server', feature);
    host.addFeature('account', feature);
  }
  host.addFeature('server', NS.CAPS);

  host.handleIq('server', 'query', NS.DISCO_INFO, ({ type, payload }) => {
    if (type !== 'get') throw new StanzaError('bad-request');
    const asked = payload.attributes['node'];
    if (asked !== undefined && asked !== `${node}#${ver()}`) throw new StanzaError('item-not-found');
    return server.info(asked);
  });
  host.handleIq('server', 'query', NS.DISCO_ITEMS, ({ type, payload }) => {
    if (type !== 'get') throw new StanzaError('bad-request');
    if (payload.attributes['node'] !== undefined) throw new StanzaError('item-not-found');
    return server.items();
  });

  // Section 8: whoever may not see an account learns nothing of it, not even whether it is there.
  host.handleIq('account', 'query', NS.DISCO_INFO, async (request) => {
    const { type, payload, from, to } = request;
    if (type !== 'get') throw new StanzaError('bad-request');
    const asked = payload.attributes['node'];
    if (asked !== undefined) return options.nodeInfo(request, asked);
    if (from.bare !== to.bare && (await options.watchers.mayWatch(to.local ?? '', from.bare)) !== 'yes')
      throw new StanzaError('service-unavailable');
    return account.info();
  });
  host.addStreamFeature(() => xml('c', NS.CAPS, { hash: 'sha-1', node, ver: ver() }));
}
