import type { Primitives } from '../primitives.ts';
import { randomName } from './frame.ts';
import type { RelayLimits } from './limits.ts';
import type { RelayLink } from './relay-link.ts';
import { type MsrpUri, parseMsrpUri, sameMsrpUri, serializeMsrpUri } from './uri.ts';

/** A grant of RFC 4976 section 5.1: who knows its URI reaches the client behind it, and only its owner sends by it. */
export interface RelayUse {
  readonly id: string;
  readonly link: RelayLink;
  readonly account: string;
  /** The Use-Path. */
  readonly uri: string;
  readonly parsed: MsrpUri;
  /** Of the client: its From-Path at AUTH. */
  readonly client: MsrpUri;
  open: boolean;
}

/** Every use of the relay. A URI has 128 random bits: it cannot be guessed, and it dies with its connection. */
export class RelayUses {
  readonly #primitives: Pick<Primitives, 'random'>;
  readonly #limits: RelayLimits;
  readonly #byId = new Map<string, RelayUse>();
  readonly #byUri = new Map<string, RelayUse>();
  readonly #perAccount = new Map<string, number>();

  constructor(primitives: Pick<Primitives, 'random'>, limits: RelayLimits) {
    this.#primitives = primitives;
    this.#limits = limits;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** Undefined: a quota is used up. `at` is what the URI is made of. */
  grant(link: RelayLink, account: string, client: MsrpUri, at: Omit<MsrpUri, 'sessionId'>): RelayUse | undefined {
    const { usesPerConnection, usesPerAccount, uses } = this.#limits;
    const count = this.#perAccount.get(account) ?? 0;
    if (link.uses.size >= usesPerConnection || count >= usesPerAccount || this.size >= uses) return undefined;
    const id = randomName(this.#primitives, 26);
    const parsed = { ...at, sessionId: id };
    const use: RelayUse = { id, link, account, uri: serializeMsrpUri(parsed), parsed, client, open: true };
    this.#byId.set(id, use);
    this.#byUri.set(use.uri, use);
    this.#perAccount.set(account, count + 1);
    link.uses.add(use);
    return use;
  }

  end(use: RelayUse): void {
    if (!use.open) return;
    use.open = false;
    use.link.uses.delete(use);
    this.#byId.delete(use.id);
    this.#byUri.delete(use.uri);
    const count = (this.#perAccount.get(use.account) ?? 1) - 1;
    if (count > 0) this.#perAccount.set(use.account, count);
    else this.#perAccount.delete(use.account);
  }

  byId(id: string): RelayUse | undefined {
    return this.#byId.get(id);
  }

  /** The use that a URI of a path names, however it is written. Throws 400. */
  find(uri: string): RelayUse | undefined {
    const exact = this.#byUri.get(uri);
    if (exact !== undefined) return exact;
    const parsed = parseMsrpUri(uri);
    const use = parsed.sessionId === undefined ? undefined : this.#byId.get(parsed.sessionId);
    return use !== undefined && sameMsrpUri(use.parsed, parsed) ? use : undefined;
  }
}
