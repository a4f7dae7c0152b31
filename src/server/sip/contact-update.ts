// The Contact values of a REGISTER, checked as a whole before anything is changed (RFC 3261 section 10.3 steps 6 and 7:
// all of them or none).
import type { ByteString } from '../../protocol/byte-string.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import type { Request } from '../../protocol/sip/message.ts';
import type { NameAddress } from '../../protocol/sip/name-address.ts';
import { serializeParameters } from '../../protocol/sip/parameters.ts';
import { parseUri } from '../../protocol/sip/uri.ts';
import type { SipLimits } from './limits.ts';

/** One Contact value, understood. */
export interface ContactUpdate {
  uri: ByteString;
  /** As it is repeated in the answer: without expires and what only a registrar gives. */
  parameters: ByteString;
  /** Seconds granted; 0 removes. */
  expires: number;
  q: number;
  /** +sip.instance without its quotes and angle brackets. */
  instance: ByteString | undefined;
  /** RFC 5626: only with an instance, and when the client supports outbound. */
  regId: number | undefined;
}

const OWN = new Set(['expires', 'pub-gruu', 'temp-gruu', 'pub-gruu', 'tag']);

/** Throws 400 or 423 (its Min-Expires is the caller's to add). */
export function contactUpdates(request: Request, contacts: NameAddress[], limits: SipLimits): ContactUpdate[] {
  if (contacts.length > limits.contacts) throw new ProtocolError('SIP_TOO_MANY', 'Too Many Contacts', { status: 400 });
  const outbound = supports(request, 'outbound');
  const updates = contacts.map((contact) => contactUpdate(request, contact, outbound, limits));
  if (updates.filter((update) => update.regId !== undefined).length > 1)
    throw new ProtocolError('SIP_REG_ID', 'Several Contacts With reg-id', { status: 400 }); // RFC 5626 section 4.2
  return updates;
}

function contactUpdate(request: Request, contact: NameAddress, outbound: boolean, limits: SipLimits): ContactUpdate {
  const { parameters } = contact;
  parseUri(contact.uri, 'Contact'); // sip and sips only: nothing else could be reached
  const expires = granted(parameters.get('expires') ?? request.get('expires'), limits);
  const instance = unbracketed(parameters.get('+sip.instance'));
  let regId: number | undefined;
  if (instance !== undefined && outbound && parameters.has('reg-id')) {
    const text = parameters.get('reg-id') ?? '';
    regId = /^\d{1,10}$/.test(text) ? Number(text) : 0;
    if (regId < 1 || regId > 0x7fffffff) throw new ProtocolError('SIP_REG_ID', 'Malformed reg-id', { status: 400 });
  }
  let kept: ByteString = '';
  for (const parameter of parameters) if (!OWN.has(parameter[0])) kept += serializeParameters([parameter]);
  if (contact.uri.length + kept.length > limits.bindingBytes)
    throw new ProtocolError('SIP_TOO_MANY', 'Contact Too Long', { status: 400 });
  return { uri: contact.uri, parameters: kept, expires, q: thousandths(parameters.get('q')), instance, regId };
}

/** RFC 3261 section 10.2.1.1: what is no number counts as 3600. Throws 423 for what is too brief. */
function granted(text: ByteString | undefined, limits: SipLimits): number {
  if (text === undefined) return limits.defaultExpires;
  const wanted = /^\d+$/.test(text) ? Number(text) : 3600;
  if (wanted === 0) return 0;
  if (wanted < limits.minExpires)
    throw new ProtocolError('SIP_INTERVAL_TOO_BRIEF', 'Interval Too Brief', { status: 423 });
  return Math.min(wanted, limits.maxExpires);
}

function thousandths(text: ByteString | undefined): number {
  if (text === undefined) return 1000;
  if (!/^(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(text))
    throw new ProtocolError('SIP_CONTACT_Q', 'Malformed q', { status: 400 });
  return Math.round(Number(text) * 1000);
}

/** `"<urn:uuid:...>"` */
function unbracketed(text: ByteString | undefined): ByteString | undefined {
  if (text === undefined) return undefined;
  const instance = /^"<([\x21-\x3b\x3d\x3f-\x5b\x5d-\x7e]{1,200})>"$/.exec(text)?.[1];
  if (instance === undefined) throw new ProtocolError('SIP_INSTANCE', 'Malformed +sip.instance', { status: 400 });
  return instance;
}

/** An option tag in Supported or Require. */
export function supports(request: Request, option: string): boolean {
  return lists(request, 'supported', option) || lists(request, 'require', option);
}

function lists(request: Request, field: string, option: string): boolean {
  if (!request.has(field)) return false;
  return request.values(field).some((value) => value.toLowerCase() === option);
}
