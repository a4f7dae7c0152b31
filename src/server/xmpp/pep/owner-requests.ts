import { formIn } from '../../../protocol/xmpp/data-form.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { IqRequest, XmppHost } from '../host.ts';
import { ownersOnly } from '../modules/owners-only.ts';
import { configurationForm, configured, NODE_CONFIG, usualConfiguration } from './node-configuration.ts';
import type { Pep } from './pep.ts';
import { nodeOf, unsupported } from './pubsub-error.ts';

/** XEP-0060 sections 8.2 to 8.5: a node is configured, deleted, purged. */
export async function answerOwner(request: IqRequest, host: XmppHost, pep: Pep): Promise<Element | undefined> {
  const { type, payload, to } = request;
  const owner = ownersOnly(host, request);
  const { limits } = pep.nodes;
  const [action] = payload.elements();
  if (action === undefined) throw new StanzaError('bad-request');
  const answer = (inside: Element) => xml('pubsub', NS.PUBSUB_OWNER, {}, inside);
  if (action.name === 'default' && type === 'get')
    return answer(xml('default', NS.PUBSUB_OWNER, {}, configurationForm(usualConfiguration('', limits))));
  if (!['configure', 'delete', 'purge'].includes(action.name)) throw unsupported(`manage-${action.name}`);
  const node = nodeOf(action);
  const configuration = await pep.existing(owner, node);
  if (action.name === 'configure') {
    if (type === 'get') return answer(xml('configure', NS.PUBSUB_OWNER, { node }, configurationForm(configuration)));
    const form = formIn(action, NODE_CONFIG);
    if (form?.type === 'submit') await pep.nodes.save(owner, node, configured(configuration, form, limits));
    return undefined;
  }
  if (type === 'get') throw new StanzaError('bad-request');
  await pep.items.purge(owner, node);
  if (action.name === 'delete') await pep.nodes.remove(owner, node);
  await pep.removed(to, node, configuration);
  pep.tell(to, node, configuration, xml(action.name, NS.PUBSUB_EVENT, { node }));
  return undefined;
}
