import type { Primitives } from '../../../protocol/primitives.ts';
import { toBase64Url } from '../../../protocol/primitives.ts';
import { formIn } from '../../../protocol/xmpp/data-form.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { MessagingStore, PubsubItem, PubsubStore } from '../../../storage/messaging.ts';
import type { Watchers } from '../../messaging/watchers.ts';
import type { IqRequest, XmppHost } from '../host.ts';
import { ownersOnly } from '../modules/owners-only.ts';
import { mayRead } from './access.ts';
import { learnInterests } from './interests.ts';
import type { PepLimits } from './limits.ts';
import { configured, meets, NODE_CONFIG, type NodeConfiguration, usualConfiguration } from './node-configuration.ts';
import { PepNodes } from './nodes.ts';
import { itemsElement, Notifications } from './notifications.ts';
import { answerOwner } from './owner-requests.ts';
import { nodeOf, pubsubError, unsupported } from './pubsub-error.ts';
import { PepRoom } from './room.ts';

export interface PepOptions {
  store: Pick<MessagingStore, 'documents' | 'pubsub'>;
  watchers: Watchers;
  limits: PepLimits;
  primitives: Pick<Primitives, 'hash' | 'random'>;
  /** Unix time in milliseconds. */
  wallClock: () => number;
  onFault: (error: unknown) => void;
}

const PUBLISH_OPTIONS = `${NS.PUBSUB}#publish-options`;

const FEATURES = [
  ...['access-open', 'access-presence', 'access-roster', 'access-whitelist', 'auto-create', 'auto-subscribe'],
  ...['config-node', 'config-node-max', 'create-and-configure', 'create-nodes', 'delete-items', 'delete-nodes'],
  ...[
    'filtered-notifications',
    'item-ids',
    'last-published',
    'multi-items',
    'persistent-items',
    'presence-notifications',
  ],
  ...['publish', 'publish-options', 'purge-nodes', 'retract-items', 'retrieve-default', 'retrieve-items'],
];

/** Told of what is published, before anybody else is (avatars.ts). */
export type PublishListener = (owner: string, item: PubsubItem, payload: Element) => Promise<void>;

/** Told that items of a node, or the node itself, are gone, before anybody else is. */
export type RemovalListener = (owner: string, node: string, configuration: NodeConfiguration) => Promise<void>;

/** XEP-0163: every account is a pubsub service (XEP-0060) of its own, to which its presence's subscribers need not subscribe. */
export class Pep {
  readonly nodes: PepNodes;
  readonly items: PubsubStore;
  readonly #host: XmppHost;
  readonly #options: PepOptions;
  readonly #notifications: Notifications;
  readonly #room: PepRoom;
  readonly #listeners: PublishListener[] = [];
  readonly #removalListeners: RemovalListener[] = [];

  constructor(host: XmppHost, options: PepOptions) {
    const { store, watchers, limits, primitives, onFault } = options;
    this.#host = host;
    this.#options = options;
    this.nodes = new PepNodes(store.documents, limits);
    this.items = store.pubsub;
    this.#room = new PepRoom(store.pubsub, limits);
    this.#notifications = new Notifications({ host, watchers, nodes: this.nodes, store: store.pubsub });
    learnInterests({
      ...{ host, limits, primitives },
      onInterested: (session) => void this.#notifications.catchUp(session).catch(onFault),
    });
    watchers.onChange((account, watcher, allowed) => {
      if (allowed) this.#notifications.permitted(account, watcher).catch(onFault);
    });
    host.addIdentity('account', { category: 'pubsub', type: 'pep' });
    host.addFeature('account', NS.PUBSUB);
    for (const feature of FEATURES) host.addFeature('account', `${NS.PUBSUB}#${feature}`);
    host.handleIq('account', 'pubsub', NS.PUBSUB, (request) =>
      request.type === 'get' ? this.#get(request) : this.#set(request),
    );
    host.handleIq('account', 'pubsub', NS.PUBSUB_OWNER, (request) => answerOwner(request, host, this));
  }

  onPublish(listener: PublishListener): void {
    this.#listeners.push(listener);
  }

  onRemoval(listener: RemovalListener): void {
    this.#removalListeners.push(listener);
  }

  /** Of the store already. */
  async removed(owner: Jid, node: string, configuration: NodeConfiguration): Promise<void> {
    for (const listener of this.#removalListeners)
      await listener(owner.bare, node, configuration).catch(this.#options.onFault);
  }

  /** From inside the server, as if the owner had; the node is made where there is none. */
  async publish(owner: Jid, node: string, id: string, payload: Element | undefined, publisher = owner): Promise<void> {
    const { store, limits, wallClock } = this.#options;
    const configuration = await this.#made(owner.bare, node);
    const text = payload?.serialize() ?? '';
    if (text.length > limits.itemCharacters) throw pubsubError('not-acceptable', 'payload-too-big');
    if (id.length > limits.nameCharacters) throw new StanzaError('not-acceptable', 'the id is too long');
    await this.#room.take(owner.bare, text.length);
    const item = { owner: owner.bare, node, id, publisher: publisher.full, time: wallClock(), payload: text };
    if (configuration.persistItems) await store.pubsub.publish(item, configuration.maxItems);
    if (payload !== undefined)
      for (const listener of this.#listeners) await listener(owner.bare, item, payload).catch(this.#options.onFault);
    this.tell(owner, node, configuration, itemsElement(node, [item]));
  }

  /** As it is, but for everybody. */
  async openNode(owner: string, node: string): Promise<void> {
    const known = await this.#made(owner, node);
    if (known.accessModel !== 'open') await this.nodes.save(owner, node, { ...known, accessModel: 'open' });
  }

  /** Whether somebody may read it; throws as XEP-0060 section 6.5.9 says. */
  async readable(owner: Jid, node: string, reader: Jid): Promise<NodeConfiguration> {
    const configuration = await this.nodes.find(owner.bare, node);
    if (configuration === undefined) throw new StanzaError('item-not-found');
    const { watchers } = this.#options;
    const who = { account: owner.local ?? '', owner: owner.bare, reader: reader.bare };
    if (await mayRead(configuration, who, watchers)) return configuration;
    switch (configuration.accessModel) {
      case 'presence':
        throw pubsubError('not-authorized', 'presence-subscription-required');
      case 'roster':
        throw pubsubError('not-authorized', 'not-in-roster-group');
      default:
        throw pubsubError('not-allowed', 'closed-node');
    }
  }

  /** Section 6.5. */
  async #get({ payload, from, to }: IqRequest): Promise<Element> {
    const items = payload.child('items');
    if (items === undefined) throw unsupported(payload.elements()[0]?.name ?? 'items');
    const node = nodeOf(items);
    await this.readable(to, node, from);
    const { store, limits } = this.#options;
    const wanted = items.elements('item').slice(0, limits.items);
    let found: PubsubItem[];
    if (wanted.length > 0) {
      const asked = wanted.map(({ attributes }) => store.pubsub.find(to.bare, node, attributes['id'] ?? ''));
      found = (await Promise.all(asked)).filter((item) => item !== undefined);
    } else {
      const most = Number(items.attributes['max_items'] ?? limits.items);
      if (!Number.isInteger(most) || most < 1) throw new StanzaError('bad-request', 'max_items is a number');
      found = await store.pubsub.items(to.bare, node, Math.min(most, limits.items));
    }
    // The newest that fit into one answer.
    let first = found.length;
    for (let room = limits.answerCharacters; first > 0; first--) {
      room -= found[first - 1]?.payload.length ?? 0;
      if (room < 0) break;
    }
    return xml('pubsub', NS.PUBSUB, {}, itemsElement(node, found.slice(first), NS.PUBSUB));
  }

  async #set(request: IqRequest): Promise<Element | undefined> {
    const { payload } = request;
    const [action] = payload.elements();
    if (action?.name === 'subscribe' || action?.name === 'unsubscribe') throw unsupported('subscribe');
    ownersOnly(this.#host, request);
    const publish = payload.child('publish');
    if (publish !== undefined) return this.#publish(request, publish);
    const retract = payload.child('retract');
    if (retract !== undefined) return this.#retract(request, retract);
    const create = payload.child('create');
    if (create !== undefined) return this.#create(request, create);
    throw unsupported(action?.name ?? 'publish');
  }

  /** Section 7.1. */
  async #publish({ payload, from, to }: IqRequest, publish: Element): Promise<Element> {
    const node = nodeOf(publish);
    const [item, more] = publish.elements('item');
    if (item === undefined) throw pubsubError('bad-request', 'item-required');
    if (more !== undefined) throw pubsubError('not-allowed', 'max-items-exceeded', 'one item at a time');
    const children = item.elements();
    if (children.length > 1) throw pubsubError('bad-request', 'invalid-payload');
    const container = payload.child('publish-options');
    const options = container && formIn(container, PUBLISH_OPTIONS);
    if (options !== undefined) {
      const { limits } = this.#options;
      const known = await this.nodes.find(to.bare, node);
      if (known === undefined)
        await this.nodes.save(to.bare, node, configured(usualConfiguration(node, limits), options, limits));
      else if (!meets(known, options, limits)) throw pubsubError('conflict', 'precondition-not-met');
    }
    const id = item.attributes['id'] ?? toBase64Url(this.#options.primitives.random(12));
    await this.publish(to, node, id, children[0], from);
    return xml('pubsub', NS.PUBSUB, {}, xml('publish', NS.PUBSUB, { node }, xml('item', NS.PUBSUB, { id })));
  }

  /** Section 7.2. */
  async #retract({ to }: IqRequest, retract: Element): Promise<undefined> {
    const node = nodeOf(retract);
    const id = retract.child('item')?.attributes['id'];
    if (id === undefined) throw pubsubError('bad-request', 'item-required');
    const configuration = await this.existing(to.bare, node);
    if (!(await this.#options.store.pubsub.retract(to.bare, node, id))) throw new StanzaError('item-not-found');
    await this.removed(to, node, configuration);
    const { notify } = retract.attributes;
    if (configuration.notifyRetract || notify === 'true' || notify === '1') {
      const retracted = xml('retract', NS.PUBSUB_EVENT, { id });
      this.tell(to, node, configuration, xml('items', NS.PUBSUB_EVENT, { node }, retracted));
    }
    return undefined;
  }

  /** Section 8.1. */
  async #create({ payload, to }: IqRequest, create: Element): Promise<Element | undefined> {
    const { limits, primitives } = this.#options;
    const given = create.attributes['node'];
    const node = given ?? toBase64Url(primitives.random(12));
    if ((await this.nodes.find(to.bare, node)) !== undefined) throw new StanzaError('conflict');
    const container = payload.child('configure');
    const form = container && formIn(container, NODE_CONFIG);
    const usual = usualConfiguration(node, limits);
    await this.nodes.save(to.bare, node, form === undefined ? usual : configured(usual, form, limits));
    return given === undefined ? xml('pubsub', NS.PUBSUB, {}, xml('create', NS.PUBSUB, { node })) : undefined;
  }

  async existing(owner: string, node: string): Promise<NodeConfiguration> {
    const configuration = await this.nodes.find(owner, node);
    if (configuration === undefined) throw new StanzaError('item-not-found');
    return configuration;
  }

  async #made(owner: string, node: string): Promise<NodeConfiguration> {
    const known = await this.nodes.find(owner, node);
    if (known !== undefined) return known;
    const usual = usualConfiguration(node, this.#options.limits);
    await this.nodes.save(owner, node, usual);
    return usual;
  }

  /** `content` goes to everybody who wants to hear of the node, and may. */
  tell(owner: Jid, node: string, configuration: NodeConfiguration, content: Element): void {
    this.#notifications.tell(owner.local ?? '', node, configuration, content).catch(this.#options.onFault);
  }
}
