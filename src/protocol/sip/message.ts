import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { type FieldName, spelledName } from './field-name.ts';
import { Fields, type Source } from './fields.ts';
import { all, elementEnd, isDigits, isToken, malformed, parseNumber, skipSpace, WORD } from './lexis.ts';
import { type NameAddress, parseNameAddress } from './name-address.ts';
import { parseUri, type SipUri } from './uri.ts';
import { parseVia, type Via } from './via.ts';

export interface Cseq {
  sequence: number;
  method: string;
}

/** RFC 3261 section 8.1.1.5. */
const MOST_CSEQ = 2 ** 31 - 1;
/** RFC 3261 section 20.19. */
const MOST_EXPIRES = 2 ** 32 - 1;

/** Octets. Calls are known by it, and their records keep it; the longest of RFC 4475's torture has some 200. */
const LONGEST_CALL_ID = 512;

/**
 * What requests and responses share. Headers are parsed when they are first asked for and remembered until an edit
 * touches them; a malformed one throws ProtocolError (400) to whoever asks, and passes untouched for whoever does not.
 * What the getters return belongs to the message: copy before changing it.
 */
export abstract class SipMessage extends Fields {
  /** What parseMessage found wrong with the framing; validateRequest and validateResponse throw it. */
  readonly fault: ProtocolError | undefined;
  private topVia: Via | undefined;
  private everyVia: Via[] | undefined;
  private fromAddress: NameAddress | undefined;
  private toAddress: NameAddress | undefined;
  private cseqValue: Cseq | undefined;
  private callIdValue: string | undefined;
  private routeSet: NameAddress[] | undefined;
  private recordRouteSet: NameAddress[] | undefined;
  private contactList: NameAddress[] | '*' | undefined;

  protected constructor(source: Source, fault: ProtocolError | undefined) {
    super(source);
    this.fault = fault;
    this.topVia = undefined;
    this.everyVia = undefined;
    this.fromAddress = undefined;
    this.toAddress = undefined;
    this.cseqValue = undefined;
    this.callIdValue = undefined;
    this.routeSet = undefined;
    this.recordRouteSet = undefined;
    this.contactList = undefined;
  }

  /** The top Via. */
  get via(): Via {
    if (this.topVia) return this.topVia;
    const value = this.required('via');
    this.topVia = parseVia(value.includes(',') ? value.slice(0, elementEnd(value, 0)) : value);
    return this.topVia;
  }

  get vias(): Via[] {
    this.everyVia ??= this.values('via').map(parseVia);
    return this.everyVia;
  }

  get from(): NameAddress {
    this.fromAddress ??= parseNameAddress(this.required('from'), 'From');
    return this.fromAddress;
  }

  get to(): NameAddress {
    this.toAddress ??= parseNameAddress(this.required('to'), 'To');
    return this.toAddress;
  }

  get callId(): string {
    if (this.callIdValue === undefined) {
      const value = this.required('call-id');
      if (value.length > LONGEST_CALL_ID) throw malformed('Call-ID');
      const at = value.indexOf('@');
      // callid = word [ "@" word ]
      if (at === -1 ? !all(value, WORD) : !all(value.slice(0, at), WORD) || !all(value.slice(at + 1), WORD))
        throw malformed('Call-ID');
      this.callIdValue = value;
    }
    return this.callIdValue;
  }

  get cseq(): Cseq {
    this.cseqValue ??= parseCseq(this.required('cseq'));
    return this.cseqValue;
  }

  get routes(): NameAddress[] {
    this.routeSet ??= this.addresses('route');
    return this.routeSet;
  }

  get recordRoutes(): NameAddress[] {
    this.recordRouteSet ??= this.addresses('record-route');
    return this.recordRouteSet;
  }

  /** `*` stands alone (RFC 3261 section 10.2.2). */
  get contacts(): NameAddress[] | '*' {
    this.contactList ??=
      this.get('contact') === '*' && this.all('contact').length === 1 ? '*' : this.addresses('contact');
    return this.contactList;
  }

  /** Undefined when absent (RFC 2543 peers leave it out). */
  get maxForwards(): number | undefined {
    const value = this.get('max-forwards');
    if (value === undefined) return undefined;
    const hops = parseNumber(value, 255);
    if (hops === undefined) throw malformed('Max-Forwards');
    return hops;
  }

  /** Seconds. More than the field may hold counts as the most it may hold. */
  get expires(): number | undefined {
    const value = this.get('expires');
    if (value === undefined) return undefined;
    if (!isDigits(value)) throw malformed('Expires');
    return parseNumber(value, MOST_EXPIRES) ?? MOST_EXPIRES;
  }

  /** The addresses of a list header of name-addr values: Path, Service-Route, P-Asserted-Identity, ... */
  addresses(name: FieldName): NameAddress[] {
    return this.values(name).map((value) => parseNameAddress(value, spelledName(name)));
  }

  private required(name: FieldName): ByteString {
    const value = this.get(name);
    if (value === undefined)
      throw new ProtocolError('SIP_HEADER_MISSING', `Missing ${spelledName(name)}`, { status: 400 });
    return value;
  }

  protected override changed(name: FieldName): void {
    switch (name) {
      case 'via':
        this.topVia = this.everyVia = undefined;
        break;
      case 'from':
        this.fromAddress = undefined;
        break;
      case 'to':
        this.toAddress = undefined;
        break;
      case 'call-id':
        this.callIdValue = undefined;
        break;
      case 'cseq':
        this.cseqValue = undefined;
        break;
      case 'route':
        this.routeSet = undefined;
        break;
      case 'record-route':
        this.recordRouteSet = undefined;
        break;
      case 'contact':
        this.contactList = undefined;
        break;
    }
  }

  /** The parts of a clone: the same text and the same immutable fields in a list of its own. */
  protected shared(): Source {
    const { text, lineStart, lineEnd, headEnd, bodyEnd, newBody } = this;
    return { text, fields: this.fields.slice(), lineStart, lineEnd, headEnd, bodyEnd, newBody };
  }

  protected copyMemo(from: SipMessage): void {
    this.topVia = from.topVia;
    this.everyVia = from.everyVia;
    this.fromAddress = from.fromAddress;
    this.toAddress = from.toAddress;
    this.cseqValue = from.cseqValue;
    this.callIdValue = from.callIdValue;
    this.routeSet = from.routeSet;
    this.recordRouteSet = from.recordRouteSet;
    this.contactList = from.contactList;
  }
}

function parseCseq(value: ByteString): Cseq {
  let digits = 0;
  while (digits < value.length && value.charCodeAt(digits) >= 48 && value.charCodeAt(digits) <= 57) digits++;
  const sequence = parseNumber(value.slice(0, digits), MOST_CSEQ);
  const at = skipSpace(value, digits);
  const method = value.slice(at);
  if (sequence === undefined || at === digits || !isToken(method)) throw malformed('CSeq');
  return { sequence, method };
}

export class Request extends SipMessage {
  readonly kind = 'request' as const;
  readonly method: string;
  /** `SIP/2.0` as received. */
  readonly version: string;
  private requestUri: ByteString;
  private parsedUri: SipUri | undefined;
  private edited: boolean;

  constructor(source: Source, method: string, uri: ByteString, version = 'SIP/2.0', fault?: ProtocolError) {
    super(source, fault);
    this.method = method;
    this.version = version;
    this.requestUri = uri;
    this.parsedUri = undefined;
    this.edited = source.lineEnd === 0;
  }

  /** The Request-URI, raw. */
  get uri(): ByteString {
    return this.requestUri;
  }

  set uri(uri: ByteString) {
    if (!/^[\x21-\x7e]+$/.test(uri)) throw new RangeError('Not a Request-URI');
    this.requestUri = uri;
    this.parsedUri = undefined;
    this.edited = true;
  }

  /** The Request-URI parsed: 416 for a scheme other than sip and sips. */
  get target(): SipUri {
    this.parsedUri ??= parseUri(this.requestUri, 'Request-URI');
    return this.parsedUri;
  }

  protected override newStartLine(): ByteString | undefined {
    return this.edited ? `${this.method} ${this.requestUri} ${this.version}\r\n` : undefined;
  }

  /** Shares the received text; edits of one do not show in the other. */
  clone(): Request {
    const clone = new Request(this.shared(), this.method, this.requestUri, this.version, this.fault);
    clone.edited = this.edited;
    clone.parsedUri = this.parsedUri;
    clone.copyMemo(this);
    return clone;
  }
}

export class Response extends SipMessage {
  readonly kind = 'response' as const;
  readonly status: number;
  readonly reason: ByteString;
  readonly version: string;

  constructor(source: Source, status: number, reason: ByteString, version = 'SIP/2.0', fault?: ProtocolError) {
    super(source, fault);
    this.status = status;
    this.reason = reason;
    this.version = version;
  }

  protected override newStartLine(): ByteString | undefined {
    return this.lineEnd === 0 ? `${this.version} ${this.status} ${this.reason}\r\n` : undefined;
  }

  clone(): Response {
    const clone = new Response(this.shared(), this.status, this.reason, this.version, this.fault);
    clone.copyMemo(this);
    return clone;
  }
}

export type Message = Request | Response;
