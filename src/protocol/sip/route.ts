import type { ByteString } from '../byte-string.ts';
import { malformed } from './lexis.ts';
import type { Message } from './message.ts';
import type { NameAddress } from './name-address.ts';
import { parseUri, type SipUri } from './uri.ts';

/** One element of Route, Record-Route, Path (RFC 3327) or Service-Route (RFC 3608). */
export interface RouteElement {
  address: NameAddress;
  uri: SipUri;
  /** `lr`: its element leaves the Request-URI alone (RFC 3261 section 16.12). */
  loose: boolean;
}

export function routeElement(address: NameAddress): RouteElement {
  const uri = parseUri(address.uri, 'Route');
  return { address, uri, loose: uri.parameters.has('lr') };
}

/** The elements in the order of the message. */
export function routeList(message: Message, name: 'route' | 'record-route' | 'path' | 'service-route'): RouteElement[] {
  return message.addresses(name).map(routeElement);
}

/** A route set as stored values: what goes back into Route fields unchanged. */
export function routeValues(message: Message, name: 'record-route' | 'path' | 'service-route'): ByteString[] {
  const values = message.values(name);
  for (const value of values) if (!value.includes('<')) throw malformed('Route'); // name-addr, never addr-spec
  return values;
}
