import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { createRequest } from './create.ts';
import type { Message, Request, Response } from './message.ts';
import { type NameAddress, parseNameAddress } from './name-address.ts';
import { parseUri, serializeUri } from './uri.ts';

/** Call-ID, local tag, remote tag (RFC 3261 section 12). */
export function dialogId(callId: string, localTag: string, remoteTag: string): string {
  return `${callId} ${localTag} ${remoteTag}`;
}

/** What a request in a dialog still needs from its sender. */
export interface DialogRequestParts {
  readonly via: ByteString;
  readonly fields?: Iterable<readonly [string, ByteString]>;
  readonly body?: ByteString;
  /** Default: the next of the dialog. An ACK has its INVITE's (RFC 3261 section 13.2.2.4). */
  readonly sequence?: number;
}

interface DialogParts {
  callId: string;
  localTag: string;
  remoteTag: string;
  local: ByteString;
  remote: ByteString;
  routeSet: ByteString[];
  remoteTarget: ByteString;
  localSequence: number;
  remoteSequence: number | undefined;
}

/** Over this a sequence number is malformed (RFC 3261 section 8.1.1.5). */
const MOST_SEQUENCE = 2 ** 31 - 1;

/**
 * A peer-to-peer relation of two user agents (RFC 3261 section 12): who is who, where requests go, in what order.
 *
 * Laws: the route set is fixed once the dialog is confirmed; only the remote target changes, by a target refresh. Each
 * request of ours has a higher CSeq than the one before; one of the peer's with a lower CSeq is out of order.
 */
export class Dialog {
  readonly callId: string;
  readonly localTag: string;
  readonly remoteTag: string;
  /** The From of our requests, the tag included. */
  readonly local: ByteString;
  /** The To of our requests; without a tag when the peer gave none (RFC 2543). */
  readonly remote: ByteString;
  /** Values of Route, first hop first. */
  routeSet: ByteString[];
  remoteTarget: ByteString;
  localSequence: number;
  remoteSequence: number | undefined;
  confirmed = false;

  private constructor(parts: DialogParts) {
    this.callId = parts.callId;
    this.localTag = parts.localTag;
    this.remoteTag = parts.remoteTag;
    this.local = parts.local;
    this.remote = parts.remote;
    this.routeSet = parts.routeSet;
    this.remoteTarget = parts.remoteTarget;
    this.localSequence = parts.localSequence;
    this.remoteSequence = parts.remoteSequence;
  }

  /** The UAC's side of a 1xx with a tag, or of a 2xx (RFC 3261 section 12.1.2). Throws 400 without a Contact. */
  static fromResponse(request: Request, response: Response): Dialog {
    return new Dialog({
      callId: response.callId,
      localTag: request.from.tag ?? '',
      remoteTag: response.to.tag ?? '',
      local: request.get('from') ?? '',
      remote: response.get('to') ?? '',
      routeSet: routeSet(response).reverse(),
      remoteTarget: contactUri(response),
      localSequence: request.cseq.sequence,
      remoteSequence: undefined,
    });
  }

  /** The UAS's side (RFC 3261 section 12.1.1). Throws 400 without exactly one Contact. */
  static fromRequest(request: Request, localTag: string): Dialog {
    return new Dialog({
      callId: request.callId,
      localTag,
      remoteTag: request.from.tag ?? '',
      local: `${request.get('to')};tag=${localTag}`,
      remote: request.get('from') ?? '',
      routeSet: routeSet(request),
      remoteTarget: contactUri(request),
      localSequence: 0,
      remoteSequence: request.cseq.sequence,
    });
  }

  get id(): string {
    return dialogId(this.callId, this.localTag, this.remoteTag);
  }

  get remoteAddress(): NameAddress {
    return parseNameAddress(this.remote, 'To');
  }

  /** The 2xx confirms the dialog and sets the route set anew (RFC 3261 section 13.2.2.4). */
  confirm(response?: Response): void {
    if (response !== undefined && !this.confirmed) {
      this.routeSet = routeSet(response).reverse();
      this.remoteTarget = contactUri(response);
    }
    this.confirmed = true;
  }

  /** A target refresh request or its 2xx brings a Contact (RFC 3261 sections 12.2.1.2 and 12.2.2, RFC 3311). */
  refreshTarget(message: Message): void {
    if (message.has('contact')) this.remoteTarget = contactUri(message);
  }

  /** Whether a request of the peer is in order; it then counts. False: 500 (RFC 3261 section 12.2.2). */
  receive(request: Request): boolean {
    const { sequence } = request.cseq;
    if (this.remoteSequence !== undefined && sequence <= this.remoteSequence) return false;
    this.remoteSequence = sequence;
    return true;
  }

  nextSequence(): number {
    if (this.localSequence >= MOST_SEQUENCE) throw new Error('The dialog has no sequence number left');
    this.localSequence += 1;
    return this.localSequence;
  }

  /** RFC 3261 section 12.2.1.1. */
  createRequest(method: string, parts: DialogRequestParts): Request {
    const sequence = parts.sequence ?? this.nextSequence();
    const fields: [string, ByteString][] = [['Via', parts.via]];
    let uri = this.remoteTarget;
    const first = this.routeSet[0];
    if (first === undefined || isLooseRouter(first)) {
      for (const route of this.routeSet) fields.push(['Route', route]);
    } else {
      // COMPAT: a strict router (RFC 2543) wants itself as the Request-URI and the target as the last Route.
      uri = asRequestUri(first);
      for (const route of this.routeSet.slice(1)) fields.push(['Route', route]);
      fields.push(['Route', `<${this.remoteTarget}>`]);
    }
    fields.push(
      ['Max-Forwards', '70'],
      ['From', this.local],
      ['To', this.remote],
      ['Call-ID', this.callId],
      ['CSeq', `${sequence} ${method}`],
    );
    for (const [name, value] of parts.fields ?? []) fields.push([name, value]);
    return createRequest(method, uri, fields, parts.body ?? '');
  }
}

/** A dialog's messages have one Contact with a SIP URI (RFC 3261 section 8.1.1.8). */
export function contactUri(message: Message): ByteString {
  const contacts = message.contacts;
  const contact = contacts === '*' ? undefined : contacts[0];
  if (contact === undefined || contacts.length !== 1) {
    throw new ProtocolError('SIP_DIALOG_CONTACT', 'One Contact is needed', { status: 400 });
  }
  parseUri(contact.uri, 'Contact');
  return contact.uri;
}

/** As they came, so that a proxy finds its own bytes again; checked here, so that no later request fails on them. */
function routeSet(message: Message): ByteString[] {
  for (const route of message.recordRoutes) parseUri(route.uri, 'Record-Route');
  return message.values('record-route');
}

function isLooseRouter(route: ByteString): boolean {
  return parseUri(parseNameAddress(route, 'Route').uri, 'Route').parameters.has('lr');
}

/** Without what a Request-URI may not have (RFC 3261 section 19.1.1, table 1). */
function asRequestUri(route: ByteString): ByteString {
  const uri = parseUri(parseNameAddress(route, 'Route').uri, 'Route');
  uri.parameters.delete('method');
  delete uri.headers;
  return serializeUri(uri);
}
