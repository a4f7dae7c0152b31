// XML 1.0 section 2.2: what cannot be written in XML at all, escaped or not.
const FORBIDDEN = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/g;

/** Text of another protocol as XML can carry it: U+FFFD for each character that has no place there. */
export function xmlText(text: string): string {
  if (!/[^\t\n\r\x20-\x7e]/.test(text)) return text;
  return text.toWellFormed().replace(FORBIDDEN, '\ufffd');
}
