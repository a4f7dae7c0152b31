import type { Element } from '../../protocol/xmpp/element.ts';
import type { Jid } from '../../protocol/xmpp/jid.ts';
import type { Identity } from '../../transport/flow.ts';

/** A bound resource (RFC 6120 section 7): what the routing side knows of a client, whatever stream carries it. */
export interface XmppSession {
  /** Full. */
  readonly jid: Jid;
  /** Canonical name of the account; `jid.local`. */
  readonly account: string;
  readonly identity: Identity;
  /** Ephemeral credentials that have expired end the session at its next stanza. */
  readonly open: boolean;
  /**
   * Queues one stanza (namespace jabber:client, `to` set by whoever calls). Never throws and never blocks; with stream
   * management it is kept until acknowledged, and given back by `XmppServer.undelivered` when the session dies first.
   */
  send(stanza: Element): void;
  /** Stanzas that were sent and not acknowledged yet (XEP-0198): who has many to send waits while there are many. */
  readonly backlog: number;
  /** Ends the stream with a stream error (`conflict`, `not-authorized`...). */
  end(condition: string, text?: string): void;

  // Written by the routing side, kept here so that no map lookup is needed.
  /** Its last available presence; undefined: unavailable (no presence sent yet, or gone). */
  presence: Element | undefined;
  /** Of that presence, -128 to 127. */
  priority: number;
  /** It has asked for the roster (RFC 6121 section 2.2): it gets roster pushes. */
  interested: boolean;
  /** XEP-0280. */
  carbons: boolean;
  /** XEP-0191: it has asked for the block list. */
  blockListRequested: boolean;
  /** Bare and full addresses to which presence was sent directly (RFC 6121 section 4.6). */
  directed: Set<string> | undefined;
  /** XEP-0115: the disco features its presence's hash stands for, once known (PEP's +notify). */
  features: ReadonlySet<string> | undefined;
}
