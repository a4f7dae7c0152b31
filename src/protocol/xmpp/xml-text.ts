// XML 1.0 sections 2 and 4: what text stands for between tags and in attributes.
import { StreamError } from './stream-error.ts';

/** Anything that is not a Char (section 2.2), half surrogate pairs apart. */
const NO_CHARACTER = /[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]/;

export function checkCharacters(text: string): void {
  if (NO_CHARACTER.test(text) || !text.isWellFormed()) throw malformed('A character that XML does not have');
}

/** Between tags (section 2.4). */
export function characterData(text: string): string {
  if (!/[&\]\r]/.test(text)) return text;
  if (text.includes(']]>')) throw malformed(']]> in text');
  return references(lineEnds(text));
}

/** Section 2.11. */
export function lineEnds(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n?/g, '\n') : text;
}

/** In an attribute's quotes (section 3.3.3). */
export function attributeText(text: string): string {
  if (!/[<&\t\n\r]/.test(text)) return text;
  if (text.includes('<')) throw malformed('A < in an attribute');
  return references(text.replace(/\r\n|[\t\n\r]/g, ' '));
}

const PREDEFINED: Record<string, string | undefined> = { lt: '<', gt: '>', amp: '&', quot: '"', apos: "'" };

/** Section 4.1: character references and the five entities of section 4.6. */
function references(text: string): string {
  if (!text.includes('&')) return text;
  return text.replace(/&(?:#x([0-9a-fA-F]+);|#([0-9]+);|(lt|gt|amp|quot|apos);)?/g, (whole, hex, decimal, name) => {
    if (name !== undefined) return PREDEFINED[name] as string;
    if (whole === '&') throw restricted('An & that begins no character reference or predefined entity');
    const point = hex === undefined ? Number.parseInt(decimal, 10) : Number.parseInt(hex, 16);
    if (!isCharacter(point)) throw malformed('A reference to no character');
    return String.fromCodePoint(point);
  });
}

/** Char (section 2.2). */
function isCharacter(point: number): boolean {
  if (point < 0x20) return point === 0x09 || point === 0x0a || point === 0x0d;
  return point <= 0xd7ff || (point >= 0xe000 && point <= 0xfffd) || (point >= 0x10000 && point <= 0x10ffff);
}

export function malformed(text: string): StreamError {
  return new StreamError('not-well-formed', text);
}

export function restricted(text: string): StreamError {
  return new StreamError('restricted-xml', text);
}
