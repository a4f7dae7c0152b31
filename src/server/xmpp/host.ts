import type { Element } from '../../protocol/xmpp/element.ts';
import type { Jid } from '../../protocol/xmpp/jid.ts';
import type { XmppSession } from './session.ts';

/** An IQ of type get or set that is for us to answer (RFC 6120 section 8.2.3). */
export interface IqRequest {
  iq: Element;
  type: 'get' | 'set';
  /** The one child. */
  payload: Element;
  from: Jid;
  to: Jid;
  /** The session it came from; undefined: from elsewhere (a room, another domain). */
  session: XmppSession | undefined;
}

/** Answers with the result's payload (undefined: an empty result), or throws a StanzaError. */
export type IqHandler = (request: IqRequest) => Promise<Element | undefined> | Element | undefined;

/**
 * Whom an IQ is addressed to: `server` is the domain; `account` a bare address, its own or someone else's (the handler
 * tells by `from` and `to`, and refuses what is not its owner's), or no address at all, which means one's own.
 */
export type IqTarget = 'server' | 'account';

/** A domain beside the main one: rooms.DOMAIN, upload.DOMAIN. */
export interface LocalDomain {
  /** Any stanza to that domain, checked (types, id, addresses), `from` stamped. IQ results and errors too. */
  receive(stanza: Element, from: Jid, to: Jid, session: XmppSession | undefined): Promise<void> | void;
}

/** What a module (one XEP, one file) may ask of the XMPP server it is plugged into by the composition root. */
export interface XmppHost {
  readonly domain: string;
  /** Online resources of an account. */
  sessions(account: string): Iterable<XmppSession>;
  /** By full address. */
  session(jid: Jid): XmppSession | undefined;
  /** Whether an account of that canonical name exists. */
  accountExists(account: string): boolean;
  /** Sends a stanza on, from inside the server: `from` and `to` are set and trusted. */
  route(stanza: Element): void;
  handleIq(target: IqTarget, name: string, namespace: string, handler: IqHandler): void;
  /** Asks a client, and resolves with its result's payload; rejects with a StanzaError (also after 30 s of silence). `from`: default the domain. */
  requestIq(session: XmppSession, type: 'get' | 'set', payload: Element, from?: string): Promise<Element | undefined>;
  /** A namespace in the answer to disco#info (XEP-0030). */
  addFeature(target: IqTarget, feature: string): void;
  /** An identity there; and a data form beside them (XEP-0128), such as the upload limit. */
  addIdentity(target: IqTarget, identity: { category: string; type: string; name?: string }): void;
  addForm(target: IqTarget, form: Element): void;
  /** An entry of the domain's disco#items, and where stanzas to it go. */
  addDomain(domain: string, name: string, handler: LocalDomain): void;
  /** Told when a resource becomes available for the first time, changes, or goes (undefined). */
  onPresence(listener: (session: XmppSession, presence: Element | undefined) => void): void;
  /** Told after a session has bound (also at a resumption: `resumed`) and after it has ended. */
  onSession(listener: (session: XmppSession, what: 'bound' | 'resumed' | 'ended') => void): void;
}
