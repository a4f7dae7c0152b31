// The registrar (RFC 3261 section 10.3) with several flows to an instance (RFC 5626 section 6), Path (RFC 3327),
// Service-Route (RFC 3608) and public GRUUs (RFC 5627). It is synchronous for connections; the 200 for a binding that
// outlives the process (a UDP phone's) waits until it is durable.
import type { ByteString } from '../../protocol/byte-string.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import type { Request } from '../../protocol/sip/message.ts';
import { parseNameAddress } from '../../protocol/sip/name-address.ts';
import { parseUri, sameUri } from '../../protocol/sip/uri.ts';
import type { BindingStore } from '../../storage/ports.ts';
import type { Flow } from '../../transport/flow.ts';
import { type ContactUpdate, contactUpdates, supports } from './contact-update.ts';
import { publicGruu } from './gruu.ts';
import type { Inbound } from './inbound.ts';
import type { SipLimits } from './limits.ts';
import type { Binding, Location } from './location.ts';
import type { SipCounters } from './metrics.ts';
import { ownText } from './own-text.ts';
import type { Logger } from './ports.ts';
import { profileByName } from './profile.ts';
import { isStored, mustBeStored, storeBindings } from './stored-location.ts';

/** What REGISTER is answered. */
export interface RegisterAnswer {
  status: number;
  reason?: string;
  fields?: Array<readonly [string, ByteString]>;
}

/** What decides what the answer tells its client. */
export interface Asking {
  aor: string;
  callId: ByteString;
  flow: Flow;
  gruu: boolean;
  path: readonly ByteString[];
}

const NO_PATH: readonly ByteString[] = [];
const UNDERSTOOD = new Set(['path', 'outbound', 'gruu']);

export interface RegistrarOptions {
  domain: string;
  limits: SipLimits;
  /** The URI that a Service-Route gives clients of this flow. */
  serviceRoute(flow: Flow): ByteString;
  /** A binding is new, or has another contact: what was known of its client may be so no more. */
  onContact(binding: Binding): void;
  /** A binding goes on as it was. */
  onRefresh(binding: Binding): void;
}

export class Registrar {
  readonly #options: RegistrarOptions;
  readonly #location: Location;
  readonly #store: BindingStore | undefined;
  readonly #counters: SipCounters;
  readonly #log: Logger;

  constructor(
    options: RegistrarOptions,
    location: Location,
    store: BindingStore | undefined,
    counters: SipCounters,
    log: Logger,
  ) {
    this.#options = options;
    this.#location = location;
    this.#store = store;
    this.#counters = counters;
    this.#log = log;
  }

  /** RFC 3261 section 10.3 step 2: the option tags in Require that this registrar does not know. */
  unsupported(request: Request): string {
    if (!request.has('require')) return '';
    return request
      .values('require')
      .filter((option) => !UNDERSTOOD.has(option.toLowerCase()))
      .join(', ');
  }

  /**
   * `aor`: canonical, and proved to be the sender's (sections 10.3 steps 3 to 5 are the edge's). A promise only when the
   * answer has to wait for the store. Throws ProtocolError.
   */
  register(inbound: Inbound, aor: string): RegisterAnswer | Promise<RegisterAnswer> {
    const { request, now } = inbound;
    const { limits } = this.#options;
    // 6. Contact
    const contacts = request.contacts;
    let changed: boolean;
    if (contacts === '*') changed = this.#removeAll(inbound, aor);
    else if (contacts.length === 0) changed = false;
    else {
      let updates: ContactUpdate[];
      try {
        updates = contactUpdates(request, contacts, limits);
      } catch (error) {
        if (error instanceof ProtocolError && error.answer.status === 423)
          return { status: 423, fields: [['Min-Expires', String(limits.minExpires)]] };
        throw error;
      }
      const refused = this.#refusal(inbound, aor, updates);
      if (refused !== undefined) return refused;
      changed = this.#update(inbound, aor, updates);
    }
    this.#counters.registrations += 1;
    // 8. All bindings in the answer
    if (!changed || this.#store === undefined) return this.#answer(inbound, aor);
    return storeBindings(this.#store, aor, this.#location.all(aor), now).then(
      () => this.#answer(inbound, aor),
      (error: unknown) => {
        this.#log.error({ aor, error: String(error) }, 'bindings not stored');
        return { status: 500 };
      },
    );
  }

  /** RFC 3261 section 10.3 step 6: `*` goes alone, with Expires 0. True: a stored binding went. */
  #removeAll(inbound: Inbound, aor: string): boolean {
    const { request } = inbound;
    if (request.expires !== 0)
      throw new ProtocolError('SIP_CONTACT_STAR', 'Contact * Without Expires 0', { status: 400 });
    const bindings = [...this.#location.all(aor)];
    for (const binding of bindings) this.#checkOrder(inbound, binding);
    for (const binding of bindings) this.#location.remove(binding);
    if (bindings.length > 0) this.#log.debug({ aor, bindings: bindings.length }, 'unregistered');
    return bindings.some(isStored);
  }

  /** What forbids the update as a whole. */
  #refusal(inbound: Inbound, aor: string, updates: ContactUpdate[]): RegisterAnswer | undefined {
    const { request, now } = inbound;
    const { limits } = this.#options;
    const existing = this.#location.all(aor);
    let fresh = 0;
    for (const update of updates) {
      const binding = matching(existing, update);
      if (binding !== undefined) this.#checkOrder(inbound, binding);
      else if (update.expires > 0) fresh += 1;
    }
    if (fresh === 0) return undefined;
    const live = existing.filter((binding) => binding.expires > now && binding.flow.open).length;
    if (live + fresh - leftBehind(existing, updates, now).length > limits.bindings)
      return { status: 403, reason: 'Too Many Bindings' };
    if (existing.length === 0 && this.#location.addresses >= limits.addresses)
      return { status: 503, fields: [['Retry-After', '60']] };
    // RFC 5626 section 6: behind a proxy that does not do outbound, the flow is not ours to keep.
    if (updates.some((update) => update.regId !== undefined) && request.all('via').join().includes(',')) {
      if (!pathOf(inbound, limits).some((value) => /;\s*ob\b/i.test(value))) return { status: 439 };
    }
    return undefined;
  }

  /** RFC 3261 section 10.3 step 7: within a Call-ID only a higher CSeq may change the binding. */
  #checkOrder(inbound: Inbound, binding: Binding): void {
    const { request, now } = inbound;
    if (binding.expires > now && binding.callId === request.callId && request.cseq.sequence <= binding.cseq)
      throw new ProtocolError('SIP_CSEQ_ORDER', 'CSeq Not Higher Than Before', { status: 400 });
  }

  #update(inbound: Inbound, aor: string, updates: ContactUpdate[]): boolean {
    const { request, flow, now } = inbound;
    const location = this.#location;
    const path = request.has('path') ? pathOf(inbound, this.#options.limits).map(ownText) : NO_PATH;
    let changed = false;
    for (const update of updates) {
      const binding = matching(location.all(aor), update);
      if (update.expires === 0) {
        if (binding === undefined) continue;
        location.remove(binding);
        changed ||= isStored(binding);
        this.#log.debug({ aor, contact: binding.contact }, 'unregistered');
        continue;
      }
      const expires = now + update.expires * 1000;
      if (binding !== undefined) {
        if (onlyProlongs(update, binding, flow, path)) {
          if (updates.length === 1) inbound.prolongs = binding;
        } else {
          changed ||= isStored(binding);
          binding.storedUntil = 0;
        }
        const moved = binding.contact !== update.uri;
        location.recontact(binding, update.uri);
        if (binding.contactParameters !== update.parameters) binding.contactParameters = ownText(update.parameters);
        binding.q = update.q;
        binding.path = path;
        if (binding.callId !== request.callId) binding.callId = ownText(request.callId);
        binding.cseq = request.cseq.sequence;
        binding.expires = expires;
        if (binding.instance !== update.instance) binding.instance = owned(update.instance);
        binding.regId = update.regId;
        binding.registered = location.nextRegistration();
        location.move(binding, flow);
        changed ||= mustBeStored(binding, now);
        if (moved) this.#contactIsNew(binding, request);
        else this.#options.onRefresh(binding);
        continue;
      }
      // A binding that has lost its flow is in nobody's way.
      for (const dead of location.all(aor).filter((other) => !other.flow.open || other.expires <= now)) {
        location.remove(dead);
        changed ||= isStored(dead);
      }
      if (location.all(aor).length >= this.#options.limits.bindings) {
        const [left] = leftBehind(location.all(aor), updates, now);
        if (left !== undefined) location.remove(left);
        changed ||= left !== undefined;
      }
      const added: Binding = {
        aor,
        id: location.bindingId(aor, update.instance ?? update.uri),
        contact: ownText(update.uri),
        contactParameters: ownText(update.parameters),
        instance: owned(update.instance),
        regId: update.regId,
        q: update.q,
        path,
        callId: ownText(request.callId),
        cseq: request.cseq.sequence,
        flow,
        expires,
        registered: location.nextRegistration(),
        storedUntil: 0,
      };
      location.add(added);
      changed ||= isStored(added);
      this.#contactIsNew(added, request);
      this.#log.debug({ aor, contact: added.contact, flow: flow.id, transport: flow.transport }, 'registered');
    }
    return changed;
  }

  #contactIsNew(binding: Binding, request: Request): void {
    binding.profile = profileByName(request.get('user-agent'));
    this.#options.onContact(binding);
  }

  /** A refresh that says what the REGISTER of that binding said before, and comes later. */
  prolong(binding: Binding, sequence: number, expires: number): void {
    binding.cseq = sequence;
    binding.expires = expires;
    binding.registered = this.#location.nextRegistration();
    this.#options.onRefresh(binding);
    this.#counters.registrations += 1;
  }

  #answer(inbound: Inbound, aor: string): RegisterAnswer {
    return { status: 200, fields: this.fields(this.asking(inbound, aor), inbound.now) };
  }

  asking({ request, flow }: Inbound, aor: string): Asking {
    return {
      aor,
      callId: request.callId,
      flow,
      gruu: request.has('supported') && supports(request, 'gruu'),
      path: request.has('path') ? request.values('path') : NO_PATH,
    };
  }

  /** What a 200 tells. */
  fields({ aor, callId, flow, gruu, path }: Asking, now: number): Array<readonly [string, ByteString]> {
    const { domain, limits } = this.#options;
    const fields: Array<readonly [string, ByteString]> = [];
    let outbound = false;
    let contacts = '';
    for (const binding of this.#location.reachable(aor, now)) {
      const seconds = Math.max(1, Math.ceil((binding.expires - now) / 1000));
      if (contacts !== '') contacts += ', ';
      contacts += `<${binding.contact}>${binding.contactParameters};expires=${seconds}`;
      if (gruu && binding.instance !== undefined)
        contacts += `;pub-gruu="${publicGruu(aor, domain, binding.instance)}"`;
      if (binding.regId !== undefined && binding.callId === callId) outbound = true;
    }
    if (contacts !== '') fields.push(['Contact', contacts]);
    for (const value of path) fields.push(['Path', value]);
    fields.push(['Service-Route', this.#options.serviceRoute(flow)]);
    // RFC 5626 section 6: the client learns that its flow is kept, and how often it must show that it lives.
    if (outbound) fields.push(['Require', 'outbound'], ['Flow-Timer', String(limits.flowTimer)]);
    return fields;
  }
}

/** RFC 5626 section 6: instance-id and reg-id name a binding; else the contact URI does (RFC 3261 section 10.3 step 7). */
function matching(bindings: readonly Binding[], update: ContactUpdate): Binding | undefined {
  if (bindings.length === 0) return undefined;
  if (update.regId !== undefined)
    return bindings.find((binding) => binding.instance === update.instance && binding.regId === update.regId);
  const same = bindings.find((binding) => binding.regId === undefined && binding.contact === update.uri);
  if (same !== undefined) return same;
  const uri = parseUri(update.uri);
  return bindings.find((binding) => binding.regId === undefined && sameUri(parseUri(binding.contact), uri));
}

/**
 * Live bindings on UDP that the request does not refresh, the longest unrefreshed first: they make room at the bound. A
 * phone that is started anew on a new port leaves its old binding behind, and that must not lock its owner out.
 */
function leftBehind(bindings: readonly Binding[], updates: readonly ContactUpdate[], now: number): Binding[] {
  const refreshed = new Set(updates.map((update) => matching(bindings, update)));
  return bindings
    .filter((binding) => !binding.flow.reliable && binding.expires > now && !refreshed.has(binding))
    .sort((a, b) => a.registered - b.registered);
}

function pathOf(inbound: Inbound, limits: SipLimits): ByteString[] {
  const path = inbound.request.values('path');
  if (path.length > 20 || path.join('').length > limits.bindingBytes)
    throw new ProtocolError('SIP_TOO_MANY', 'Path Too Long', { status: 400 });
  for (const value of path) parseUri(parseNameAddress(value, 'Path').uri, 'Path'); // they become Routes
  return path;
}

function owned(text: ByteString | undefined): ByteString | undefined {
  return text === undefined ? undefined : ownText(text);
}

/** All but the time stays (and the order of CSeq, which may be forgotten: an older REGISTER asked for the same). */
function onlyProlongs(update: ContactUpdate, binding: Binding, flow: Flow, path: readonly ByteString[]): boolean {
  return (
    binding.flow === flow &&
    binding.contact === update.uri &&
    binding.contactParameters === update.parameters &&
    binding.q === update.q &&
    binding.instance === update.instance &&
    binding.regId === update.regId &&
    binding.path.length === path.length &&
    binding.path.every((value, i) => value === path[i])
  );
}
