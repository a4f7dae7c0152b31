import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { Watchers } from '../../messaging/watchers.ts';
import type { IqRequest } from '../host.ts';
import { mayRead } from './access.ts';
import { configurationForm } from './node-configuration.ts';
import type { Pep } from './pep.ts';

/** XEP-0060 sections 5.3 and 5.4: what a node is, for who may read it. */
export async function describeNode(pep: Pep, { to, from }: IqRequest, node: string): Promise<Element> {
  const configuration = await pep.readable(to, node, from);
  return xml(
    'query',
    NS.DISCO_INFO,
    { node },
    xml('identity', NS.DISCO_INFO, { category: 'pubsub', type: 'leaf' }),
    xml('feature', NS.DISCO_INFO, { var: NS.PUBSUB }),
    configurationForm(configuration, 'result', `${NS.PUBSUB}#meta-data`),
  );
}

/** Sections 5.2 and 5.5: the nodes that the one who asks may read, or the ids of a node's items. */
export async function listNodes(
  pep: Pep,
  watchers: Watchers,
  { type, payload, from, to }: IqRequest,
): Promise<Element> {
  if (type !== 'get') throw new StanzaError('bad-request');
  const { node } = payload.attributes;
  const items: Element[] = [];
  if (node !== undefined) {
    await pep.readable(to, node, from);
    for (const { id } of await pep.items.items(to.bare, node, pep.nodes.limits.items))
      items.push(xml('item', NS.DISCO_ITEMS, { jid: to.bare, name: id }));
  } else
    for (const [name, configuration] of await pep.nodes.of(to.bare)) {
      const who = { account: to.local ?? '', owner: to.bare, reader: from.bare };
      if (await mayRead(configuration, who, watchers))
        items.push(xml('item', NS.DISCO_ITEMS, { jid: to.bare, node: name }));
    }
  // XEP-0030 section 8: whoever may see nothing is not told that there is such an account.
  if (node === undefined && items.length === 0 && from.bare !== to.bare)
    if ((await watchers.mayWatch(to.local ?? '', from.bare)) !== 'yes') throw new StanzaError('service-unavailable');
  return xml('query', NS.DISCO_ITEMS, { node }, ...items);
}
