import { type ByteString, decodeUtf8, encodeUtf8 } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';

/** What tells a file from others (RFC 5547 section 6, `a=file-selector`). */
export interface FileSelector {
  name?: string;
  type?: string;
  /** Octets. */
  size?: number;
  /** By algorithm in lower case, each lower-case hexadecimal. `sha-1` is RFC 5547's; `sha-256` is an extension of ours. */
  hash?: Record<string, string>;
}

const MOST_OCTETS = 4096;
const HASH_OCTETS: Record<string, number> = { 'sha-1': 20, 'sha-256': 32 };

/** `name:"My cool picture.jpg" type:image/jpeg size:32349 hash:sha-1:72:24:5F:E8:...` */
export function serializeFileSelector({ name, type, size, hash }: FileSelector): ByteString {
  const parts: string[] = [];
  if (name !== undefined) parts.push(`name:"${escapeName(name)}"`);
  if (type !== undefined) parts.push(`type:${type}`);
  if (size !== undefined) parts.push(`size:${size}`);
  for (const [algorithm, value] of Object.entries(hash ?? {}))
    parts.push(`hash:${algorithm}:${value.toUpperCase().replace(/(..)(?=.)/g, '$1:')}`);
  return parts.join(' ');
}

/** Throws 400. Selectors that are not known are passed over. */
export function parseFileSelector(value: ByteString): FileSelector {
  if (value.length > MOST_OCTETS) throw malformed();
  const selector: FileSelector = {};
  const SELECTOR = /\s*([A-Za-z]+):("[^"\r\n]*"|[^\s";]+(?:;\s*[\w-]+=(?:"[^"]*"|[^\s;"]+))*)(?=\s|$)/y;
  for (let at = 0; value.slice(at).trim() !== ''; at = SELECTOR.lastIndex) {
    SELECTOR.lastIndex = at;
    const found = SELECTOR.exec(value);
    if (found === null) throw malformed();
    const [, key = '', text = ''] = found;
    switch (key.toLowerCase()) {
      case 'name':
        selector.name = unescapeName(text.replace(/^"|"$/g, ''));
        break;
      case 'type':
        selector.type = text;
        break;
      case 'size':
        if (!/^\d{1,16}$/.test(text)) throw malformed();
        selector.size = Number(text);
        break;
      case 'hash': {
        const colon = text.indexOf(':');
        const algorithm = text.slice(0, colon).toLowerCase();
        const hex = text
          .slice(colon + 1)
          .replaceAll(':', '')
          .toLowerCase();
        const octets = HASH_OCTETS[algorithm];
        if (octets === undefined) break;
        if (!/^[0-9a-f]*$/.test(hex) || hex.length !== octets * 2) throw malformed();
        selector.hash = { ...selector.hash, [algorithm]: hex };
      }
    }
  }
  return selector;
}

/** `a=file-range:1-*`; counted from 1. */
export function parseFileRange(value: string): { start: number; stop?: number } {
  const found = /^(\d{1,16})-(\d{1,16}|\*)$/.exec(value.trim());
  const [start, stop] = [Number(found?.[1]), Number(found?.[2])];
  if (found === null || start < 1 || stop < start - 1) throw malformed();
  return Number.isNaN(stop) ? { start } : { start, stop };
}

export function serializeFileRange({ start, stop }: { start: number; stop?: number }): string {
  return `${start}-${stop ?? '*'}`;
}

/** RFC 5547 section 6: CR, LF, `"` and `%` are percent-encoded. */
function escapeName(name: string): ByteString {
  return encodeUtf8(name).replace(
    /[\x00-\x1f"%\x7f]/g,
    (c) => `%${c.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  );
}

function unescapeName(name: ByteString): string {
  const octets = name.replace(/%([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return decodeUtf8(octets) ?? octets;
}

function malformed(): ProtocolError {
  return new ProtocolError('MSRP_FILE_SELECTOR', 'Malformed file selector or range.', { status: 400 });
}
