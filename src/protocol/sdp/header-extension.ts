// RFC 8285 section 5, `a=extmap`.
import type { ByteString } from '../byte-string.ts';
import type { Direction } from './direction.ts';

export interface HeaderExtension {
  id: number;
  direction: Direction;
  uri: string;
  /** What follows the URI, as written. */
  attributes: ByteString;
}

const EXTMAP = /^(\d{1,5})(?:\/(sendrecv|sendonly|recvonly|inactive))?[ \t]+(\S+)[ \t]*(.*)$/;

export const MID_EXTENSION = 'urn:ietf:params:rtp-hdrext:sdes:mid';

/** Undefined when malformed. */
export function parseHeaderExtension(value: ByteString): HeaderExtension | undefined {
  const match = EXTMAP.exec(value);
  if (!match) return undefined;
  const id = Number(match[1]);
  // 1 to 14 in one byte, to 255 in two; 4096 to 4351 are for offers that have more than fit (section 6).
  if (id < 1 || (id > 255 && (id < 4096 || id > 4351))) return undefined;
  return {
    id,
    direction: (match[2] as Direction | undefined) ?? 'sendrecv',
    uri: match[3] as string,
    attributes: match[4] as string,
  };
}

export function serializeHeaderExtension({ id, direction, uri, attributes }: HeaderExtension): ByteString {
  const suffix = direction === 'sendrecv' ? '' : `/${direction}`;
  return `${id}${suffix} ${uri}${attributes === '' ? '' : ` ${attributes}`}`;
}
