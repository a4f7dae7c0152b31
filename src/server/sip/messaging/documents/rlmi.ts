// Resource list notifications (RFC 4662 section 5): multipart/related (RFC 2387) of a list's meta-information and the
// documents of its resources.
import { type ByteString, encodeUtf8 } from '../../../../protocol/byte-string.ts';
import { escapeAttribute, escapeText } from '../../../../protocol/xmpp/escape.ts';
import { XML_DECLARATION } from './xml-document.ts';

const RLMI_TYPE = 'application/rlmi+xml';

export interface ListedResource {
  uri: string;
  /** What a person calls it. */
  name?: string | undefined;
  /** Its document; undefined: its state is not known, or not allowed to be. */
  document?: { type: string; body: ByteString } | undefined;
}

export interface ResourceList {
  uri: string;
  /** Counts the documents of one subscription. */
  version: number;
  /** All resources are here; false: those that have changed. */
  full: boolean;
  resources: readonly ListedResource[];
}

/** `mark`: makes boundary and Content-IDs, and must not occur in the documents. */
export function writeResourceList(
  list: ResourceList,
  mark: string,
  domain: string,
): { type: string; body: ByteString } {
  let meta = `${XML_DECLARATION}<list xmlns="urn:ietf:params:xml:ns:rlmi" uri="${escapeAttribute(list.uri)}" version="${list.version}" fullState="${list.full}">\r\n`;
  let parts = '';
  list.resources.forEach(({ uri, name, document }, index) => {
    const cid = `${mark}-${index}@${domain}`;
    meta += `<resource uri="${escapeAttribute(uri)}">`;
    if (name !== undefined) meta += `<name>${escapeText(name)}</name>`;
    if (document !== undefined) {
      meta += `<instance id="1" state="active" cid="${escapeAttribute(cid)}"/>`;
      parts += part(mark, cid, document.type, document.body);
    }
    meta += '</resource>\r\n';
  });
  const root = `list-${mark}@${domain}`;
  const body = `${part(mark, root, RLMI_TYPE, encodeUtf8(`${meta}</list>\r\n`))}${parts}--${mark}--\r\n`;
  return { type: `multipart/related;type="${RLMI_TYPE}";start="<${root}>";boundary="${mark}"`, body };
}

function part(mark: string, cid: string, type: string, body: ByteString): ByteString {
  const head = `Content-Transfer-Encoding: binary\r\nContent-ID: <${cid}>\r\nContent-Type: ${type};charset="UTF-8"`;
  return `--${mark}\r\n${head}\r\n\r\n${body}\r\n`;
}
