// A bound resource and the stream that carries it (RFC 6120 sections 7 and 8), which may be cut off and come back
// (XEP-0198).
import type { Element } from '../../../protocol/xmpp/element.ts';
import { xml } from '../../../protocol/xmpp/element.ts';
import { type Jid, parseJid } from '../../../protocol/xmpp/jid.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { resultReply } from '../../../protocol/xmpp/stanza-error.ts';
import { type StreamCondition, StreamError } from '../../../protocol/xmpp/stream-error.ts';
import type { Timer } from '../../../transport/clock.ts';
import type { Identity } from '../../../transport/flow.ts';
import type { XmppSession } from '../session.ts';
import { ClientState } from './client-state.ts';
import type { ConnectionHandler, XmppConnection, XmppTransport } from './connection.ts';
import { ReceivedStanzas } from './received-stanzas.ts';
import { StanzaRate } from './stanza-rate.ts';
import type { StreamContext } from './stream-context.ts';
import { StreamManagement, smFailed } from './stream-management.ts';

const EXPIRED = new StreamError('not-authorized', 'The credential has expired.');
/** How long a client that sends too fast is not read. Milliseconds. */
const PAUSE = 100;
const STANZAS = new Set(['message', 'presence', 'iq']);
/** RFC 6120 section 8.2.3 wants an id; clients answer `error` when they do not know XEP-0199. */
const PING_ID = 'stream-ping';
const PING = 'urn:xmpp:ping';

export class ClientSession implements XmppSession, ConnectionHandler {
  readonly jid: Jid;
  readonly account: string;
  /** Of the last login: a resumption may bring a credential that lasts longer. */
  identity: Identity;
  presence: Element | undefined = undefined;
  priority = 0;
  interested = false;
  carbons = false;
  blockListRequested = false;
  directed: Set<string> | undefined = undefined;
  features: ReadonlySet<string> | undefined = undefined;
  readonly #context: StreamContext;
  /** Undefined: cut off, and held for its client. */
  #connection: XmppConnection | undefined;
  /** On which its client is about to be back. */
  #resuming: XmppConnection | undefined;
  #open = true;
  readonly #received: ReceivedStanzas;
  readonly #rate: StanzaRate;
  #management: StreamManagement | undefined;
  #clientState: ClientState | undefined;
  #held: Timer | undefined;

  constructor(context: StreamContext, connection: XmppConnection, jid: Jid, identity: Identity) {
    this.#context = context;
    this.#connection = connection;
    this.jid = jid;
    this.account = identity.name;
    this.identity = identity;
    this.#received = new ReceivedStanzas(this);
    this.#rate = new StanzaRate(context.limits);
  }

  get open(): boolean {
    return this.#open;
  }

  /** `held`: none, for now. */
  get transport(): XmppTransport | 'held' {
    return this.#connection?.transport ?? 'held';
  }

  /** Stream management is on. */
  get managed(): boolean {
    return this.#management !== undefined;
  }

  /** Cut off, and waiting for its client. */
  get held(): boolean {
    return this.#open && this.#connection === undefined;
  }

  // What the routing side asks.

  get backlog(): number {
    return this.#management?.outstanding ?? 0;
  }

  send(stanza: Element): void {
    if (!this.#open) return;
    if (this.#hasExpired) this.#finish(EXPIRED, 'the credential has expired', [stanza]);
    else if (this.#clientState !== undefined) this.#clientState.send(stanza);
    else this.write(stanza);
  }

  /** Past the client's state. */
  write(stanza: Element): void {
    this.#context.counters.stanzasOut += 1;
    const management = this.#management;
    this.#context.trace?.(true, this, stanza);
    if (management !== undefined && !management.sent(stanza)) {
      this.end('resource-constraint', 'You do not acknowledge what is sent to you.');
      return;
    }
    if (this.#connection === undefined && stanza.name === 'message' && stanza.child('body') !== undefined)
      this.#context.router.heldBack?.(this);
    const written = this.#connection?.send(stanza) ?? true;
    if (management !== undefined) management.request();
    else if (!written) this.#finish(undefined, 'it does not read', [stanza]);
  }

  get #hasExpired(): boolean {
    const { expires } = this.identity;
    return expires !== undefined && expires * 1000 <= this.#context.wallClock();
  }

  end(condition: StreamCondition | string, text = ''): void {
    this.#finish(new StreamError(condition as StreamCondition, text), `${condition}: ${text}`);
  }

  // What comes from the client.

  received(element: Element): void {
    if (!this.#open) return;
    if (element.namespace === NS.CLIENT && STANZAS.has(element.name)) this.#stanza(element);
    else if (element.namespace === NS.SM) this.#manage(element);
    else if (element.namespace === NS.CSI) this.#setClientState(element.name);
    else this.end('unsupported-stanza-type');
  }

  #stanza(stanza: Element): void {
    const context = this.#context;
    const { jid } = this;
    context.counters.stanzasIn += 1;
    if (this.#hasExpired) {
      this.#finish(EXPIRED, 'the credential has expired');
      return;
    }
    const { from } = stanza.attributes;
    // RFC 6120 section 8.1.2.1
    if (from !== undefined && from !== jid.full && from !== jid.bare && !isOwn(from, jid)) {
      this.end('invalid-from');
      return;
    }
    const stamped = stanza.with({ from: jid.full });
    context.trace?.(false, this, stamped);
    if (stanza.name === 'iq' && this.#answered(stamped)) this.#received.add(undefined);
    else this.#received.add(context.router.receive(this, stamped));
    this.#flowControl();
  }

  /** IQs that are the stream's own matter. */
  #answered(iq: Element): boolean {
    const { type, id } = iq.attributes;
    if (type === 'set' && iq.child('session', NS.SESSION) !== undefined) {
      this.write(resultReply(iq)); // RFC 3921 section 3; RFC 6121 appendix E has nothing left to do
      return true;
    }
    return (type === 'result' || type === 'error') && id === PING_ID;
  }

  /** What is being worked at is bounded, and how fast stanzas come: beyond it the stream is not read for a while. */
  #flowControl(): void {
    const { limits, clock } = this.#context;
    const connection = this.#connection;
    if (connection === undefined) return;
    const resume = () => connection.resume();
    if (this.#received.pending >= limits.pendingStanzas) {
      connection.pause();
      this.#received.whenBelow(limits.pendingStanzas / 2, resume);
    } else if (!this.#rate.take(clock.now())) {
      connection.pause();
      clock.setTimer(PAUSE, resume);
    }
  }

  /** What a stanza promised could not be kept, and its sender was not told: a fault. */
  failedToReceive(error: unknown): void {
    this.#context.fault(error);
    this.end('internal-server-error');
  }

  // Stream management (XEP-0198).

  #manage(element: Element): void {
    switch (element.name) {
      case 'r':
        this.#received.whenHandled(() => this.#control(xml('a', NS.SM, { h: String(this.#received.handled) })));
        return;
      case 'a':
        this.#management?.acknowledged(element);
        return;
      case 'enable':
        this.#control(this.enableManagement(element));
        return;
      default:
        this.#control(smFailed('unexpected-request'));
    }
  }

  /** Section 3: the answer to `<enable/>`, also within Bind 2. */
  enableManagement(request: Element): Element {
    if (this.#management !== undefined) return smFailed('unexpected-request');
    const { limits, clock, held } = this.#context;
    const resume = request.attributes['resume'] === 'true' || request.attributes['resume'] === '1';
    const id = resume ? held.add(this) : undefined;
    this.#management = new StreamManagement({
      limits,
      clock,
      id,
      request: () => this.#control(xml('r', NS.SM)),
      failed: (error) => this.#finish(error, error.condition),
    });
    this.#received.begin();
    const max = String(Math.floor(limits.resumeTimeout / 1000));
    return xml('enabled', NS.SM, id === undefined ? {} : { id, resume: 'true', max });
  }

  #control(element: Element): void {
    this.#connection?.send(element);
  }

  /**
   * Section 5: the client is back on another connection. Resolves once everything it had sent before is settled: only then
   * is it known what it need not send again. Answers `<resumed/>`; `attach` comes after it. Undefined: it cannot be.
   */
  async resume(connection: XmppConnection, request: Element, identity: Identity): Promise<Element | undefined> {
    const management = this.#management;
    if (!this.#open || management?.id === undefined) return undefined;
    const old = this.#connection;
    this.#connection = undefined;
    this.#resuming = connection;
    this.#held?.close();
    this.#held = undefined;
    if (old !== undefined) {
      old.handler = NOBODY;
      old.close(new StreamError('conflict', 'Resumed elsewhere.'));
    }
    management.detached();
    await this.#received.settled();
    if (!this.#open || this.#resuming !== connection) return undefined; // the last one to come has it
    this.#resuming = undefined;
    if (!connection.open) {
      this.#hold();
      return undefined;
    }
    if (!management.acknowledged(request)) return undefined;
    this.identity = identity;
    return xml('resumed', NS.SM, { previd: management.id, h: String(this.#received.handled) });
  }

  /** After `<resumed/>`: the connection is the session's, and brings what the client has not had. */
  attach(connection: XmppConnection): void {
    const { trace, router } = this.#context;
    this.#connection = connection;
    connection.handler = this;
    for (const stanza of this.#management?.unacknowledged ?? []) {
      trace?.(true, this, stanza);
      connection.send(stanza);
    }
    this.#management?.request();
    this.#setClientState('active'); // section 5 of XEP-0352: what waited follows
    router.resumed(this);
  }

  // Client state (XEP-0352).

  #setClientState(name: string): void {
    if (name === 'inactive') this.#clientState ??= new ClientState(this, this.#context.limits.heldBackStanzas);
    else if (name === 'active') {
      const state = this.#clientState;
      this.#clientState = undefined;
      state?.flush();
    } else this.end('unsupported-stanza-type');
  }

  /** XEP-0386 and Bind 2's own `<inactive/>`. */
  beInactive(): void {
    this.#setClientState('inactive');
  }

  // What happens to the connection.

  opened(): void {
    this.end('policy-violation', 'The stream is open.');
  }

  failed(error: StreamError): void {
    this.#finish(error, `${error.condition}: ${error.message}`);
  }

  ended(): void {
    this.#finish(undefined, 'ended by the client');
  }

  gone(reason: string, unsent: readonly Element[] = []): void {
    if (!this.#open) return;
    this.#connection = undefined;
    this.#management?.detached();
    if (this.#management === undefined) {
      const stanzas = unsent.filter(({ name, namespace }) => namespace === NS.CLIENT && STANZAS.has(name));
      this.#finish(undefined, reason, stanzas);
    } else if (this.#management.id === undefined || this.#context.stopping) this.#finish(undefined, reason);
    else this.#hold();
  }

  #hold(): void {
    const { clock, limits, log } = this.#context;
    log.debug({ jid: this.jid.full }, 'session held');
    this.#held = clock.setTimer(limits.resumeTimeout, () => this.#finish(undefined, 'not resumed'));
  }

  idle(): void {
    const ping = xml(
      'iq',
      NS.CLIENT,
      { type: 'get', id: PING_ID, from: this.jid.domain, to: this.jid.full },
      xml('ping', PING),
    );
    if (this.#management !== undefined) this.#control(xml('r', NS.SM));
    else this.write(ping);
  }

  #finish(error: StreamError | undefined, reason: string, refused: readonly Element[] = []): void {
    if (!this.#open) return;
    this.#open = false;
    const { router, held, log, sessions } = this.#context;
    sessions.delete(this);
    this.#held?.close();
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.close(error);
    const management = this.#management;
    management?.detached();
    if (management?.id !== undefined) held.delete(management.id);
    this.#clientState?.giveUp();
    const lost = [...(management?.unacknowledged ?? []), ...refused];
    if (lost.length > 0) router.undelivered(this, lost);
    router.ended(this);
    log.debug({ jid: this.jid.full, reason }, 'session ended');
  }
}

/** A client's own address, however it writes it. */
function isOwn(text: string, jid: Jid): boolean {
  const from = parseJid(text);
  return from !== undefined && (from.full === jid.full || from.full === jid.bare);
}

const NOBODY: ConnectionHandler = { opened() {}, received() {}, failed() {}, ended() {}, gone() {}, idle() {} };
