// Chat in a session of its own (RFC 4975) with whoever has MSRP and no XMPP: text in message/cpim (RFC 3862), typing (RFC 3994),
// dispositions (RFC 5438). An import of its own, like file-transfer.ts.
import { type ByteString, decodeUtf8, encodeUtf8 } from '../protocol/byte-string.ts';
import { ProtocolError } from '../protocol/errors.ts';
import { cpimHeader, parseCpim, serializeCpim } from '../protocol/msrp/cpim.ts';
import { randomName } from '../protocol/msrp/frame.ts';
import { IMDN_NAMESPACE, IMDN_TYPE, type Imdn, parseImdn, serializeImdn } from '../protocol/msrp/imdn.ts';
import { IS_COMPOSING_TYPE, parseIsComposing, serializeIsComposing } from '../protocol/msrp/is-composing.ts';
import type { SessionEvent } from '../protocol/msrp/session-event.ts';
import { tryOr } from '../protocol/msrp/try-or.ts';
import type { UserAgentEvent } from '../protocol/sip/user-agent-event.ts';
import type { Client } from './client.ts';
import { Emitter } from './emitter.ts';
import { ClientError } from './errors.ts';
import {
  answeredSetup,
  isSameSession,
  type MessageDescription,
  readMessageDescription,
  takesType,
} from './msrp/description.ts';
import type { MsrpEndpoint } from './msrp/endpoint.ts';
import type { MsrpLink } from './msrp/link.ts';
import { RelayConnections } from './msrp/relay-connection.ts';
import { textOf } from './negotiation.ts';
import { describePeer, type Peer } from './peer.ts';
import { primitives, toByteString, toBytes } from './primitives.ts';
import type { SessionListener, SessionPort } from './session-port.ts';
import { SipSession } from './sip-session.ts';

export interface MessageSessionEvents {
  message: SessionMessage;
  /** The other side is typing, or has stopped. */
  composing: boolean;
  /** What became of a message of ours. */
  disposition: { id: string; status: Imdn['status'] };
  ended: undefined;
}

export interface SessionMessage {
  id: string;
  text: string;
  contentType: string;
  /** The sender would like to know that it was read: `session.displayed(message)`. */
  wantsDisplayed: boolean;
  dateTime: string;
}

const CPIM_TYPE = 'message/cpim';
const TYPES = [CPIM_TYPE, 'text/plain', IS_COMPOSING_TYPE];
const ATTRIBUTES = [
  `accept-types:${TYPES.join(' ')}`,
  `accept-wrapped-types:text/plain ${IS_COMPOSING_TYPE} ${IMDN_TYPE}`,
];
/** Octets of one message that is kept: text, not files. */
const MOST_OCTETS = 256 * 1024;
/** Seconds for which one `typing()` counts (RFC 3994 section 3.2). */
const COMPOSING = 60;

/** One chat with one other side, until either ends it. */
export class MessageSession extends Emitter<MessageSessionEvents> {
  readonly remote: Peer;
  readonly #port: SessionPort;
  readonly #local: string;
  readonly #sip: SipSession;
  readonly #link: MsrpLink;
  readonly #parts = new Map<string, { type: string; octets: Uint8Array[]; length: number }>();
  readonly #sent = new Map<string, { resolve: () => void; reject: (error: ClientError) => void }>();
  readonly #ready = Promise.withResolvers<void>();
  #endpoint: MsrpEndpoint | undefined;
  /** What the other side takes (RFC 4975 section 8.6), alone and in message/cpim. */
  #types: Pick<MessageDescription, 'acceptTypes' | 'acceptWrappedTypes'> = { acceptTypes: [], acceptWrappedTypes: [] };
  #cancelComposing: (() => void) | undefined;
  #over = false;

  constructor(port: SessionPort, parts: { local: string; remote: Peer; sip: SipSession; link: MsrpLink }) {
    super();
    this.#port = port;
    this.#local = parts.local;
    this.remote = parts.remote;
    this.#sip = parts.sip;
    this.#link = parts.link;
    this.#sip.onEnd = () => this.#ended();
  }

  /** For whoever made it: both descriptions are there. The passive side waits until it is spoken to (RFC 4975 section 5.4). */
  async open(remote: MessageDescription, setup: 'active' | 'passive'): Promise<void> {
    this.#types = remote;
    this.#sip.isAgreed = (offer) => isSameSession(remote, offer);
    this.#endpoint = await this.#link.open(remote.path, {
      accept: (head) => {
        if (!takesType(TYPES, bareType(head.get('Content-Type') ?? ''))) return 415;
        return (head.byteRange.total ?? 0) > MOST_OCTETS ? 413 : 200;
      },
      onEvent: (event) => this.#happened(event),
      onLost: () => this.close(),
      onHeard: () => this.#ready.resolve(),
    });
    if (setup === 'passive') return;
    this.#endpoint.greet();
    this.#ready.resolve();
  }

  /** Resolves with its id once the other side's device has it. */
  async send(text: string): Promise<string> {
    const id = crypto.randomUUID();
    await this.#wrap('text/plain;charset=UTF-8', text, [
      ['imdn.Message-ID', id],
      ['imdn.Disposition-Notification', 'positive-delivery, display'],
    ]);
    return id;
  }

  /** Tells that something is being written, or no more. */
  typing(active = true): void {
    const state = active ? 'active' : 'idle';
    const refresh = active ? { refresh: COMPOSING } : {};
    this.#wrap(IS_COMPOSING_TYPE, serializeIsComposing({ state, contentType: 'text/plain', ...refresh })).catch(
      () => {},
    );
  }

  /** Tells the sender that its message was read. */
  displayed(message: SessionMessage): void {
    this.#notify(message, { kind: 'display', status: 'displayed' });
  }

  close(): void {
    this.#sip.hangUp();
    this.#ended();
  }

  #notify({ id, dateTime }: SessionMessage, disposition: Pick<Imdn, 'kind' | 'status'>): void {
    const imdn = serializeImdn({ messageId: id, dateTime, ...disposition } as Imdn);
    this.#wrap(IMDN_TYPE, imdn, [['imdn.Message-ID', crypto.randomUUID()]]).catch(() => {});
  }

  /** In message/cpim for whoever takes that, else as it is, without what only CPIM can say. */
  async #wrap(type: string, text: string, headers: (readonly [string, string])[] = []): Promise<void> {
    if (!this.#over) await this.#ready.promise;
    const { acceptTypes, acceptWrappedTypes } = this.#types;
    const takesCpim = takesType(acceptTypes, CPIM_TYPE);
    if (type === IMDN_TYPE && !takesCpim) return;
    const takesIt = takesType(acceptTypes, type) || (takesCpim && takesType(acceptWrappedTypes, type));
    if (type === IS_COMPOSING_TYPE && !takesIt) return;
    if (!takesCpim) return this.#send(type, encodeUtf8(text));
    const cpim = serializeCpim({
      headers: [
        ['From', `<${this.#local}>`],
        ['To', `<${this.remote.uri}>`],
        ['DateTime', new Date().toISOString()],
        ...(headers.length > 0 ? [['NS', `imdn <${IMDN_NAMESPACE}>`] as const] : []),
        ...headers,
      ],
      mime: [['Content-Type', type]],
      body: encodeUtf8(text),
    });
    return this.#send(CPIM_TYPE, cpim);
  }

  /** Resolves once the other side has it. */
  #send(contentType: string, body: ByteString): Promise<void> {
    const endpoint = this.#endpoint;
    if (endpoint === undefined || this.#over)
      return Promise.reject(new ClientError('WRONG_STATE', 'the session is over'));
    return new Promise((resolve, reject) => {
      const messageId = randomName(primitives, 16);
      this.#sent.set(messageId, { resolve, reject });
      endpoint.send({ contentType, body: toBytes(body), successReport: true, messageId });
    });
  }

  #happened(event: SessionEvent): void {
    if (event.type === 'incoming') this.#parts.set(event.message, { type: event.contentType, octets: [], length: 0 });
    else if (event.type === 'data') this.#take(event.message, event.octets);
    else if (event.type === 'received') {
      const part = this.#parts.get(event.message);
      this.#parts.delete(event.message);
      if (event.asksReport) this.#endpoint?.confirm(event.message);
      if (part !== undefined) this.#read(event.message, part.type, part.octets.map(toByteString).join(''));
    } else if (event.type === 'aborted') this.#parts.delete(event.message);
    else if (event.type === 'delivered') this.#settle(event.message)?.resolve();
    else if (event.type === 'failed')
      this.#settle(event.message)?.reject(new ClientError('REJECTED', 'not delivered', event.status));
  }

  #settle(message: string) {
    const sent = this.#sent.get(message);
    this.#sent.delete(message);
    return sent;
  }

  #take(message: string, octets: Uint8Array): void {
    const part = this.#parts.get(message);
    if (part === undefined) return;
    part.length += octets.length;
    if (part.length > MOST_OCTETS) {
      this.#parts.delete(message);
      this.#endpoint?.refuse(message);
    } else part.octets.push(octets.slice());
  }

  #read(id: string, contentType: string, octets: string): void {
    let [type, body, messageId, dateTime, wanted] = [contentType, octets, id, '', ''];
    if (/^message\/cpim\b/i.test(contentType)) {
      try {
        const cpim = parseCpim(octets);
        type = cpimHeader(cpim.mime, 'Content-Type') ?? 'text/plain';
        body = cpim.body;
        messageId = cpimHeader(cpim.headers, 'imdn.Message-ID') ?? id;
        dateTime = cpimHeader(cpim.headers, 'DateTime') ?? '';
        wanted = cpimHeader(cpim.headers, 'imdn.Disposition-Notification') ?? '';
      } catch (error) {
        if (error instanceof ProtocolError) return; // nothing that can be shown
        throw error;
      }
    }
    const text = decodeUtf8(body) ?? body;
    if (type.startsWith(IS_COMPOSING_TYPE)) this.#composing(text);
    else if (type.startsWith(IMDN_TYPE)) {
      const imdn = parseImdn(text);
      if (imdn !== undefined) this.emit('disposition', { id: imdn.messageId, status: imdn.status });
    } else {
      this.#composing('');
      const message = { id: messageId, text, contentType: type, dateTime, wantsDisplayed: /\bdisplay\b/.test(wanted) };
      if (/\bpositive-delivery\b/.test(wanted)) this.#notify(message, { kind: 'delivery', status: 'delivered' });
      this.emit('message', message);
    }
  }

  /** RFC 3994 section 3.3: an `active` that is not renewed in time is over. */
  #composing(document: string): void {
    const composing = document === '' ? undefined : parseIsComposing(document);
    const was = this.#cancelComposing !== undefined;
    this.#cancelComposing?.();
    this.#cancelComposing = undefined;
    if (composing?.state === 'active')
      this.#cancelComposing = this.#port.clock.after((composing.refresh ?? 120) * 1000, () => this.#composing(''));
    const is = this.#cancelComposing !== undefined;
    if (is !== was) this.emit('composing', is);
  }

  #ended(): void {
    if (this.#over) return;
    this.#over = true;
    this.#cancelComposing?.();
    this.#link.close();
    this.#ready.resolve();
    for (const { reject } of this.#sent.values()) reject(new ClientError('NOT_CONNECTED', 'the session is over'));
    this.#sent.clear();
    this.emit('ended', undefined);
  }
}

/** A media type without its parameters. */
function bareType(type: string): string {
  return (type.split(';', 1)[0] as string).trim().toLowerCase();
}

export interface MessageSessionsEvents {
  /** Somebody began a chat with us; it is accepted. */
  session: MessageSession;
}

/** Chats by MSRP of a client's account. */
export class MessageSessions extends Emitter<MessageSessionsEvents> {
  readonly #client: Client;
  readonly #port: SessionPort;
  readonly #relay: RelayConnections;

  constructor(client: Client) {
    super();
    this.#client = client;
    this.#port = client.sessions(
      (event) => this.#take(event),
      () => this.#relay.close(),
    );
    this.#relay = new RelayConnections(this.#port);
  }

  /** Rejects with the status when the other side does not want to, or has no MSRP (488). */
  async open(target: string): Promise<MessageSession> {
    const uri = this.#port.uriOf(target);
    const link = await this.#relay.link();
    const sip = new SipSession(this.#port);
    try {
      const answer = await sip.invite(uri, await link.describe(['setup:active', ...ATTRIBUTES]));
      const remote = readMessageDescription(answer);
      if (remote === undefined || remote.path.length === 0)
        throw new ClientError('BAD_DESCRIPTION', 'the answer has no MSRP session', 488);
      const session = this.#session({ remote: describePeer({ uri }), sip, link });
      await session.open(remote, 'active');
      return session;
    } catch (error) {
      sip.hangUp();
      link.close();
      throw error;
    }
  }

  #session(parts: { remote: Peer; sip: SipSession; link: MsrpLink }): MessageSession {
    return new MessageSession(this.#port, { local: this.#client.address ?? '', ...parts });
  }

  #take(event: Extract<UserAgentEvent, { type: 'incomingCall' }>): SessionListener | undefined {
    const sdp = event.offer === undefined ? '' : textOf(event.offer);
    const description = tryOr(undefined, () => readMessageDescription(sdp));
    if (description === undefined || description.file !== undefined || description.dataChannel) return undefined;
    const sip = new SipSession(this.#port, event.call);
    this.#accept(sip, describePeer(event.from), description, sdp).catch(() => sip.reject(480));
    return sip;
  }

  async #accept(sip: SipSession, remote: Peer, description: MessageDescription, sdp: string): Promise<void> {
    const setup = answeredSetup(description.setup);
    const link = await this.#relay.link();
    const session = this.#session({ remote, sip, link });
    const answer = await link.describe([`setup:${setup}`, ...ATTRIBUTES], sdp);
    this.emit('session', session);
    const opened = session.open(description, setup);
    sip.accept(answer);
    await opened;
  }
}
