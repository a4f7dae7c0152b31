import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { type ByteRange, serializeByteRange } from './byte-range.ts';
import { ChunkCutter } from './chunk-cutter.ts';
import type { Head } from './head.ts';
import type { RelayLimits } from './limits.ts';
import type { RelayLink, WaitingPiece } from './relay-link.ts';
import type { Route } from './relay-routes.ts';
import { responseFrame } from './response.ts';

/**
 * Cuts the chunk that this head begins into pieces for the next hop, each with its own Byte-Range. `tooLarge` is told once
 * the message passes its bound. Throws 400 and 413.
 */
export function cutChunk(
  link: RelayLink,
  head: Head,
  route: Route,
  limits: Pick<RelayLimits, 'chunkBytes' | 'messageBytes'>,
  { take, tooLarge }: { take: (piece: WaitingPiece) => void; tooLarge: () => void },
): ChunkCutter {
  const messageId = head.get('Message-ID');
  if (messageId === undefined) throw new ProtocolError('MSRP_MESSAGE_ID', 'No Message-ID.', { status: 400 });
  const range = head.byteRange;
  if ((range.total ?? 0) > limits.messageBytes || range.start > limits.messageBytes)
    throw new ProtocolError('MSRP_MESSAGE_SIZE', 'The message is too large.', { status: 413 });
  const { before, after } = splitFields(head, route);
  const overhead = before.length + after.length + FRAME_OVERHEAD;
  const room = limits.chunkBytes - overhead;
  if (room < LEAST_PIECE) throw new ProtocolError('MSRP_HEAD_SIZE', 'The headers are too long.', { status: 400 });
  const { failureReport } = head;
  const send = head.method === 'SEND';
  return new ChunkCutter(room, (body, at, flag, last) => {
    const length = body?.length ?? 0;
    const place = pieceOf(range, at, length, last);
    if (place.start - 1 + length > limits.messageBytes) {
      tooLarge();
      return;
    }
    // A REPORT's range is what it is about, and is let alone.
    const rangeText = send ? serializeByteRange(place) : (head.get('Byte-Range') ?? '1-*/*');
    const piece: WaitingPiece = {
      from: link,
      method: head.method,
      fields: `${before}Byte-Range: ${rangeText}\r\n${after}`,
      flag,
      length: overhead + length,
      ...(body === undefined ? {} : { body }),
    };
    if (send && last && failureReport === 'yes') piece.acknowledgement = responseFrame(head, 200);
    if (send && last && failureReport !== 'no') piece.refusal = responseFrame(head, 481);
    if (send && failureReport !== 'no')
      piece.report = {
        link,
        toPath: head.fromPath.join(' '),
        fromPath: head.toPath[0] as ByteString,
        messageId,
        range: rangeText,
        timed: failureReport === 'yes',
      };
    take(piece);
  });
}

/** Start line, Byte-Range, end-line and line ends, at their longest. */
const FRAME_OVERHEAD = 256;
const LEAST_PIECE = 1024;

/** The headers for the next hop around the Byte-Range, which differs from piece to piece. */
function splitFields(head: Head, { toPath, fromPath }: Route): { before: ByteString; after: ByteString } {
  let before = `To-Path: ${toPath}\r\nFrom-Path: ${fromPath}\r\n`;
  let after = '';
  let seen = head.get('Byte-Range') === undefined;
  for (const [name, value] of head.fields) {
    if (name.length === 10 && name.toLowerCase() === 'byte-range') seen = true;
    else if (seen) after += `${name}: ${value}\r\n`;
    else before += `${name}: ${value}\r\n`;
  }
  return { before, after };
}

/** RFC 4975 section 7.1.1: the place of a piece. A chunk whose end was not said may be interrupted anywhere. */
function pieceOf(range: ByteRange, at: number, length: number, last: boolean): ByteRange {
  const start = range.start + at;
  const end = last && range.end === undefined && length === 0 && at === 0 ? undefined : start + length - 1;
  return {
    start,
    ...(end === undefined ? {} : { end }),
    ...(range.total === undefined ? {} : { total: range.total }),
  };
}
