import type { XmlElement } from '@xmpp/client';
import { NS } from './namespaces.ts';

/** A stanza carried within another (XEP-0297), and the time it was first sent where that is said. */
export interface Forwarded {
  stanza: XmlElement;
  time: Date | undefined;
  archiveId?: string | undefined;
}

/**
 * XEP-0280: a copy of what another device of ours sent or received. Only our own account may send one: from anybody else
 * it is a forgery (section 11; every client has had this fault once).
 */
export function readCarbon(stanza: XmlElement, self: string): Forwarded | 'forged' | undefined {
  const carbon = stanza.getChild('sent', NS.CARBONS) ?? stanza.getChild('received', NS.CARBONS);
  if (carbon === undefined) return undefined;
  return (stanza.attrs['from'] ?? self) === self ? unwrap(carbon) : 'forged';
}

/**
 * XEP-0313: one result of a query. Only the archive that was asked may answer, to a query that is open.
 */
export function readArchiveResult(
  stanza: XmlElement,
  archive: string,
  queryId: string,
): Forwarded | 'forged' | undefined {
  const result = stanza.getChild('result', NS.MAM);
  if (result === undefined) return undefined;
  if (stanza.attrs['from'] !== archive || result.attrs['queryid'] !== queryId) return 'forged';
  const forwarded = unwrap(result);
  return forwarded && { ...forwarded, archiveId: result.attrs['id'] };
}

function unwrap(carrier: XmlElement): Forwarded | undefined {
  const forwarded = carrier.getChild('forwarded', NS.FORWARD);
  const stanza = forwarded?.getChild('message', 'jabber:client') ?? forwarded?.getChild('message');
  if (!stanza) return undefined;
  const time = new Date(forwarded?.getChild('delay', NS.DELAY)?.attrs['stamp'] ?? Number.NaN);
  return { stanza, time: Number.isNaN(time.getTime()) ? undefined : time };
}
