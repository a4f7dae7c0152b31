import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { type Jid, parseJid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { DocumentStore } from '../../../storage/messaging.ts';
import type { MessagingLimits } from '../../messaging/limits.ts';
import { parseStored } from '../../messaging/stored-stanza.ts';
import type { IqRequest, XmppHost } from '../host.ts';
import { ownersOnly } from './owners-only.ts';

const PUSH = 'urn:xmpp:push:0';
const PREFIX = 'push:';

export interface PushOptions {
  documents: DocumentStore;
  limits: MessagingLimits;
  /** Whether anything waits for the owner: a bare address. */
  waits: (owner: string) => Promise<boolean>;
  onFault: (error: unknown) => void;
}

/**
 * XEP-0357: a push service is told that something waits for somebody, and nothing of what it is or whom it is from. The service
 * is a client of this domain, by its full address: there are no connections to other servers.
 */
export class Push {
  readonly #host: XmppHost;
  readonly #options: PushOptions;
  /** Being told now, by owner and document; true: once more after that. */
  readonly #telling = new Map<string, boolean>();

  constructor(host: XmppHost, options: PushOptions) {
    this.#host = host;
    this.#options = options;
    host.addFeature('account', PUSH);
    host.handleIq('account', 'enable', PUSH, (request) => this.#enable(request));
    host.handleIq('account', 'disable', PUSH, (request) => this.#disable(request));
  }

  /** More waits for an account, or less. */
  changed(account: string): void {
    const owner = `${account}@${this.#host.domain}`;
    this.#tellWhereWaiting(owner).catch(this.#options.onFault);
  }

  /** Something is kept for a session of the account that is cut off. */
  heldBack(account: string): void {
    this.#tell(`${account}@${this.#host.domain}`).catch(this.#options.onFault);
  }

  /** Section 5. */
  async #enable(request: IqRequest): Promise<undefined> {
    const { payload, type } = request;
    if (type !== 'set') throw new StanzaError('bad-request');
    const owner = ownersOnly(this.#host, request);
    const service = serviceOf(payload);
    if (service.domain !== this.#host.domain) throw new StanzaError('remote-server-not-found');
    if (service.local === undefined || service.resource === undefined)
      throw new StanzaError('item-not-found', 'a push service here is a client, by its full address');
    const { documents, limits } = this.#options;
    const name = nameOf(service, payload);
    const options = payload.child('x', NS.DATA_FORMS)?.serialize() ?? '';
    if (name.length + options.length > limits.pushCharacters) throw new StanzaError('policy-violation');
    const known = await documents.list(owner, PREFIX);
    if (known.length >= limits.pushServices && !known.some((one) => one.name === name))
      throw new StanzaError('resource-constraint', 'too many push services');
    await documents.set(owner, name, options);
    return undefined;
  }

  /** Section 6: one node of a service, or all of it. */
  async #disable(request: IqRequest): Promise<undefined> {
    const { payload, type } = request;
    if (type !== 'set') throw new StanzaError('bad-request');
    const owner = ownersOnly(this.#host, request);
    const service = serviceOf(payload);
    const { documents } = this.#options;
    const exact = payload.attributes['node'] !== undefined;
    const wanted = nameOf(service, payload);
    for (const { name } of await documents.list(owner, wanted))
      if (!exact || name === wanted) await documents.set(owner, name, undefined);
    return undefined;
  }

  async #tellWhereWaiting(owner: string): Promise<void> {
    if ((await this.#services(owner)).length > 0 && (await this.#options.waits(owner))) await this.#tell(owner);
  }

  async #tell(owner: string): Promise<void> {
    const services = await this.#services(owner);
    await Promise.all(services.map(({ name, value }) => this.#publish(owner, name, value)));
  }

  #services(owner: string): Promise<Array<{ name: string; value: string }>> {
    return this.#options.documents.list(owner, PREFIX);
  }

  /** Section 7. One at a time to each: what comes meanwhile is told together. */
  async #publish(owner: string, name: string, options: string): Promise<void> {
    const key = `${owner} ${name}`;
    if (this.#telling.has(key)) {
      this.#telling.set(key, true);
      return;
    }
    const end = name.indexOf('\n');
    const node = name.slice(end + 1);
    const service = parseJid(name.slice(PREFIX.length, end));
    const session = service && this.#host.session(service);
    if (session === undefined) return; // it is not here now: who waits for it is told by the next message
    const item = xml('item', NS.PUBSUB, {}, xml('notification', PUSH));
    const pubsub = xml(
      'pubsub',
      NS.PUBSUB,
      {},
      xml('publish', NS.PUBSUB, { node: node === '' ? undefined : node }, item),
      options === '' ? undefined : xml('publish-options', NS.PUBSUB, {}, parseStored(options)),
    );
    this.#telling.set(key, false);
    try {
      await this.#host.requestIq(session, 'set', pubsub, owner);
    } catch (error) {
      // Section 7: it knows the node no more, or will not have it. A service that is silent or busy is told again.
      if (error instanceof StanzaError && error.type !== 'wait')
        await this.#options.documents.set(owner, name, undefined);
    } finally {
      const again = this.#telling.get(key);
      this.#telling.delete(key);
      if (again) await this.#tell(owner);
    }
  }
}

function serviceOf(payload: Element): Jid {
  const service = parseJid(payload.attributes['jid'] ?? '');
  if (service === undefined) throw new StanzaError('bad-request', 'which push service?');
  return service;
}

/** No address has a line break. */
function nameOf(service: Jid, payload: Element): string {
  return `${PREFIX}${service.full}\n${payload.attributes['node'] ?? ''}`;
}
