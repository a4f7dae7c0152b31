/**
 * Text protocols are kept as byte strings: a JavaScript string in which every character is one byte (0 to 255).
 * V8 stores those one byte a character and slices them without a copy; lengths are octets, as Content-Length wants;
 * and what is not UTF-8 passes through unchanged. Drivers convert at the socket (`latin1` in Node); a person's text
 * (a display name, a message body) is converted here.
 */
export type ByteString = string;

/** UTF-16 text to UTF-8 octets; a lone surrogate becomes U+FFFD. ASCII is returned as it is. */
export function encodeUtf8(text: string): ByteString {
  if (/^[\x00-\x7f]*$/.test(text)) return text;
  let bytes = '';
  for (const character of text) {
    let point = character.codePointAt(0) as number;
    if (point >= 0xd800 && point <= 0xdfff) point = 0xfffd;
    if (point < 0x80) bytes += String.fromCharCode(point);
    else if (point < 0x800) bytes += String.fromCharCode(0xc0 | (point >> 6), 0x80 | (point & 0x3f));
    else if (point < 0x10000)
      bytes += String.fromCharCode(0xe0 | (point >> 12), 0x80 | ((point >> 6) & 0x3f), 0x80 | (point & 0x3f));
    else
      bytes += String.fromCharCode(
        0xf0 | (point >> 18),
        0x80 | ((point >> 12) & 0x3f),
        0x80 | ((point >> 6) & 0x3f),
        0x80 | (point & 0x3f),
      );
  }
  return bytes;
}

/** UTF-8 octets to UTF-16 text; undefined when they are not well-formed UTF-8 (RFC 3629: no overlong, no surrogate). */
export function decodeUtf8(bytes: ByteString): string | undefined {
  if (/^[\x00-\x7f]*$/.test(bytes)) return bytes;
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const lead = bytes.charCodeAt(at++);
    if (lead < 0x80) {
      text += String.fromCharCode(lead);
      continue;
    }
    const more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
    if (lead < 0xc2 || lead > 0xf4) return undefined;
    let point = lead & (0x3f >> more);
    for (let i = 0; i < more; i++) {
      const next = bytes.charCodeAt(at++);
      if ((next & 0xc0) !== 0x80) return undefined; // NaN & 0xc0 is 0: the end of the string lands here too
      point = (point << 6) | (next & 0x3f);
    }
    const least = more === 3 ? 0x10000 : more === 2 ? 0x800 : 0x80;
    if (point < least || point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) return undefined;
    text += String.fromCodePoint(point);
  }
  return text;
}
