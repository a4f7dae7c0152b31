// RFC 5246 section 7.4.1.4: hello extensions, by number and raw; RFC 8422, 7627, 5746, 5764 for those known here.
import { DtlsError } from './dtls-error.ts';
import { OctetReader } from './octet-reader.ts';
import { concat, integer, vector } from './octets.ts';

export const ExtensionType = {
  supportedGroups: 10,
  ecPointFormats: 11,
  signatureAlgorithms: 13,
  useSrtp: 14,
  extendedMasterSecret: 23,
  renegotiationInfo: 0xff01,
} as const;

export type Extensions = ReadonlyMap<number, Uint8Array>;

const MOST_EXTENSIONS = 64;

/** The extensions that end a hello; none at all is an old form of an empty list. Throws DTLS_MALFORMED, also when one comes twice. */
export function readExtensions(reader: OctetReader): Extensions {
  const extensions = new Map<number, Uint8Array>();
  if (reader.left === 0) return extensions;
  const list = new OctetReader(reader.vector(2, 0, 0xffff));
  reader.end();
  while (list.left > 0) {
    const type = list.integer(2);
    const body = list.vector(2, 0, 0xffff);
    if (extensions.has(type) || extensions.size === MOST_EXTENSIONS) throw new DtlsError('DTLS_MALFORMED');
    extensions.set(type, body);
  }
  return extensions;
}

export function serializeExtensions(extensions: Extensions): Uint8Array {
  const list = Array.from(extensions, ([type, body]) => concat(integer(2, type), vector(2, body)));
  return vector(2, ...list);
}

/** RFC 8422 section 5.1.1 and RFC 5246 section 7.4.1.4.1: a list of 16-bit numbers; undefined when the extension is absent. */
export function readNumberList(extensions: Extensions, type: number): number[] | undefined {
  const body = extensions.get(type);
  if (!body) return undefined;
  const reader = new OctetReader(body);
  const list = reader.numbers(2, 2, 0xffff);
  reader.end();
  return list;
}

/** RFC 8422 section 5.1.2: whoever lists point formats must list the uncompressed one. */
export function checkPointFormats(extensions: Extensions): void {
  const body = extensions.get(ExtensionType.ecPointFormats);
  if (!body) return;
  const reader = new OctetReader(body);
  const formats = reader.vector(1, 1, 255);
  reader.end();
  if (!formats.includes(0)) throw new DtlsError('DTLS_ILLEGAL_PARAMETER', 'point formats');
}

/** RFC 5746 sections 3.4 and 3.6: in a first handshake renegotiation_info is empty. */
export function checkRenegotiationInfo(extensions: Extensions): void {
  const body = extensions.get(ExtensionType.renegotiationInfo);
  if (body && (body.length !== 1 || body[0] !== 0)) throw new DtlsError('DTLS_RENEGOTIATION_INFO');
}

/** RFC 7627 section 5.1. */
export function hasExtendedMasterSecret(extensions: Extensions): boolean {
  const body = extensions.get(ExtensionType.extendedMasterSecret);
  if (body && body.length > 0) throw new DtlsError('DTLS_MALFORMED');
  return body !== undefined;
}

export const EMPTY_RENEGOTIATION_INFO = new Uint8Array([0]);
export const UNCOMPRESSED_POINTS = new Uint8Array([1, 0]);
