// Just enough of XML for two small documents: builders escape, readers take one element's text and nothing nested.

/** For text and for attributes in double quotes. What XML cannot hold is left out. */
export function escapeXml(text: string): string {
  return text
    .replace(/[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g, '')
    .replace(/[&<>"]/g, (c) => (c === '&' ? '&amp;' : c === '<' ? '&lt;' : c === '>' ? '&gt;' : '&quot;'));
}

const ENTITIES: Record<string, string> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The text of the first element of that local name, whatever its prefix; undefined: there is none. No DTD is read. */
export function elementText(document: string, name: string): string | undefined {
  if (document.length > MOST_DOCUMENT || document.includes('<!DOCTYPE')) return undefined;
  const found = new RegExp(`<(?:[A-Za-z][\\w.-]*:)?${name}(?:\\s[^<>]*)?>([^<]*)<`).exec(document);
  return found?.[1]?.replace(/&(amp|lt|gt|quot|apos);/g, (_, entity: string) => ENTITIES[entity] as string).trim();
}

/** Whether there is an element of that local name. */
export function hasElement(document: string, name: string): boolean {
  if (document.length > MOST_DOCUMENT || document.includes('<!DOCTYPE')) return false;
  return new RegExp(`<(?:[A-Za-z][\\w.-]*:)?${name}(?:\\s[^<>]*)?/?>`).test(document);
}

const MOST_DOCUMENT = 64 * 1024;
