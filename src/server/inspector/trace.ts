// The inspector's trace: every SIP message on both of its hops, in a bounded ring in memory. The hot path only copies
// the text that was received or sent; grouping by Call-ID and redaction happen when somebody reads.
import type { ByteString } from '../../protocol/byte-string.ts';
import { redactStanza, XMPP_FLOW } from './stanza-trace.ts';

export interface TraceEvent {
  /** Milliseconds since 1970. */
  at: number;
  direction: 'in' | 'out';
  /** `ws 192.0.2.1:40000`: the hop; `media` for a note on the call's media, which is no message. */
  flow: string;
  /** Redacted. */
  message: ByteString;
}

export interface CallSummary {
  callId: ByteString;
  /** Of its first request in the trace. */
  method: string;
  from: ByteString;
  to: ByteString;
  /** Milliseconds since 1970. */
  started: number;
  ended: number;
  messages: number;
  /** The last final status of that method, if any. */
  status: number | undefined;
}

export interface CallTrace {
  /** The latest calls (and other exchanges), newest first. */
  list(limit: number): CallSummary[];
  /** Its messages in order; empty when it is not known (any more). */
  get(callId: ByteString): TraceEvent[];
}

const MEDIA = 'media';

/** A message of the trace, read back. */
interface Entry {
  at: number;
  out: boolean;
  flow: string;
  text: ByteString;
}

/**
 * Two bounds: messages and octets. The texts are copied into one block outside the JavaScript heap: kept as strings they
 * would survive the young generation and cost more in garbage collection than the copy does (measured: a quarter of all).
 */
export class SipTrace implements CallTrace {
  readonly #capacity: number;
  readonly #now: () => number;
  readonly #octets: Buffer;
  readonly #at: Float64Array;
  readonly #start: Uint32Array;
  readonly #length: Uint32Array;
  readonly #out: Uint8Array;
  readonly #flow: string[] = [];
  /** The oldest message, and how many there are: a ring. */
  #first = 0;
  #count = 0;
  /** Where the next text goes. */
  #head = 0;
  #bytes = 0;

  constructor(options: { messages: number; bytes: number; now: () => number }) {
    this.#capacity = Math.max(1, options.messages);
    this.#now = options.now;
    this.#octets = Buffer.allocUnsafeSlow(Math.max(1, options.bytes)); // its pages are taken as they are written
    this.#at = new Float64Array(this.#capacity);
    this.#start = new Uint32Array(this.#capacity);
    this.#length = new Uint32Array(this.#capacity);
    this.#out = new Uint8Array(this.#capacity);
  }

  get size(): number {
    return this.#count;
  }

  get bytes(): number {
    return this.#bytes;
  }

  record(out: boolean, flow: string, text: ByteString): void {
    this.#put(out, flow, text, text.length, 'latin1');
  }

  /** Text that is not octets yet is written as UTF-8. */
  recordText(out: boolean, flow: string, text: string): void {
    this.#put(out, flow, text, Buffer.byteLength(text, 'utf8'), 'utf8');
  }

  #put(out: boolean, flow: string, text: string, length: number, encoding: 'latin1' | 'utf8'): void {
    if (length > this.#octets.length) return;
    if (this.#count === this.#capacity) this.#drop();
    if (this.#head + length > this.#octets.length) {
      // The end of the block stays empty; what is still there is the oldest.
      while (this.#count > 0 && this.#start[this.#first]! >= this.#head) this.#drop();
      this.#head = 0;
    }
    const end = this.#head + length;
    while (this.#count > 0 && this.#start[this.#first]! >= this.#head && this.#start[this.#first]! < end) this.#drop();
    let slot = this.#first + this.#count;
    if (slot >= this.#capacity) slot -= this.#capacity;
    this.#octets.write(text, this.#head, length, encoding);
    this.#at[slot] = this.#now();
    this.#start[slot] = this.#head;
    this.#length[slot] = length;
    this.#out[slot] = out ? 1 : 0;
    this.#flow[slot] = flow;
    this.#head = end;
    this.#count += 1;
    this.#bytes += length;
  }

  /** What happened to the call's media, in words. */
  note(callId: ByteString, text: ByteString): void {
    this.record(true, MEDIA, `Call-ID: ${callId}\r\n\r\n${text}`);
  }

  list(limit: number): CallSummary[] {
    const calls = new Map<ByteString, CallSummary>();
    for (const entry of this.#inOrder()) {
      if (entry.flow === MEDIA) continue;
      const callId = header(entry.text, CALL_ID);
      if (callId === undefined) continue;
      const cseq = header(entry.text, CSEQ)?.split(/\s+/)[1] ?? '';
      const status = /^SIP\/2\.0 (\d{3})/.exec(entry.text)?.[1];
      let call = calls.get(callId);
      if (call === undefined) {
        call = {
          callId,
          method: cseq,
          from: header(entry.text, FROM) ?? '',
          to: header(entry.text, TO) ?? '',
          started: entry.at,
          ended: entry.at,
          messages: 0,
          status: undefined,
        };
        calls.set(callId, call);
      }
      call.ended = entry.at;
      call.messages += 1;
      if (status !== undefined && Number(status) >= 200 && cseq === call.method) call.status = Number(status);
    }
    return [...calls.values()].sort((a, b) => b.ended - a.ended).slice(0, Math.max(0, limit));
  }

  get(callId: ByteString): TraceEvent[] {
    const events: TraceEvent[] = [];
    const paths = this.#pathsOf(callId);
    for (const { at, out, flow, text } of this.#inOrder()) {
      const msrp = paths.size > 0 && text.startsWith('MSRP ');
      if (msrp ? !names(text, paths) : !text.includes(callId) || header(text, CALL_ID) !== callId) continue;
      events.push({ at, direction: out ? 'out' : 'in', flow, message: readable(flow, text) });
    }
    return events;
  }

  /** The endpoints' MSRP URIs in the call's descriptions (RFC 4975 section 8): its frames are told by them. Relays' are shared. */
  #pathsOf(callId: ByteString): Set<ByteString> {
    const paths = new Set<ByteString>();
    for (const { text } of this.#inOrder()) {
      if (!text.includes('path:msrp') || header(text, CALL_ID) !== callId) continue;
      for (const [, path = ''] of text.matchAll(/^a=(?:dcsa:\d+ )?path:(msrps?:[^\r\n]*)/gm))
        paths.add(path.trim().split(' ').at(-1) as ByteString);
    }
    return paths;
  }

  *#inOrder(): Iterable<Entry> {
    for (let i = 0; i < this.#count; i++) {
      const slot = (this.#first + i) % this.#capacity;
      const start = this.#start[slot]!;
      const text = this.#octets.toString('latin1', start, start + this.#length[slot]!);
      yield { at: this.#at[slot]!, out: this.#out[slot] === 1, flow: this.#flow[slot]!, text };
    }
  }

  #drop(): void {
    this.#bytes -= this.#length[this.#first]!;
    this.#first = this.#first + 1 === this.#capacity ? 0 : this.#first + 1;
    this.#count -= 1;
  }
}

function readable(flow: string, text: ByteString): ByteString {
  if (flow === MEDIA) return text.slice(text.indexOf('\r\n\r\n') + 4);
  return flow.startsWith(XMPP_FLOW) ? redactStanza(text) : redact(text);
}

const CALL_ID = /^(?:Call-ID|i)[ \t]*:[ \t]*(.*?)[ \t]*$/im;
const CSEQ = /^CSeq[ \t]*:[ \t]*(.*?)[ \t]*$/im;
const FROM = /^(?:From|f)[ \t]*:[ \t]*(.*?)[ \t]*$/im;
const TO = /^(?:To|t)[ \t]*:[ \t]*(.*?)[ \t]*$/im;

function header(text: ByteString, pattern: RegExp): ByteString | undefined {
  const end = text.indexOf('\r\n\r\n');
  return pattern.exec(end < 0 ? text : text.slice(0, end).replaceAll('\r', ''))?.[1];
}

/** Whether an MSRP frame's paths name one of these. */
function names(text: ByteString, uris: ReadonlySet<ByteString>): boolean {
  for (const [, path = ''] of text.matchAll(/^(?:To|From)-Path: ([^\r\n]*)/gm))
    if (path.split(' ').some((uri) => uris.has(uri))) return true;
  return false;
}

/** Bodies that people wrote, and keys: not for a reader of the trace. */
const SECRET_FIELD =
  /^((?:Proxy-)?Authorization|(?:Proxy-|WWW-)?Authenticate|Authentication-Info|Proxy-Authentication-Info|Identity|Cookie)([ \t]*:).*(?:\r?\n[ \t].*)*$/gim;
const SECRET_ATTRIBUTE = /^(a=(?:crypto|ice-pwd|key-mgmt):|k=)[^\r\n]*/gim;
/** A credential in a URI's query or header part. */
const SECRET_PARAMETER = /([?&;](?:password|passwd|access_token|token)=)[^&;>\s"]*/gi;
/** RFC 3261 section 19.1.1: userinfo may carry a password. */
const URI_PASSWORD = /(sips?:[^\s:@<>"]+:)[^\s@<>"]+@/gi;

/** The message without credentials, keys, and the text of instant messages. */
export function redact(text: ByteString): ByteString {
  const split = text.search(/\r?\n\r?\n/);
  const head = split < 0 ? text : text.slice(0, split);
  const body = split < 0 ? '' : text.slice(split);
  const safeHead = head
    .replace(SECRET_FIELD, '$1$2 [redacted]')
    .replace(SECRET_PARAMETER, '$1[redacted]')
    .replace(URI_PASSWORD, '$1[redacted]@');
  if (body.trim() === '') return safeHead + body;
  if (/^CSeq[ \t]*:[ \t]*\d+[ \t]+MESSAGE/im.test(head))
    return `${safeHead}\r\n\r\n[${body.trim().length} octets redacted]`;
  const type = /^(?:Content-Type|c)[ \t]*:[ \t]*([^\s;]+)/im.exec(head)?.[1]?.toLowerCase() ?? '';
  if (type === 'application/sdp' || type.startsWith('multipart/'))
    return safeHead + body.replace(SECRET_ATTRIBUTE, '$1[redacted]');
  // Only session descriptions and the field's own state documents are for the inspector; all else is a person's.
  if (
    /^(?:application\/(?:pidf|reginfo|dialog-info|watcherinfo|simple-message-summary|trickle-ice-sdpfrag|dtmf-relay)|message\/sipfrag)/.test(
      type,
    )
  ) {
    if (type === 'application/dtmf-relay') return `${safeHead}\r\n\r\n[redacted]`;
    return safeHead + body.replace(SECRET_ATTRIBUTE, '$1[redacted]');
  }
  return `${safeHead}\r\n\r\n[${body.trim().length} octets redacted]`;
}
