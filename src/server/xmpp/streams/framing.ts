// How a top-level element is written: on TCP inside a stream whose header has declared the namespaces (RFC 6120 section
// 4.8), elsewhere standing for itself (RFC 7395 section 3.3.3, XEP-0206).
import type { Element } from '../../../protocol/xmpp/element.ts';
import { escapeAttribute } from '../../../protocol/xmpp/escape.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import type { StreamHeader } from './connection.ts';

/** Inside a stream's element. COMPAT: clients look for `stream:features` and `stream:error` by their prefix. */
export function inStream(element: Element): string {
  return element.namespace === NS.STREAMS ? prefixed(element, '', NS.CLIENT) : element.serialize(NS.CLIENT);
}

/** For itself. */
export function alone(element: Element): string {
  return element.namespace === NS.STREAMS
    ? prefixed(element, ` xmlns:stream='${NS.STREAMS}'`, '')
    : element.serialize('');
}

function prefixed(element: Element, declaration: string, context: string): string {
  let content = '';
  for (const child of element.elements()) content += child.serialize(context);
  return `<stream:${element.name}${declaration}>${content}</stream:${element.name}>`;
}

/** RFC 6120 section 4.7. */
export function streamStart(header: StreamHeader): string {
  return `<?xml version='1.0'?><stream:stream xmlns='${NS.CLIENT}' xmlns:stream='${NS.STREAMS}'${attributes(header)}>`;
}

export const STREAM_END = '</stream:stream>';

/** RFC 7395 section 3.4. */
export function framedOpen(header: StreamHeader): string {
  return `<open xmlns='${NS.FRAMING}'${attributes(header)}/>`;
}

/** RFC 7395 section 3.6. */
export const FRAMED_CLOSE = `<close xmlns='${NS.FRAMING}'/>`;

function attributes({ to, from, id, version, lang }: StreamHeader): string {
  return (
    attribute('to', to) +
    attribute('from', from) +
    attribute('id', id) +
    attribute('version', version) +
    attribute('xml:lang', lang)
  );
}

function attribute(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` ${name}='${escapeAttribute(value)}'`;
}

/** What a peer's `<stream:stream>` or `<open/>` says. */
export function readHeader(element: Element): StreamHeader {
  const { to, from, version, 'xml:lang': lang } = element.attributes;
  return { to, from, version, lang };
}
