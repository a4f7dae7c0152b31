import type { XmppSession } from './session.ts';

/** The bound resources of all accounts, by account and by full address. */
export class Sessions {
  readonly #accounts = new Map<string, Map<string, XmppSession>>();
  readonly #full = new Map<string, XmppSession>();

  get size(): number {
    return this.#full.size;
  }

  of(account: string): Iterable<XmppSession> {
    return this.#accounts.get(account)?.values() ?? [];
  }

  /** By full address, prepared. */
  get(full: string): XmppSession | undefined {
    return this.#full.get(full);
  }

  /** Takes the place of whoever had that resource. */
  add(session: XmppSession): void {
    let resources = this.#accounts.get(session.account);
    if (resources === undefined) {
      resources = new Map();
      this.#accounts.set(session.account, resources);
    }
    resources.set(session.jid.full, session);
    this.#full.set(session.jid.full, session);
  }

  /** False: another has taken its place already, or it was removed before. */
  remove(session: XmppSession): boolean {
    const { full } = session.jid;
    if (this.#full.get(full) !== session) return false;
    this.#full.delete(full);
    const resources = this.#accounts.get(session.account);
    resources?.delete(full);
    if (resources?.size === 0) this.#accounts.delete(session.account);
    return true;
  }
}
