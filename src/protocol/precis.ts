// PRECIS (RFC 8264): the profiles UsernameCaseMapped and OpaqueString of RFC 8265.
import { encodeUtf8 } from './byte-string.ts';

const WIDTH = /[\uff01-\uffdc\uffe0-\uffee]/g;
/** RFC 8264 section 9.1 LetterDigits, or section 9.11 ASCII7. */
const IDENTIFIER = /^(?:[\x21-\x7e]|[\p{Ll}\p{Lu}\p{Lo}\p{Lm}\p{Nd}\p{Mn}\p{Mc}])$/u;
/** RFC 8264 section 4.3: the above, and sections 9.13 to 9.18 (other letters and digits, spaces, symbols, punctuation). */
const FREEFORM = /^[\x20-\x7e\p{L}\p{N}\p{M}\p{Zs}\p{S}\p{P}]$/u;
/** RFC 8264 section 9.13 PrecisIgnorableProperties and section 9.9 OldHangulJamo. */
const IGNORABLE =
  /[\p{Default_Ignorable_Code_Point}\p{Noncharacter_Code_Point}\u1100-\u11ff\ua960-\ua97c\ud7b0-\ud7fb]/u;
const RIGHT_TO_LEFT =
  /[\p{Script=Hebrew}\p{Script=Arabic}\p{Script=Syriac}\p{Script=Thaana}\p{Script=Nko}\p{Script=Samaritan}\p{Script=Mandaic}\p{Script=Adlam}\p{Script=Hanifi_Rohingya}]/u;
/** Canonical combining class 9, of the scripts whose orthography uses joiners. */
const VIRAMA = new Set('\u094d\u09cd\u0a4d\u0acd\u0b4d\u0bcd\u0c4d\u0ccd\u0d4d\u0dca\u0e3a\u0f84\u1039\u17d2');
const ARABIC_INDIC = /[\u0660-\u0669]/;
const EXTENDED_ARABIC_INDIC = /[\u06f0-\u06f9]/;

/** UsernameCaseMapped (RFC 8265 section 3.3), at most so many octets of UTF-8; undefined where it cannot be. */
export function usernameCaseMapped(text: string, octets: number): string | undefined {
  if (text.length > octets || !text.isWellFormed()) return undefined;
  const name = map(text);
  if (name === '' || encodeUtf8(name).length > octets) return undefined;
  // RFC 8264 section 7: the rules must be stable; a string that maps on is refused.
  if (map(name) !== name) return undefined;
  const characters = [...name];
  for (let i = 0; i < characters.length; i++) {
    const c = characters[i] as string;
    const allowed = contextual(characters, i) ?? (IDENTIFIER.test(c) && !IGNORABLE.test(c));
    if (!allowed || c.normalize('NFKC') !== c) return undefined; // section 9.17 HasCompat
  }
  return bidirectional(characters) ? name : undefined;
}

/** OpaqueString (RFC 8265 section 4.2), at most so many octets of UTF-8; undefined where it cannot be. */
export function opaqueString(text: string, octets: number): string | undefined {
  if (text === '' || text.length > octets) return undefined;
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  if (!text.isWellFormed()) return undefined;
  const opaque = text.replace(/\p{Zs}/gu, ' ').normalize('NFC');
  if (encodeUtf8(opaque).length > octets) return undefined;
  const characters = [...opaque];
  for (let i = 0; i < characters.length; i++) {
    const c = characters[i] as string;
    if (!(contextual(characters, i) ?? (FREEFORM.test(c) && !IGNORABLE.test(c)))) return undefined;
  }
  return opaque;
}

/** Width mapping, case mapping, NFC: RFC 8265 section 3.3.1, in its order. */
function map(text: string): string {
  return text
    .replace(WIDTH, (c) => c.normalize('NFKC'))
    .toLowerCase()
    .normalize('NFC');
}

/** Whether a character of CONTEXTJ or CONTEXTO may stand where it does; undefined: it is none of them. */
function contextual(characters: string[], at: number): boolean | undefined {
  const c = characters[at] as string;
  switch (c) {
    case '\u200c': // RFC 5892 appendix A.1 and A.2: joiners only after a virama
    case '\u200d':
      return VIRAMA.has(characters[at - 1] ?? '');
    case '\u00b7': // A.3: middle dot between two l
      return characters[at - 1] === 'l' && characters[at + 1] === 'l';
    case '\u0375': // A.4: Greek keraia before a Greek letter
      return /^\p{Script=Greek}/u.test(characters[at + 1] ?? '');
    case '\u05f3': // A.5, A.6: geresh and gershayim after a Hebrew letter
    case '\u05f4':
      return /^\p{Script=Hebrew}/u.test(characters[at - 1] ?? '');
    case '\u30fb': // A.7: Katakana middle dot beside Japanese
      return characters.some(
        (other) => /^[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u.test(other) && other !== c,
      );
  }
  return undefined;
}

/** The Bidi Rule (RFC 5893 section 2) by script, since JavaScript knows no bidi class; and RFC 5892 appendix A.8, A.9. */
function bidirectional(characters: string[]): boolean {
  const name = characters.join('');
  if (ARABIC_INDIC.test(name) && EXTENDED_ARABIC_INDIC.test(name)) return false;
  const rtl = (c: string | undefined) => c !== undefined && RIGHT_TO_LEFT.test(c) && /\p{L}/u.test(c);
  if (!characters.some(rtl)) return true;
  // 1. the first character is of a right-to-left script
  if (!rtl(characters[0])) return false;
  // 2. no left-to-right letter
  if (characters.some((c) => /\p{L}/u.test(c) && !rtl(c))) return false;
  // 3. it ends with a letter or a digit, and marks on it
  let end = characters.length - 1;
  while (end > 0 && /\p{M}/u.test(characters[end] as string)) end--;
  if (!rtl(characters[end]) && !/\p{Nd}/u.test(characters[end] as string)) return false;
  // 4. not European and Arabic digits together
  return !(/[0-9]/.test(name) && ARABIC_INDIC.test(name));
}
