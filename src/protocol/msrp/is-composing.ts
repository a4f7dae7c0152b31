import { elementText, escapeXml, hasElement } from './xml-text.ts';

/** Indication of message composition (RFC 3994): the other side is typing. Texts are UTF-16. */
export const IS_COMPOSING_TYPE = 'application/im-iscomposing+xml';

export interface IsComposing {
  state: 'active' | 'idle';
  /** What is being written, a media type. */
  contentType?: string;
  /** Seconds after which an `active` that is not renewed is `idle` (section 3.3: 120 when it is not said). */
  refresh?: number;
}

export function serializeIsComposing({ state, contentType, refresh }: IsComposing): string {
  const type = contentType === undefined ? '' : `<contenttype>${escapeXml(contentType)}</contenttype>`;
  const again = refresh === undefined ? '' : `<refresh>${refresh}</refresh>`;
  return (
    '<?xml version="1.0" encoding="UTF-8"?>\n' +
    `<isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>${state}</state>${type}${again}</isComposing>`
  );
}

/** Undefined: no such document. A state that is not known is `idle` (section 3.2). */
export function parseIsComposing(document: string): IsComposing | undefined {
  if (!hasElement(document, 'isComposing')) return undefined;
  const state = elementText(document, 'state');
  if (state === undefined) return undefined;
  const contentType = elementText(document, 'contenttype');
  const refresh = Number(elementText(document, 'refresh') ?? Number.NaN);
  return {
    state: state === 'active' ? 'active' : 'idle',
    ...(contentType === undefined ? {} : { contentType }),
    ...(Number.isInteger(refresh) && refresh > 0 ? { refresh } : {}),
  };
}
