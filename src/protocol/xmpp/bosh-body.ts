// The wrapper of XEP-0124 and what XEP-0206 adds to it, read and written.
import type { Element } from './element.ts';
import { escapeAttribute } from './escape.ts';
import { StreamError } from './stream-error.ts';
import { parseElement } from './tokenizer.ts';
import type { XmlLimits } from './xml-limits.ts';

export const HTTPBIND = 'http://jabber.org/protocol/httpbind';
const XBOSH = 'urn:xmpp:xbosh';

/** XEP-0124 section 17.2: why a session has ended. */
export type BoshCondition =
  | 'bad-request'
  | 'host-unknown'
  | 'internal-server-error'
  | 'item-not-found'
  | 'policy-violation'
  | 'remote-stream-error'
  | 'system-shutdown';

/** One request of a client. */
export interface BoshBody {
  /** Section 9: up to 2^53. */
  rid: number;
  /** Absent in the request that makes a session. */
  sid: string | undefined;
  terminates: boolean;
  restarts: boolean;
  /** Seconds. */
  wait: number | undefined;
  hold: number | undefined;
  pause: number | undefined;
  /** Section 9.2; in the first request 1 says that the client uses acknowledgements. */
  ack: number | undefined;
  header: { to: string | undefined; from: string | undefined; version: string | undefined; lang: string | undefined };
  payload: readonly Element[];
}

/** Undefined: it is no request. */
export function readBody(text: string, limits: XmlLimits): BoshBody | undefined {
  let body: Element;
  try {
    body = parseElement(text, limits);
  } catch (error) {
    if (error instanceof StreamError) return undefined;
    throw error;
  }
  const { rid, sid, type, wait, hold, pause, ack, to, from, 'xml:lang': lang } = body.attributes;
  const id = number(rid);
  if (!body.is('body', HTTPBIND) || id === undefined || id < 1) return undefined;
  if (body.children.some((child) => typeof child === 'string' && /[^ \t\r\n]/.test(child))) return undefined;
  return {
    rid: id,
    sid,
    terminates: type === 'terminate',
    restarts: /^(?:true|1)$/.test(body.attributes[`{${XBOSH}}restart`] ?? ''),
    wait: number(wait),
    hold: number(hold),
    pause: number(pause),
    ack: number(ack),
    header: { to, from, version: body.attributes[`{${XBOSH}}version`], lang },
    payload: body.elements(),
  };
}

function number(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d{1,16}$/.test(text)) return undefined;
  const value = Number(text);
  return Number.isSafeInteger(value) ? value : undefined;
}

/** A response; `payload`: elements as text, each standing for itself. */
export function writeBody(attributes: Readonly<Record<string, string | number | undefined>>, payload = ''): string {
  let text = `<body xmlns='${HTTPBIND}'`;
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined) continue;
    if (name === 'xmpp:version') text += ` xmlns:xmpp='${XBOSH}' xmpp:restartlogic='true'`;
    text += ` ${name}='${escapeAttribute(String(value))}'`;
  }
  return payload === '' ? `${text}/>` : `${text}>${payload}</body>`;
}

export function terminateBody(condition?: BoshCondition, payload = ''): string {
  return writeBody({ type: 'terminate', condition }, payload);
}
