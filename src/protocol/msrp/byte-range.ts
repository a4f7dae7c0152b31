import { ProtocolError } from '../errors.ts';

/** RFC 4975 section 7.1.1: the place of a chunk in its message, counted from 1. Absent: `*`, not known or not said. */
export interface ByteRange {
  start: number;
  end?: number;
  total?: number;
}

const RANGE = /^(\d{1,16})-(\d{1,16}|\*)\/(\d{1,16}|\*)$/;

/** Throws 400. `1-0` is the range of a message without octets. */
export function parseByteRange(value: string): ByteRange {
  const found = RANGE.exec(value);
  const [, start, end, total] = found?.map(Number) ?? [];
  if (
    start === undefined ||
    start < 1 ||
    !Number.isSafeInteger(start) ||
    (end as number) < start - 1 ||
    (end as number) > (total as number) || // NaN, a `*`, is neither
    start - 1 > (total as number)
  )
    throw new ProtocolError('MSRP_BYTE_RANGE', 'Malformed Byte-Range.', { status: 400 });
  return {
    start,
    ...(Number.isNaN(end) ? {} : { end: end as number }),
    ...(Number.isNaN(total) ? {} : { total: total as number }),
  };
}

export function serializeByteRange({ start, end, total }: ByteRange): string {
  return `${start}-${end ?? '*'}/${total ?? '*'}`;
}
