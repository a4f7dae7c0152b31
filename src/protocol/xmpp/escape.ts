// XML 1.0 section 2.4 and RFC 6120 section 11: the five predefined entities are all there are.

/**
 * Text between tags. `>` too, so that `]]>` cannot appear. What XML has no character for (section 2.2: most controls, half
 * surrogate pairs), as another protocol may bring it, becomes U+FFFD: else it would end the reader's stream.
 */
export function escapeText(text: string): string {
  if (/[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]/.test(text))
    text = text.replace(/[&<>\x00-\x08\x0b-\x1f\ufffe\uffff]/g, (c) => ENTITIES[c] ?? '\ufffd');
  return text.isWellFormed() ? text : text.toWellFormed();
}

/** The value of an attribute, in either kind of quotes. */
export function escapeAttribute(text: string): string {
  if (/[&<>"'\x00-\x1f\ufffe\uffff]/.test(text))
    text = text.replace(/[&<>"'\x00-\x1f\ufffe\uffff]/g, (c) => ENTITIES[c] ?? '\ufffd');
  return text.isWellFormed() ? text : text.toWellFormed();
}

// White space in attributes, and CR anywhere, would be normalised away by the reader (XML 1.0 sections 2.11 and 3.3.3).
const ENTITIES: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};
