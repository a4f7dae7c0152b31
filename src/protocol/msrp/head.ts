import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { type ByteRange, parseByteRange } from './byte-range.ts';
import type { FrameLimits } from './limits.ts';

export type Field = readonly [name: string, value: ByteString];

/**
 * Start line and headers of one MSRP frame (RFC 4975 section 9). To-Path and From-Path stand apart: they are always
 * there, first and in this order.
 */
export class Head {
  readonly transaction: string;
  /** Of a request; upper case. Empty: it is a response. */
  readonly method: string;
  /** Of a response; else 0. */
  readonly status: number;
  readonly comment: ByteString;
  toPath: ByteString[] = [];
  fromPath: ByteString[] = [];
  /** All others, in the order they came. */
  readonly fields: Field[] = [];

  constructor(transaction: string, start: { method: string } | { status: number; comment?: ByteString }) {
    this.transaction = transaction;
    this.method = 'method' in start ? start.method : '';
    this.status = 'status' in start ? start.status : 0;
    this.comment = 'status' in start ? (start.comment ?? '') : '';
  }

  get isRequest(): boolean {
    return this.method !== '';
  }

  /** The first field of that name, in any case. */
  get(name: string): ByteString | undefined {
    for (const [key, value] of this.fields) if (key === name) return value;
    const wanted = name.toLowerCase();
    return this.fields.find(([key]) => key.toLowerCase() === wanted)?.[1];
  }

  all(name: string): ByteString[] {
    const wanted = name.toLowerCase();
    return this.fields.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
  }

  add(name: string, value: ByteString): this {
    this.fields.push([name, value]);
    return this;
  }

  /** Throws 400. RFC 4975 section 7.1.1: without the header the chunk is a whole message. */
  get byteRange(): ByteRange {
    const value = this.get('Byte-Range');
    return value === undefined ? { start: 1 } : parseByteRange(value);
  }

  /** RFC 4975 section 7.1.2: no 200 is sent for `partial`, nothing at all for `no`. Unknown values are the default. */
  get failureReport(): 'yes' | 'partial' | 'no' {
    const value = this.get('Failure-Report')?.toLowerCase();
    return value === 'no' || value === 'partial' ? value : 'yes';
  }

  get successReport(): boolean {
    return this.get('Success-Report')?.toLowerCase() === 'yes';
  }

  /** Up to and with the last header's CRLF: what follows is the end-line, or CRLF and a body. */
  serialize(): ByteString {
    let text = `MSRP ${this.transaction} ${this.isRequest ? this.method : this.status}`;
    if (this.comment !== '') text += ` ${this.comment}`;
    text += `\r\nTo-Path: ${this.toPath.join(' ')}\r\nFrom-Path: ${this.fromPath.join(' ')}\r\n`;
    for (const [name, value] of this.fields) text += `${name}: ${value}\r\n`;
    return text;
  }
}

const START = /^MSRP ([A-Za-z0-9][A-Za-z0-9.\-+%=]{3,31}) (?:(\d{3})(?: ([^\r\n]*))?|([A-Z]{1,32}))$/;
const FIELD = /^([A-Za-z][A-Za-z0-9!#$%&'*+\-.^_`|~]{0,63}): ?([\x20-\x7e\x80-\xff\t]*)$/;

function malformed(what: string): ProtocolError {
  return new ProtocolError('MSRP_SYNTAX', `Malformed ${what}.`, { status: 400, close: 1007 });
}

/** `MSRP a786hjs2 SEND` or `MSRP a786hjs2 200 OK`; throws. */
export function parseStartLine(line: ByteString): Head {
  const found = START.exec(line);
  if (found === null) throw malformed('start line');
  const [, transaction = '', status, comment, method] = found;
  if (status === undefined) return new Head(transaction, { method: method as string });
  return new Head(transaction, { status: Number(status), comment: comment ?? '' });
}

/** Adds one header line to the head; throws 400. */
export function parseFieldLine(head: Head, line: ByteString, limits: FrameLimits): void {
  const found = FIELD.exec(line);
  if (found === null) throw malformed('header');
  const [, name = '', value = ''] = found;
  if (head.toPath.length === 0) head.toPath = parsePath(name, 'to-path', value, limits);
  else if (head.fromPath.length === 0) head.fromPath = parsePath(name, 'from-path', value, limits);
  else if (head.fields.length + 2 < limits.fields) head.fields.push([name, value]);
  else throw new ProtocolError('MSRP_HEAD_SIZE', 'Too many headers.', { status: 400, close: 1009 });
}

/** RFC 4975 section 9: To-Path comes first, and From-Path second. The URIs are parsed when they are needed. */
function parsePath(name: string, wanted: string, value: ByteString, { pathHops }: FrameLimits): ByteString[] {
  if (name.toLowerCase() !== wanted) throw malformed('path: To-Path comes first, then From-Path');
  const path = value.trim().split(/ +/);
  if (path.length > pathHops)
    throw new ProtocolError('MSRP_PATH', 'The path is too long.', { status: 400, close: 1008 });
  for (const uri of path) if (!/^msrps?:\/\/[^\s]+$/i.test(uri)) throw malformed('path');
  return path;
}
