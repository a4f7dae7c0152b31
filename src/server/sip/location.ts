// The location service (RFC 3261 section 10): addresses of record -> bindings, in memory. A binding keeps the flow its
// REGISTER came by (RFC 5626 section 6), so nothing is ever sent to an address that a Contact names.
import type { ByteString } from '../../protocol/byte-string.ts';
import { type Primitives, toBase64Url } from '../../protocol/primitives.ts';
import { parseUri, type SipUri } from '../../protocol/sip/uri.ts';
import type { Flow } from '../../transport/flow.ts';
import { flowState } from './flow-state.ts';
import { ownText } from './own-text.ts';
import type { Profile } from './profile.ts';

export interface Binding {
  /** Canonical name of the address of record; the domain is the server's. */
  readonly aor: string;
  /** Names the instance (or the contact, of a client without one), over restarts too: flow tokens carry it. */
  readonly id: string;
  /** Contact URI as registered. */
  contact: ByteString;
  /** Contact parameters to be repeated in the answer, but expires and the GRUUs: `;q=0.7;+sip.instance="..."`. */
  contactParameters: ByteString;
  /** +sip.instance without quotes and angle brackets. */
  instance: ByteString | undefined;
  regId: number | undefined;
  /** Preference in thousandths. */
  q: number;
  /** RFC 3327: Path values, topmost first. */
  path: readonly ByteString[];
  callId: ByteString;
  cseq: number;
  flow: Flow;
  /** Milliseconds since 1970. */
  expires: number;
  /** Grows with every registration: the freshest flow of an instance is tried first. */
  registered: number;
  /** Until when the store keeps it as it is now (stored-location.ts); 0: it does not. */
  storedUntil: number;
  /** How its descriptions are written, as far as it has been seen. */
  profile?: Profile | undefined;
  /** Types of messages that its client takes besides text/plain, as far as it has shown. */
  accepts?: Set<string>;
}

/** Bindings of one address of record, in the order of their first registration. */
export class Location {
  readonly #bindings = new Map<string, Binding[]>();
  readonly #byId = new Map<string, Binding>();
  /** By contactKey(): the first to register a contact keeps it, so that nobody can take over another's. */
  readonly #byContact = new Map<string, Binding>();
  readonly #primitives: Primitives;
  readonly #idKey: ByteString;
  #registrations = 0;
  #size = 0;

  constructor(primitives: Primitives, secret: ByteString) {
    this.#primitives = primitives;
    this.#idKey = primitives.hmac('sha256', secret, 'chappe binding id 1');
  }

  /** Addresses of record with a binding (expired ones count until swept). */
  get addresses(): number {
    return this.#bindings.size;
  }

  get size(): number {
    return this.#size;
  }

  names(): Iterable<string> {
    return this.#bindings.keys();
  }

  nextRegistration(): number {
    this.#registrations += 1;
    return this.#registrations;
  }

  /** The id of a binding that is told apart by `distinction`: nobody can aim at another's without the secret. */
  bindingId(aor: string, distinction: ByteString): string {
    return toBase64Url(this.#primitives.hash('sha256', `${this.#idKey}${aor}\n${distinction}`).slice(0, 9));
  }

  /** Every binding kept, expired or not: what the registrar compares with. */
  all(aor: string): readonly Binding[] {
    return this.#bindings.get(aor) ?? [];
  }

  /** Bindings that are good now: not expired, and on a flow that is up. */
  reachable(aor: string, now: number): Binding[] {
    const bindings = this.#bindings.get(aor);
    return bindings === undefined ? [] : bindings.filter((binding) => binding.expires > now && binding.flow.open);
  }

  /** Whether there is one. */
  isReachable(aor: string, now: number, by: (binding: Binding) => boolean): boolean {
    const bindings = this.#bindings.get(aor);
    if (bindings !== undefined)
      for (const binding of bindings) if (binding.expires > now && binding.flow.open && by(binding)) return true;
    return false;
  }

  /** The freshest good binding of that instance. */
  find(id: string, now: number): Binding | undefined {
    const binding = this.#byId.get(id);
    if (binding === undefined) return undefined;
    let best: Binding | undefined;
    for (const other of this.all(binding.aor)) {
      if (other.id !== id || other.expires <= now || !other.flow.open) continue;
      if (best === undefined || other.registered > best.registered) best = other;
    }
    return best;
  }

  /** The good binding with that contact. */
  byContact(uri: SipUri, now: number): Binding | undefined {
    const binding = this.#byContact.get(contactKey(uri));
    return binding !== undefined && binding.expires > now && binding.flow.open ? binding : undefined;
  }

  /** The binding has another contact URI now. */
  recontact(binding: Binding, contact: ByteString): void {
    if (binding.contact === contact) return;
    this.#unindexContact(binding);
    binding.contact = ownText(contact);
    this.#indexContact(binding);
  }

  #indexContact(binding: Binding): void {
    const key = contactKey(parseUri(binding.contact));
    if (!this.#byContact.has(key)) this.#byContact.set(key, binding);
  }

  #unindexContact(binding: Binding): void {
    const key = contactKey(parseUri(binding.contact));
    if (this.#byContact.get(key) === binding) this.#byContact.delete(key);
  }

  add(binding: Binding): void {
    const existing = this.#bindings.get(binding.aor);
    if (existing === undefined) this.#bindings.set(binding.aor, [binding]);
    else existing.push(binding);
    this.#byId.set(binding.id, binding);
    this.#indexContact(binding);
    this.#size += 1;
    this.#attach(binding);
  }

  /** The store has nothing of that name any more: the next REGISTER of each is to be stored again. */
  forgetStored(aor: string): void {
    for (const binding of this.all(aor)) binding.storedUntil = 0;
  }

  /** The binding is now reached by another flow. */
  move(binding: Binding, flow: Flow): void {
    if (binding.flow === flow) return;
    this.#detach(binding);
    binding.flow = flow;
    this.#attach(binding);
  }

  remove(binding: Binding): void {
    const list = this.#bindings.get(binding.aor);
    const at = list?.indexOf(binding) ?? -1;
    if (list === undefined || at < 0) return;
    list.splice(at, 1);
    this.#size -= 1;
    this.#unindexContact(binding);
    if (list.length === 0) this.#bindings.delete(binding.aor);
    if (this.#byId.get(binding.id) === binding) {
      // Another flow of the same instance, if there is one, now stands for it.
      const other = list.findLast((candidate) => candidate.id === binding.id);
      if (other === undefined) this.#byId.delete(binding.id);
      else this.#byId.set(binding.id, other);
    }
    this.#detach(binding);
  }

  /** RFC 5626 section 6: the bindings of a flow go with it. */
  flowClosed(flow: Flow): number {
    const bindings = flowState(flow).bindings;
    const gone = bindings.length;
    for (const binding of [...bindings]) this.remove(binding);
    return gone;
  }

  /** Drops what has expired; the names whose bindings changed. */
  sweep(now: number): string[] {
    const changed: string[] = [];
    for (const [aor, bindings] of this.#bindings) {
      const expired = bindings.filter((binding) => binding.expires <= now);
      if (expired.length === 0) continue;
      changed.push(aor);
      for (const binding of expired) this.remove(binding);
    }
    return changed;
  }

  #attach(binding: Binding): void {
    if (!isConnection(binding.flow)) return;
    flowState(binding.flow).bindings.push(binding);
  }

  #detach(binding: Binding): void {
    if (!isConnection(binding.flow)) return;
    const bindings = flowState(binding.flow).bindings;
    const at = bindings.indexOf(binding);
    if (at >= 0) bindings.splice(at, 1);
  }
}

function contactKey(uri: SipUri): string {
  return `${uri.user ?? ''}@${uri.host.toLowerCase()}:${uri.port ?? ''}`;
}

/** A connection dies and takes its bindings along; a UDP flow is only an address. */
function isConnection(flow: Flow): boolean {
  return flow.transport !== 'udp';
}
