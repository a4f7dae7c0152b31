// XMPP in the inspector's trace: the stanzas of a session are one exchange, named by its full address.
import type { ByteString } from '../../protocol/byte-string.ts';
import type { Element } from '../../protocol/xmpp/element.ts';
import { NS } from '../../protocol/xmpp/namespaces.ts';

/** How a flow that carries stanzas begins. */
export const XMPP_FLOW = 'xmpp ';

/** As a record of the trace, under a head like a SIP message's, by which exchanges are told apart. */
export function stanzaRecord(jid: string, stanza: Element): string {
  const { from = '', to = '' } = stanza.attributes;
  return `Call-ID: ${jid}\r\nCSeq: 1 ${stanza.name}\r\nFrom: ${from}\r\nTo: ${to}\r\n\r\n${stanza.serialize(NS.CLIENT)}`;
}

const TEXT = />([^<]*[^<\s][^<]*)</g;
const CDATA = /<!\[CDATA\[.*?\]\]>/gs;
const SECRET = /\b(password|passwd|secret|token|credential|id_token)=(["'])[^"']*\2/gi;
/** The way to a file is as good as the file. */
const ADDRESS = /\b((?:url|uri|src|target)=)(["'])[^"']*\2/gi;

/** Back from a record: the stanza without what people wrote, and without secrets. */
export function redactStanza(record: ByteString): ByteString {
  return record
    .slice(record.indexOf('\r\n\r\n') + 4)
    .replace(CDATA, (text) => `[${text.length - 12} octets redacted]`)
    .replace(TEXT, (_, text: string) => `>[${text.length} octets redacted]<`)
    .replace(SECRET, '$1=$2[redacted]$2')
    .replace(ADDRESS, '$1$2[redacted]$2');
}
