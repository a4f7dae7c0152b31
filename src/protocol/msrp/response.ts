import type { ByteString } from '../byte-string.ts';
import { type Frame, makeFrame } from './frame.ts';
import { type Field, Head } from './head.ts';
import { statusText } from './status.ts';

/** The response to a request (RFC 4975 section 7.2): to the previous hop alone, from the one it was sent to. */
export function responseFrame(request: Head, status: number, fields: readonly Field[] = []): Frame {
  const head = new Head(request.transaction, { status, comment: statusText(status).slice(4) });
  head.toPath = [request.fromPath[0] as ByteString];
  head.fromPath = [request.toPath[0] as ByteString];
  head.fields.push(...fields);
  return makeFrame(head);
}
