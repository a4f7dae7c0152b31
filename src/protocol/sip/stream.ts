import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { MESSAGE_LIMITS } from './limits.ts';

export type StreamFrame = { message: ByteString } | { keepAlive: 'ping' | 'pong' };

/** The stream lost its framing: answer what can be answered, then close (RFC 3261 section 18.3). */
export class FramingError extends ProtocolError {
  /** The beginning of the message, for salvageRequest. */
  readonly text: ByteString;

  constructor(code: string, message: string, status: number, text: ByteString) {
    super(code, message, { status });
    this.text = text;
  }
}

export interface StreamOptions {
  /** Octets of a message, and of its head alone; default 64 KiB. */
  maximum?: number;
  /**
   * Who opened the connection sends pings (CRLF CRLF) and takes every CRLF for a pong; who accepted it takes two for a
   * ping (RFC 5626 section 3.5.1). Default: `server`, who accepted.
   */
  role?: 'server' | 'client';
}

const END_OF_HEAD = '\r\n\r\n';
/** So many pieces of an unfinished message are joined into one, or a peer that sends single octets costs eight for each. */
const MOST_PIECES = 512;

/**
 * Messages out of a byte stream, RFC 3261 section 18.3: a head up to the empty line, then as many octets as
 * Content-Length says. Every octet is looked at a bounded number of times, whatever the segmentation.
 */
export class MessageStream {
  private readonly maximum: number;
  private readonly role: 'server' | 'client';
  /** The unfinished message. */
  private pieces: ByteString[] = [];
  private gathered = 0;
  /** Octets of the body still to come; -1 in the head and between messages. */
  private missing = -1;
  /** The last octets of an unfinished head: a part of the empty line may be in them. */
  private tail: ByteString = '';
  /** Between messages: how far a keep-alive has come, 0 to 3 octets. */
  private blank = 0;
  private broken: FramingError | undefined;

  constructor(options: StreamOptions = {}) {
    this.maximum = options.maximum ?? MESSAGE_LIMITS.size;
    this.role = options.role ?? 'server';
  }

  /** Octets held of a message that is not whole yet; 0 between messages. */
  get pending(): number {
    return this.gathered;
  }

  /** Set once the framing is lost. When messages came before the fault in one chunk, push returns them and this is set. */
  get failure(): FramingError | undefined {
    return this.broken;
  }

  /** Throws FramingError (400, 413) when the connection must be closed; after that always. */
  push(chunk: ByteString): StreamFrame[] {
    if (this.broken) throw this.broken;
    const frames: StreamFrame[] = [];
    try {
      for (let at = 0; at < chunk.length; ) {
        if (this.missing >= 0) at = this.body(chunk, at, frames);
        else if (this.gathered > 0) at = this.head(chunk, at, frames);
        else at = this.between(chunk, at, frames);
      }
    } catch (error) {
      if (!(error instanceof FramingError)) throw error;
      this.broken = error;
      this.pieces = [];
      if (frames.length === 0) throw error;
    }
    return frames;
  }

  /** CRLF before a start line (RFC 3261 section 7.5), pings and pongs (RFC 5626 section 4.4.1). */
  private between(chunk: ByteString, at: number, frames: StreamFrame[]): number {
    const code = chunk.charCodeAt(at);
    const wanted = this.blank % 2 === 0 ? 13 : 10;
    if (code === wanted) {
      this.blank++;
      if (this.role === 'client' && this.blank === 2) {
        frames.push({ keepAlive: 'pong' });
        this.blank = 0;
      } else if (this.blank === 4) {
        frames.push({ keepAlive: 'ping' });
        this.blank = 0;
      }
      return at + 1;
    }
    if (wanted === 10 || code === 10) throw this.fault('SIP_START_LINE', 'Malformed Start Line', 400);
    this.blank = 0;
    return this.head(chunk, at, frames);
  }

  private head(chunk: ByteString, at: number, frames: StreamFrame[]): number {
    // The empty line may have begun in the chunk before: then its end counts from before this one.
    const seam = this.tail === '' ? -1 : (this.tail + chunk.slice(at, at + 3)).indexOf(END_OF_HEAD);
    const found = seam === -1 ? chunk.indexOf(END_OF_HEAD, at) : -1;
    if (seam === -1 && found === -1) {
      this.keep(chunk.slice(at));
      this.tail = (this.tail + chunk.slice(Math.max(at, chunk.length - 3))).slice(-3);
      return chunk.length;
    }
    const end = (seam === -1 ? found : at + seam - this.tail.length) + 4;
    const length = end - at + this.gathered;
    if (length > this.maximum) throw this.tooLarge(chunk.slice(at, end));
    const whole = this.pieces.length === 0;
    const head = whole ? chunk.slice(at, end) : this.pieces.join('') + chunk.slice(at, end);
    this.tail = '';
    const octets = this.contentLength(head);
    if (length + octets > this.maximum) throw this.tooLarge(head);
    if (whole && end + octets <= chunk.length) {
      frames.push({ message: chunk.slice(at, end + octets) });
      return end + octets;
    }
    this.pieces = [head];
    this.gathered = length;
    this.missing = octets;
    return this.body(chunk, end, frames);
  }

  private body(chunk: ByteString, at: number, frames: StreamFrame[]): number {
    const end = Math.min(chunk.length, at + this.missing);
    this.keep(chunk.slice(at, end));
    this.missing -= end - at;
    if (this.missing === 0) {
      frames.push({ message: this.pieces.join('') });
      this.pieces = [];
      this.gathered = 0;
      this.missing = -1;
    }
    return end;
  }

  private keep(piece: ByteString): void {
    this.gathered += piece.length;
    if (this.missing < 0 && this.gathered > this.maximum) throw this.tooLarge(piece);
    this.pieces.push(piece);
    if (this.pieces.length === MOST_PIECES) this.pieces = [this.pieces.join('')];
  }

  /** One Content-Length is mandatory on a stream (section 20.14): without it there is no knowing where the message ends. */
  private contentLength(head: ByteString): number {
    let found = -1;
    let at = head.indexOf('\r\n') + 2;
    for (; at < head.length - 2; at = head.indexOf('\r\n', at) + 2) {
      const first = head.charCodeAt(at) | 32;
      if (first !== 99 && first !== 108) continue;
      const match = CONTENT_LENGTH.exec(head.slice(at, at + 256));
      if (!match) continue;
      const digits = match[1];
      if (digits === undefined || found !== -1)
        throw this.fault(
          'SIP_CONTENT_LENGTH',
          found === -1 ? 'Malformed Content-Length' : 'Repeated Content-Length',
          400,
          head,
        );
      found = digits.length > 9 ? Number.MAX_SAFE_INTEGER : Number(digits);
    }
    if (found === -1) throw this.fault('SIP_CONTENT_LENGTH', 'Missing Content-Length', 400, head);
    return found;
  }

  private tooLarge(more: ByteString): FramingError {
    return this.fault('SIP_MESSAGE_SIZE', 'Message Too Large', 413, this.pieces.join('') + more);
  }

  private fault(code: string, message: string, status: number, text: ByteString = ''): FramingError {
    return new FramingError(code, message, status, text.slice(0, this.maximum));
  }
}

/** The name, and the digits if the value is such; folded lines count as white space. Only 256 octets are looked at. */
const CONTENT_LENGTH = /^(?:content-length|l)[ \t]*:(?:(?:[ \t]|\r\n[ \t])*(\d{1,20})[ \t]*\r\n(?![ \t]))?/i;
