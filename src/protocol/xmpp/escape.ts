// XML 1.0 section 2.4 and RFC 6120 section 11: the five predefined entities are all there are.

/** Text between tags. `>` too, so that `]]>` cannot appear. */
export function escapeText(text: string): string {
  if (!/[&<>\r]/.test(text)) return text;
  return text.replace(/[&<>\r]/g, (c) => ENTITIES[c] as string);
}

/** The value of an attribute, in either kind of quotes. */
export function escapeAttribute(text: string): string {
  if (!/[&<>"'\t\n\r]/.test(text)) return text;
  return text.replace(/[&<>"'\t\n\r]/g, (c) => ENTITIES[c] as string);
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
