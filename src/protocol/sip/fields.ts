import type { ByteString } from '../byte-string.ts';
import { canonicalName, type FieldName, spelledName } from './field-name.ts';
import { elementEnd, skipSpace, splitList, trimEnd } from './lexis.ts';

/**
 * One header field: a span of the text it came in, from its name to after its CRLF, continuation lines included.
 * Immutable but for the memo of its value, so clones of a message share it. An edit puts a new one in its place, whose
 * source is its own line.
 */
export class Field {
  readonly name: FieldName;
  readonly source: ByteString;
  readonly start: number;
  /** After the colon. */
  readonly content: number;
  readonly end: number;
  readonly folded: boolean;
  private memo: ByteString | undefined;

  constructor(name: FieldName, source: ByteString, start: number, content: number, end: number, folded: boolean) {
    this.name = name;
    this.source = source;
    this.start = start;
    this.content = content;
    this.end = end;
    this.folded = folded;
    this.memo = undefined;
  }

  /** Trimmed, with continuation lines joined by one space (RFC 3261 section 7.3.1). */
  get value(): ByteString {
    if (this.memo !== undefined) return this.memo;
    const { source } = this;
    const from = skipSpace(source, this.content, this.end);
    const raw = source.slice(from, trimEnd(source, from, this.end));
    this.memo = this.folded ? raw.replace(/\r\n[ \t]+/g, ' ') : raw;
    return this.memo;
  }

  /** The name as it is spelled on the wire. */
  get spelling(): string {
    return this.source.slice(this.start, trimEnd(this.source, this.start, this.content - 1));
  }

  get line(): ByteString {
    return this.source.slice(this.start, this.end);
  }
}

/** A header field made here. A value that would break out of its line is a fault of the program, not of the peer. */
export function makeField(name: FieldName, value: ByteString, spelling: string = spelledName(name)): Field {
  if (/[^\x00-\x09\x0b\x0c\x0e-\xff]/.test(value)) throw new RangeError(`Not a header value of one line: ${spelling}`);
  if (!/^[!%'*+\-.0-9A-Z_`a-z~]+$/.test(spelling)) throw new RangeError('Not a header name');
  const line = `${spelling}: ${value}\r\n`;
  return new Field(name, line, 0, spelling.length + 1, line.length, false);
}

/**
 * The header fields and the body of a message, and every edit of them. What is not edited is written as slices of the
 * received text, so that each byte of it stays (RFC 3261 section 16.6 step 1: a proxy keeps what it does not understand).
 */
export abstract class Fields {
  /** What was received; the empty string for a message made here. */
  protected readonly text: ByteString;
  protected fields: Field[];
  /** Spans of `text`: the start line with its CRLF, and the empty line with the body. */
  protected readonly lineStart: number;
  protected readonly lineEnd: number;
  protected readonly headEnd: number;
  protected readonly bodyEnd: number;
  protected newBody: ByteString | undefined;

  protected constructor(source: Source) {
    this.text = source.text;
    this.fields = source.fields;
    this.lineStart = source.lineStart;
    this.lineEnd = source.lineEnd;
    this.headEnd = source.headEnd;
    this.bodyEnd = source.bodyEnd;
    this.newBody = source.newBody;
  }

  /** The edited start line with its CRLF; undefined while it is the received one. */
  protected abstract newStartLine(): ByteString | undefined;
  /** Forgets what was parsed from the fields of that name. */
  protected abstract changed(name: FieldName): void;

  protected find(name: FieldName): Field | undefined {
    const { fields } = this;
    for (let i = 0; i < fields.length; i++) if (fields[i]!.name === name) return fields[i];
    const canonical = canonicalName(name);
    return canonical === name ? undefined : this.find(canonical);
  }

  /** The first field's value, unfolded and trimmed. */
  get(name: FieldName): ByteString | undefined {
    return this.find(name)?.value;
  }

  has(name: FieldName): boolean {
    return this.find(name) !== undefined;
  }

  /** Every field's value, in order, lists as they are. */
  all(name: FieldName): ByteString[] {
    const canonical = canonicalName(name);
    const values: ByteString[] = [];
    for (const field of this.fields) if (field.name === canonical) values.push(field.value);
    return values;
  }

  /** The elements of a list header over all its fields. An empty field (`Supported:`) has none. */
  values(name: FieldName): ByteString[] {
    const canonical = canonicalName(name);
    const elements: ByteString[] = [];
    for (const field of this.fields)
      if (field.name === canonical && field.value !== '') splitList(field.value, canonical, elements);
    return elements;
  }

  /** Canonical names in order, one for each field. */
  names(): FieldName[] {
    return this.fields.map((field) => field.name);
  }

  /** The raw protocol: every field with its spelling and value. */
  rawFields(): { name: string; value: ByteString }[] {
    return this.fields.map((field) => ({ name: field.spelling, value: field.value }));
  }

  /** Replaces the first field of that name in its place and drops the others, or appends one. */
  set(name: FieldName, value: ByteString): void {
    const canonical = canonicalName(name);
    const at = this.firstIndex(canonical);
    if (at === -1) this.fields.push(madeField(name, canonical, value));
    else {
      const field = makeField(canonical, value, this.fields[at]!.spelling);
      this.fields = this.fields.filter((other, i) => i <= at || other.name !== canonical);
      this.fields[at] = field;
    }
    this.changed(canonical);
  }

  /** Adds a field after the last one of that name, or at the end. */
  append(name: FieldName, value: ByteString): void {
    const canonical = canonicalName(name);
    let at = this.fields.length;
    while (at > 0 && this.fields[at - 1]!.name !== canonical) at--;
    this.fields.splice(at === 0 ? this.fields.length : at, 0, madeField(name, canonical, value));
    this.changed(canonical);
  }

  /** Adds a field before the first one of that name, or at the very top: Via, Route, Record-Route. */
  prepend(name: FieldName, value: ByteString): void {
    const canonical = canonicalName(name);
    const at = this.firstIndex(canonical);
    this.fields.splice(at === -1 ? 0 : at, 0, madeField(name, canonical, value));
    this.changed(canonical);
  }

  remove(name: FieldName): void {
    const canonical = canonicalName(name);
    this.fields = this.fields.filter((field) => field.name !== canonical);
    this.changed(canonical);
  }

  /** Pops the topmost value of a list header: the top Via, the first Route. */
  removeFirstValue(name: FieldName): void {
    const canonical = canonicalName(name);
    const at = this.firstIndex(canonical);
    if (at === -1) return;
    const field = this.fields[at]!;
    const { source } = field;
    const comma = elementEnd(source, field.content, field.end);
    if (comma === field.end) this.fields.splice(at, 1);
    else {
      const from = skipSpace(source, field.content, comma);
      const line = source.slice(field.start, from) + source.slice(skipSpace(source, comma + 1, field.end), field.end);
      this.fields[at] = new Field(canonical, line, 0, field.content - field.start, line.length, field.folded);
    }
    this.changed(canonical);
  }

  /** Replaces the topmost value of a list header; the others and the white space around it stay. */
  replaceFirstValue(name: FieldName, value: ByteString): void {
    const canonical = canonicalName(name);
    const at = this.firstIndex(canonical);
    if (at === -1) {
      this.append(name, value);
      return;
    }
    const field = this.fields[at]!;
    const { source } = field;
    const comma = elementEnd(source, field.content, field.end);
    const from = skipSpace(source, field.content, comma);
    const to = trimEnd(source, from, comma);
    makeField(canonical, value); // checks it
    const line = source.slice(field.start, from) + value + source.slice(to, field.end);
    this.fields[at] = new Field(canonical, line, 0, field.content - field.start, line.length, field.folded);
    this.changed(canonical);
  }

  /** Adds a field at the very end, for whoever builds a message in order. */
  push(name: FieldName, value: ByteString): void {
    const canonical = canonicalName(name);
    this.fields.push(madeField(name, canonical, value));
    this.changed(canonical);
  }

  /** The fields as they are, to be put into another message (createResponse). */
  copies(): readonly Field[] {
    return this.fields;
  }

  /** The first name of those given that occurs twice; each has a bit of its own. */
  firstRepeated(bits: ReadonlyMap<FieldName, number>): FieldName | undefined {
    let seen = 0;
    for (const field of this.fields) {
      const bit = bits.get(field.name);
      if (bit === undefined) continue;
      if (seen & bit) return field.name;
      seen |= bit;
    }
    return undefined;
  }

  private firstIndex(canonical: FieldName): number {
    const { fields } = this;
    for (let i = 0; i < fields.length; i++) if (fields[i]!.name === canonical) return i;
    return -1;
  }

  get body(): ByteString {
    return this.newBody ?? this.text.slice(this.headEnd + 2, this.bodyEnd);
  }

  /** Content-Length follows. */
  set body(body: ByteString) {
    if (/[^\x00-\xff]/.test(body)) throw new RangeError('A body is octets: encodeUtf8 it first');
    this.newBody = body;
    this.set('content-length', String(body.length));
  }

  /** Before a message that came by datagram goes out on a stream, where Content-Length is mandatory (section 20.14). */
  ensureContentLength(): void {
    if (!this.has('content-length')) this.set('content-length', String(this.body.length));
  }

  /** The whole message; every received byte that no edit touched is identical. */
  serialize(): ByteString {
    const { text, fields } = this;
    let out = this.newStartLine() ?? '';
    let from = this.lineStart;
    let to = out === '' ? this.lineEnd : from; // the pending slice of `text`
    for (let i = 0; i < fields.length; i++) {
      const field = fields[i]!;
      if (field.source !== text) {
        if (from !== to) out += text.slice(from, to);
        from = to = 0;
        out += field.start === 0 && field.end === field.source.length ? field.source : field.line;
      } else if (field.start === to) to = field.end;
      else {
        if (from !== to) out += text.slice(from, to);
        from = field.start;
        to = field.end;
      }
    }
    if (this.newBody !== undefined) return `${out + text.slice(from, to)}\r\n${this.newBody}`;
    if (to === this.headEnd) return out + text.slice(from, this.bodyEnd);
    return out + text.slice(from, to) + text.slice(this.headEnd, this.bodyEnd);
  }
}

/** What a message is made of: given by the parser, by a clone or by whoever creates one. */
export interface Source {
  text: ByteString;
  fields: Field[];
  lineStart: number;
  lineEnd: number;
  headEnd: number;
  bodyEnd: number;
  newBody: ByteString | undefined;
}

/** A name given in capitals (`X-ID`) keeps its spelling. */
function madeField(name: string, canonical: FieldName, value: ByteString): Field {
  return name === canonical || name.length === 1 ? makeField(canonical, value) : makeField(canonical, value, name);
}
