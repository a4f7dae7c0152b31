import { createHash } from 'node:crypto';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import type { DocumentStore, PubsubStore } from '../../../storage/messaging.ts';
import { parseStored } from '../../messaging/stored-stanza.ts';
import type { XmppHost } from '../host.ts';
import { VCARD, VCARD_DOCUMENT } from '../modules/vcard.ts';
import type { Pep } from './pep.ts';

const DATA = 'urn:xmpp:avatar:data';
export const METADATA = 'urn:xmpp:avatar:metadata';

export interface AvatarOptions {
  host: Pick<XmppHost, 'addFeature'>;
  pep: Pep;
  documents: DocumentStore;
  pubsub: PubsubStore;
}

/**
 * XEP-0398: one picture of an account, whether a client looks for it in a node (XEP-0084) or in the card (XEP-0054, as
 * XEP-0153 has it). A node that is not open stays out of the card, which everybody may read.
 */
export class Avatars {
  readonly #options: AvatarOptions;
  readonly #listeners: Array<(owner: string, account: string) => void> = [];

  constructor(options: AvatarOptions) {
    this.#options = options;
    options.host.addFeature('account', 'urn:xmpp:pep-vcard-conversion:0');
    options.pep.onPublish(async (owner, item, payload) => {
      if (item.node !== METADATA) return;
      await this.#published(owner, payload);
      this.#changed(owner);
    });
    options.pep.onRemoval(async (owner, node, { accessModel }) => {
      if (node !== METADATA || accessModel !== 'open') return;
      const [left] = await options.pubsub.items(owner, METADATA, 1);
      await this.#show(owner, left && left.payload !== '' ? parseStored(left.payload) : xml('metadata', METADATA));
      this.#changed(owner);
    });
  }

  #changed(owner: string): void {
    for (const listener of this.#listeners) listener(owner, owner.slice(0, owner.indexOf('@')));
  }

  /** An account has another picture, or none. */
  onChange(listener: (owner: string, account: string) => void): void {
    this.#listeners.push(listener);
  }

  /** The owner has set the card: its picture becomes the node's. */
  async cardSet(owner: Jid, card: Element): Promise<void> {
    const { pep, pubsub } = this.#options;
    const photo = card.child('PHOTO');
    const base64 = photo?.childText('BINVAL')?.replaceAll(/\s/g, '');
    if (base64 === undefined || base64 === '') return;
    const octets = Buffer.from(base64, 'base64');
    const id = createHash('sha1').update(octets).digest('hex');
    const [current] = await pubsub.items(owner.bare, METADATA, 1);
    if (current?.id === id) return;
    const type = photo?.childText('TYPE') || 'image/png';
    await pep.openNode(owner.bare, DATA);
    await pep.openNode(owner.bare, METADATA);
    await pep.publish(owner, DATA, id, xml('data', DATA, {}, base64));
    const info = xml('info', METADATA, { id, type, bytes: String(octets.length) });
    await pep.publish(owner, METADATA, id, xml('metadata', METADATA, {}, info));
  }

  /** The owner has published which picture is his: it becomes the card's. */
  async #published(owner: string, metadata: Element): Promise<void> {
    if ((await this.#options.pep.nodes.find(owner, METADATA))?.accessModel === 'open')
      await this.#show(owner, metadata);
  }

  /** In the card. */
  async #show(owner: string, metadata: Element): Promise<void> {
    const { documents, pubsub } = this.#options;
    const info = metadata.elements('info').find(({ attributes }) => attributes['url'] === undefined);
    let photo: Element | undefined;
    if (info !== undefined) {
      const { id = '', type = 'image/png' } = info.attributes;
      const item = await pubsub.find(owner, DATA, id);
      if (item === undefined) return;
      const base64 = parseStored(item.payload).text.replaceAll(/\s/g, '');
      photo = xml('PHOTO', VCARD, {}, xml('TYPE', VCARD, {}, type), xml('BINVAL', VCARD, {}, base64));
    }
    const kept = await documents.get(owner, VCARD_DOCUMENT);
    const card = kept === undefined ? xml('vCard', VCARD) : parseStored(kept);
    const rest = card.children.filter((child) => typeof child === 'string' || child.name !== 'PHOTO');
    const changed = card.holding(photo === undefined ? rest : [...rest, photo]);
    await documents.set(owner, VCARD_DOCUMENT, changed.serialize());
  }
}
