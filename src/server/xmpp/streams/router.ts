import type { Element } from '../../../protocol/xmpp/element.ts';
import type { Jid } from '../../../protocol/xmpp/jid.ts';
import type { XmppSession } from '../session.ts';

/** What streams need of whoever routes stanzas (XmppServer). */
export interface StreamRouter {
  readonly domain: string;
  /** By full address; of an account. For conflicts (RFC 6120 section 7.7.2.2). */
  session(jid: Jid): XmppSession | undefined;
  sessions(account: string): Iterable<XmppSession>;
  /** A resource is bound; from now on stanzas may be sent to it. The resource is free: who had it has been ended. */
  bind(session: XmppSession): void;
  /**
   * One stanza of a client: a `message`, `presence` or `iq` in jabber:client, whose `from` is set to its full address.
   * The promise resolves when what the stanza promised is durable (undefined: that is so already): only then is it
   * acknowledged (XEP-0198). Errors are answered by whoever routes; a rejection is a fault and ends the stream.
   */
  receive(session: XmppSession, stanza: Element): Promise<void> | undefined;
  /** It was cut off, and is here again with all of its state (XEP-0198 section 5). */
  resumed(session: XmppSession): void;
  /** Stanzas that were sent to it, and never acknowledged: it has died. Called before `ended`, never with an empty list. */
  undelivered(session: XmppSession, stanzas: readonly Element[]): void;
  /** It was sent a message with words while it was cut off: kept for when its client comes again. */
  heldBack?(session: XmppSession): void;
  /** It is gone for good: no longer bound. Once for each `bind`. */
  ended(session: XmppSession): void;
  /** Stream features beside those of the stream itself: roster versions (RFC 6121 section 2.6.1), capabilities (XEP-0115). */
  streamFeatures(): readonly Element[];
  /** Features offered inline in Bind 2 (XEP-0386), beside carbons and stream management, and what a client asked of them. */
  bindFeatures?(): readonly string[];
  inlineBound?(session: XmppSession, request: Element): Element[];
}
