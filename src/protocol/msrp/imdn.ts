import { elementText, escapeXml, hasElement } from './xml-text.ts';

/** Instant message disposition notifications (RFC 5438): what became of a message. Texts are UTF-16. */
export const IMDN_TYPE = 'message/imdn+xml';
/** The namespace that CPIM's NS header gives a prefix to: `NS: imdn <urn:ietf:params:imdn>`. */
export const IMDN_NAMESPACE = 'urn:ietf:params:imdn';
/** Of the document (section 7.2.1.1). */
const XML_NAMESPACE = 'urn:ietf:params:xml:ns:imdn';

export type Disposition =
  | { kind: 'delivery'; status: 'delivered' | 'failed' | 'forbidden' | 'error' }
  | { kind: 'display'; status: 'displayed' | 'forbidden' | 'error' }
  | { kind: 'processing'; status: 'processed' | 'stored' | 'forbidden' | 'error' };

export type Imdn = Disposition & {
  /** Of the message it is about: its imdn.Message-ID and DateTime. */
  messageId: string;
  dateTime: string;
  recipient?: string;
};

const STATUSES = {
  delivery: ['delivered', 'failed', 'forbidden', 'error'],
  display: ['displayed', 'forbidden', 'error'],
  processing: ['processed', 'stored', 'forbidden', 'error'],
} as const;

/** Section 11.1.1. */
export function serializeImdn({ messageId, dateTime, recipient, kind, status }: Imdn): string {
  const uri = recipient === undefined ? '' : `<recipient-uri>${escapeXml(recipient)}</recipient-uri>`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<imdn xmlns="${XML_NAMESPACE}"><message-id>${escapeXml(messageId)}</message-id>` +
    `<datetime>${escapeXml(dateTime)}</datetime>${uri}` +
    `<${kind}-notification><status><${status}/></status></${kind}-notification></imdn>`
  );
}

/** Undefined: nothing that can be made use of. */
export function parseImdn(document: string): Imdn | undefined {
  const messageId = elementText(document, 'message-id');
  if (messageId === undefined || !hasElement(document, 'imdn')) return undefined;
  const dateTime = elementText(document, 'datetime') ?? '';
  const recipient = elementText(document, 'recipient-uri');
  for (const kind of ['delivery', 'display', 'processing'] as const) {
    if (!hasElement(document, `${kind}-notification`)) continue;
    const status = STATUSES[kind].find((name) => hasElement(document, name));
    if (status === undefined) return undefined;
    const to = recipient === undefined ? {} : { recipient };
    return { messageId, dateTime, ...to, kind, status } as Imdn;
  }
  return undefined;
}
