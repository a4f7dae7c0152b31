import { type Element, xml } from '../../protocol/xmpp/element.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';

export interface DiscoIdentity {
  category: string;
  type: string;
  name?: string;
}

/** What one kind of entity says of itself (XEP-0030): gathered from the modules, written once. */
export class Discovery {
  readonly #identities: DiscoIdentity[] = [];
  readonly #features = new Set<string>();
  readonly #forms: Element[] = [];
  readonly #items: Array<{ jid: string; name: string }> = [];
  /** The answer, once asked for. */
  #info: Element | undefined;

  addIdentity(identity: DiscoIdentity): void {
    this.#identities.push(identity);
    this.#info = undefined;
  }

  addFeature(feature: string): void {
    this.#features.add(feature);
    this.#info = undefined;
  }

  addForm(form: Element): void {
    this.#forms.push(form);
    this.#info = undefined;
  }

  addItem(jid: string, name: string): void {
    this.#items.push({ jid, name });
  }

  /** Section 3.1; the same one until something is added. */
  info(node?: string): Element {
    this.#info ??= xml(
      'query',
      NS.DISCO_INFO,
      {},
      ...this.#identities.map(({ category, type, name }) => xml('identity', NS.DISCO_INFO, { category, type, name })),
      ...[...this.#features].sort().map((feature) => xml('feature', NS.DISCO_INFO, { var: feature })),
      ...this.#forms,
    );
    return node === undefined ? this.#info : this.#info.with({ node });
  }

  /** Section 4.1. */
  items(node?: string): Element {
    return xml(
      'query',
      NS.DISCO_ITEMS,
      { node },
      ...this.#items.map(({ jid, name }) => xml('item', NS.DISCO_ITEMS, { jid, name })),
    );
  }
}
