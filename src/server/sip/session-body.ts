// The session description in a message's body: alone, or a part of a multipart one (RFC 2046 section 5.1, RFC 5621).
import type { ByteString } from '../../protocol/byte-string.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import type { Message } from '../../protocol/sip/message.ts';

export interface SessionBody {
  text: ByteString;
  /** Another description takes its place; all around it stays. */
  replace(text: ByteString): void;
}

/** Parts of a body that are looked at. */
const MOST_PARTS = 16;

/**
 * undefined: the message has none (another type; `Content-Disposition` says that it is for something else than the
 * session). Throws ProtocolError 415 for one that is encoded: it could not be read.
 */
export function sessionBody(message: Message): SessionBody | undefined {
  const type = message.get('content-type');
  if (type === undefined) return undefined;
  const media = mediaType(type);
  if (media !== 'application/sdp' && !media.startsWith('multipart/')) return undefined;
  const { body } = message;
  if (body === '') return undefined;
  if (media === 'application/sdp') {
    if (!describesSession(message.get('content-disposition'))) return undefined;
    refuseEncoded(message.get('content-encoding'));
    return {
      text: body,
      replace(text) {
        message.body = text;
      },
    };
  }
  const found = sdpPart(body, /;\s*boundary=(?:"([^"]{1,70})"|([^\s;"]{1,70}))/i.exec(type));
  if (found === undefined) return undefined;
  const { from, to } = found;
  return {
    text: body.slice(from, to),
    replace(text) {
      message.body = body.slice(0, from) + text + body.slice(to);
    },
  };
}

/** As `sessionBody`, with its error as a value. */
export function readSessionBody(message: Message): SessionBody | ProtocolError | undefined {
  try {
    return sessionBody(message);
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

/** Where the content of the first part that is a description begins and ends. */
function sdpPart(body: ByteString, boundary: RegExpExecArray | null): { from: number; to: number } | undefined {
  const name = boundary?.[1] ?? boundary?.[2];
  if (name === undefined) return undefined;
  const delimiter = `--${name}`;
  let at = body.startsWith(delimiter) ? 0 : body.indexOf(`\r\n${delimiter}`);
  for (let part = 0; at >= 0 && part < MOST_PARTS; part++) {
    const line = body.indexOf('\r\n', at + (at === 0 ? 0 : 2));
    const next = line < 0 ? -1 : body.indexOf(`\r\n${delimiter}`, line);
    if (next < 0) return undefined;
    const empty = body.indexOf('\r\n\r\n', line);
    if (empty >= 0 && empty <= next) {
      const field = (header: string) =>
        new RegExp(`^${header}[ \\t]*:[ \\t]*([^\\r\\n]*)`, 'im').exec(body.slice(line, empty))?.[1];
      const from = Math.min(empty + 4, next);
      if (
        mediaType(field('Content-Type') ?? '') === 'application/sdp' &&
        describesSession(field('Content-Disposition'))
      ) {
        refuseEncoded(field('Content-Encoding'));
        refuseEncoded(field('Content-Transfer-Encoding'));
        return { from, to: next };
      }
    }
    at = next;
  }
  return undefined;
}

function mediaType(value: ByteString): string {
  const end = value.indexOf(';');
  return (end < 0 ? value : value.slice(0, end)).trim().toLowerCase();
}

/** RFC 3261 section 20.11; an `early-session` (RFC 3959) is another one. */
function describesSession(disposition: ByteString | undefined): boolean {
  return disposition === undefined || mediaType(disposition) === 'session';
}

function refuseEncoded(encoding: ByteString | undefined): void {
  if (encoding !== undefined && !/^(?:identity|7bit|8bit|binary|)$/i.test(encoding.trim()))
    throw new ProtocolError('SDP_ENCODED', 'Unsupported Content-Encoding', { status: 415 });
}
