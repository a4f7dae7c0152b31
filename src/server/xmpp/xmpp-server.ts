import type { Element } from '../../protocol/xmpp/element.ts';
import { Jid, parseJid } from '../../protocol/xmpp/jid.ts';
import { checkStanza, isAnswerable, payloadOf } from '../../protocol/xmpp/stanza.ts';
import { errorReply, StanzaError } from '../../protocol/xmpp/stanza-error.ts';
import type { Clock } from '../../transport/clock.ts';
import { BLOCKED, type BlockLists, blocks } from '../messaging/block-lists.ts';
import type { MessageOrigin } from '../messaging/inbox.ts';
import type { MessagingLimits } from '../messaging/limits.ts';
import type { OneInbox } from '../messaging/one-inbox.ts';
import { storeFailure } from '../messaging/store-failure.ts';
import { Discovery } from './discovery.ts';
import type { IqHandler, IqTarget, LocalDomain, XmppHost } from './host.ts';
import { IqDispatch } from './iq-dispatch.ts';
import type { PresenceRouting } from './presence-routing.ts';
import type { XmppSession } from './session.ts';
import type { Sessions } from './sessions.ts';
import type { StreamRouter } from './streams/router.ts';

export interface XmppServerOptions {
  domain: string;
  accountExists: (name: string) => boolean;
  sessions: Sessions;
  domains: Map<string, LocalDomain>;
  inbox: OneInbox;
  presence: PresenceRouting;
  blockLists: BlockLists;
  limits: MessagingLimits;
  clock: Clock;
  onFault: (error: unknown) => void;
}

type SessionListener = (session: XmppSession, what: 'bound' | 'resumed' | 'ended') => void;

/**
 * Where every stanza goes (RFC 6120 section 10, RFC 6121 section 8): from a client (`receive`), and from inside the server
 * (`route`). What is answered here is a module's (modules/, one XEP a file), which sees this as its XmppHost.
 */
export class XmppServer implements XmppHost, StreamRouter {
  readonly domain: string;
  readonly #options: XmppServerOptions;
  readonly #server: Jid;
  readonly #iqs: IqDispatch;
  readonly #discovery: Record<IqTarget, Discovery> = { server: new Discovery(), account: new Discovery() };
  readonly #sessionListeners: SessionListener[] = [];
  readonly #heldListeners: Array<(session: XmppSession) => void> = [];
  readonly #features: Array<() => Element> = [];
  /** How many changes each session has asked for that are not made yet. */
  readonly #changing = new WeakMap<XmppSession, number>();
  /** The place in its lane of the last one that has begun. */
  readonly #lastChange = new WeakMap<XmppSession, Promise<void>>();

  constructor(options: XmppServerOptions) {
    this.#options = options;
    this.domain = options.domain;
    this.#server = new Jid(undefined, options.domain);
    this.#iqs = new IqDispatch({ clock: options.clock, timeout: options.limits.iqTimeout, onFault: options.onFault });
  }

  // What a module sees.

  sessions(account: string): Iterable<XmppSession> {
    return this.#options.sessions.of(account);
  }

  session(jid: Jid): XmppSession | undefined {
    return this.#options.sessions.get(jid.full);
  }

  accountExists(account: string): boolean {
    return this.#options.accountExists(account);
  }

  handleIq(target: IqTarget, name: string, namespace: string, handler: IqHandler): void {
    this.#iqs.handle(target, name, namespace, handler);
  }

  requestIq(
    session: XmppSession,
    type: 'get' | 'set',
    payload: Element,
    from = this.domain,
  ): Promise<Element | undefined> {
    return this.#iqs.request(session, from, type, payload);
  }

  addFeature(target: IqTarget, feature: string): void {
    this.#discovery[target].addFeature(feature);
  }

  addIdentity(target: IqTarget, identity: { category: string; type: string; name?: string }): void {
    this.#discovery[target].addIdentity(identity);
  }

  addForm(target: IqTarget, form: Element): void {
    this.#discovery[target].addForm(form);
  }

  addDomain(domain: string, name: string, handler: LocalDomain): void {
    this.#options.domains.set(domain, handler);
    this.#discovery.server.addItem(domain, name);
  }

  /** What disco#info and disco#items say of it. */
  discovery(target: IqTarget): Discovery {
    return this.#discovery[target];
  }

  /** A stream feature of RFC 6121 or a module's (its capabilities). */
  addStreamFeature(feature: () => Element): void {
    this.#features.push(feature);
  }

  onPresence(listener: (session: XmppSession, presence: Element | undefined) => void): void {
    this.#options.presence.onPresence(listener);
  }

  onSession(listener: SessionListener): void {
    this.#sessionListeners.push(listener);
  }

  // What streams see.

  streamFeatures(): readonly Element[] {
    return this.#features.map((feature) => feature());
  }

  bind(session: XmppSession): void {
    this.#options.sessions.add(session);
    this.#tell(session, 'bound');
  }

  resumed(session: XmppSession): void {
    this.#tell(session, 'resumed');
  }

  heldBack(session: XmppSession): void {
    for (const listener of this.#heldListeners) listener(session);
  }

  /** Told when something is kept for a session whose client is cut off (XEP-0198). */
  onHeldBack(listener: (session: XmppSession) => void): void {
    this.#heldListeners.push(listener);
  }

  ended(session: XmppSession): void {
    this.#options.sessions.remove(session);
    this.#iqs.ended(session);
    const { lanes } = this.#options.inbox;
    // Behind what it has said before.
    const end = () => this.#options.presence.ended(session);
    if (lanes.busy(session.jid.full)) lanes.pass(session.jid.full, undefined, end).catch(this.#options.onFault);
    else end();
    this.#tell(session, 'ended');
  }

  undelivered(session: XmppSession, stanzas: readonly Element[]): void {
    for (const stanza of stanzas) {
      const { type } = stanza.attributes;
      if (stanza.name === 'message') this.#options.inbox.undelivered(session, stanza);
      else if (stanza.name === 'iq' && (type === 'get' || type === 'set'))
        this.#refuse(stanza, new StanzaError('recipient-unavailable'));
    }
  }

  receive(session: XmppSession, received: Element): Promise<void> | undefined {
    const from = session.jid;
    let stanza = received.attributes['from'] === from.full ? received : received.with({ from: from.full });
    const { to: address } = stanza.attributes;
    const to = address === undefined ? undefined : parseJid(address);
    if (address !== undefined) {
      if (to === undefined) return this.#refuse(stanza, new StanzaError('jid-malformed'));
      if (to.full !== address) stanza = stanza.with({ to: to.full });
    }
    try {
      checkStanza(stanza);
    } catch (error) {
      return this.#refuse(stanza, error);
    }
    const { lanes } = this.#options.inbox;
    const isMessage = stanza.name === 'message';
    const act = isMessage
      ? () => this.#message(stanza, from, to ?? from.toBare(), { protocol: 'xmpp', session })
      : () => this.#dispatch(session, stanza, to);
    const changes = stanza.name === 'iq' && stanza.attributes['type'] === 'set' && this.#isOurs(to);
    // A message keeps its own place, and only what it is judged by has to be known before; changes share a commit.
    const alongside = changes && lanes.isLast(from.full, this.#lastChange.get(session));
    if (isMessage ? !this.#changing.has(session) : alongside || !lanes.busy(from.full)) {
      const done = act();
      if (!changes || done === undefined) return done;
      const place = lanes.pass(from.full, done, nothing);
      this.#lastChange.set(session, place);
      return this.#change(session, place);
    }
    let later: Promise<void> | undefined;
    const release = () => {
      later = act();
      return changes ? later : undefined;
    };
    const passed = lanes.pass(from.full, undefined, release).then(() => later);
    return changes ? this.#change(session, passed) : passed;
  }

  /** RFC 6120 section 10.1: what a request may have changed counts for all that came behind it. */
  #change(session: XmppSession, change: Promise<void>): Promise<void> {
    this.#changing.set(session, (this.#changing.get(session) ?? 0) + 1);
    return change.finally(() => {
      const others = (this.#changing.get(session) ?? 1) - 1;
      if (others > 0) this.#changing.set(session, others);
      else this.#changing.delete(session);
    });
  }

  /** Answered here, for the server or for an account. */
  #isOurs(to: Jid | undefined): boolean {
    return to === undefined || (to.domain === this.domain && to.resource === undefined);
  }

  route(stanza: Element): void {
    const { to: address, type } = stanza.attributes;
    const session = address === undefined ? undefined : this.#options.sessions.get(address);
    // Most of all that is routed: a room's message, news, an answer for one client.
    if (
      session !== undefined &&
      (stanza.name !== 'message' || type === 'groupchat' || type === 'headline' || type === 'error')
    ) {
      session.send(stanza);
      return;
    }
    const to = parseJid(address ?? '');
    const from = parseJid(stanza.attributes['from'] ?? '');
    if (to === undefined || from === undefined)
      this.#options.onFault(new Error('a stanza without addresses was routed'));
    else if (stanza.name === 'message') {
      this.#message(stanza, from, to, { protocol: 'internal' })?.catch(this.#options.onFault);
    } else if (to.domain !== this.domain) this.#elsewhere(stanza, from, to, undefined)?.catch(this.#options.onFault);
    else if (stanza.name === 'presence') this.#options.presence.deliver(stanza, to);
    else this.#iq(stanza, from, to, undefined)?.catch(this.#options.onFault);
  }

  #message(message: Element, from: Jid, to: Jid, origin: MessageOrigin): Promise<void> | undefined {
    try {
      const outcome = this.#options.inbox.accept(message, from, to, origin);
      return typeof outcome === 'string'
        ? undefined
        : outcome.then(nothing, (error: unknown) => this.#refuse(message, error));
    } catch (error) {
      return this.#refuse(message, error);
    }
  }

  #dispatch(session: XmppSession, stanza: Element, to: Jid | undefined): Promise<void> | undefined {
    const from = session.jid;
    try {
      if (to === undefined || to.bare === from.bare || (to.local === undefined && to.domain === this.domain))
        return this.#unblocked(session, stanza, to);
      const lists = this.#options.blockLists.both(from.bare, to.bare);
      if (lists instanceof Promise)
        return lists
          .then((known) => this.#checked(session, stanza, to, known))
          .catch((error: unknown) => this.#refuse(stanza, error));
      return this.#checked(session, stanza, to, lists);
    } catch (error) {
      return this.#refuse(stanza, error);
    }
  }

  /** XEP-0191 sections 2.3 and 2.4. */
  #checked(
    session: XmppSession,
    stanza: Element,
    to: Jid,
    [own, theirs]: readonly [ReadonlySet<string>, ReadonlySet<string>],
  ): Promise<void> | undefined {
    // He may still take back what he gave.
    const ending = stanza.name === 'presence' && /^un/.test(stanza.attributes['type'] ?? '');
    if (!ending && blocks(own, to))
      throw new StanzaError('not-acceptable', '', { type: 'cancel', application: BLOCKED });
    if (blocks(theirs, session.jid)) {
      if (stanza.name === 'presence') return undefined;
      throw new StanzaError('service-unavailable');
    }
    return this.#unblocked(session, stanza, to);
  }

  #unblocked(session: XmppSession, stanza: Element, to: Jid | undefined): Promise<void> | undefined {
    if (stanza.name === 'presence') {
      const waits = this.#options.presence.received(session, stanza, to);
      return waits?.catch((error: unknown) => this.#refuse(stanza, error));
    }
    return this.#iq(stanza, session.jid, to, session);
  }

  /** RFC 6121 section 8.5, for IQs. */
  #iq(iq: Element, from: Jid, to: Jid | undefined, session: XmppSession | undefined): Promise<void> | undefined {
    if (to !== undefined && to.domain !== this.domain) return this.#elsewhere(iq, from, to, session);
    const { type } = iq.attributes;
    if (to?.resource !== undefined) {
      const addressed = this.#options.sessions.get(to.full);
      if (addressed !== undefined) addressed.send(iq);
      else return this.#refuse(iq, new StanzaError('service-unavailable'));
      return undefined;
    }
    if (type === 'result' || type === 'error') {
      if (session !== undefined) this.#iqs.answered(session, iq);
      return undefined;
    }
    if (type !== 'get' && type !== 'set') return undefined;
    const payload = payloadOf(iq);
    const target: IqTarget = to !== undefined && to.local === undefined ? 'server' : 'account';
    const whom = to ?? from.toBare();
    if (target === 'account' && whom.bare !== from.bare && !this.#options.accountExists(whom.local as string))
      return this.#refuse(iq, new StanzaError('service-unavailable'));
    return this.#iqs.answer(target, { iq, type, payload, from, to: whom, session }, (answer) => {
      if (session !== undefined) session.send(answer);
      else this.route(answer);
    });
  }

  #elsewhere(stanza: Element, from: Jid, to: Jid, session: XmppSession | undefined): Promise<void> | undefined {
    const domain = this.#options.domains.get(to.domain);
    if (domain === undefined) return this.#refuse(stanza, new StanzaError('remote-server-not-found'));
    try {
      const waits = domain.receive(stanza, from, to, session);
      return waits instanceof Promise ? waits.catch((error: unknown) => this.#refuse(stanza, error)) : undefined;
    } catch (error) {
      return this.#refuse(stanza, error);
    }
  }

  /** RFC 6120 section 8.3.1: an error is never answered by an error, and a result neither. */
  #refuse(stanza: Element, error: unknown): undefined {
    const { from } = stanza.attributes;
    if (!(error instanceof StanzaError) && (error as { code?: unknown })?.code === undefined)
      this.#options.onFault(error);
    if (!isAnswerable(stanza)) return;
    const answer = errorReply(stanza, storeFailure(error));
    const session = this.#options.sessions.get(from ?? '');
    if (session !== undefined) session.send(answer);
    // Who was here and has gone is not told; a room is.
    else if (this.#options.domains.has(parseJid(from ?? '')?.domain ?? '')) this.route(answer);
  }

  #tell(session: XmppSession, what: 'bound' | 'resumed' | 'ended'): void {
    for (const listener of this.#sessionListeners) listener(session, what);
  }
}

function nothing(): void {}
