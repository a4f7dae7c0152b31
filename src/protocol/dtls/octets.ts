// RFC 5246 section 4: the presentation language's integers and vectors, written.

export function concat(...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const whole = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** A big-endian unsigned integer. */
export function integer(size: 1 | 2 | 3 | 6 | 8, value: number): Uint8Array {
  const octets = new Uint8Array(size);
  let rest = value;
  for (let i = size - 1; i >= 0; i--) {
    octets[i] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  return octets;
}

/** The parts behind their length, a number of `size` octets. */
export function vector(size: 1 | 2 | 3, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = concat(...parts);
  return concat(integer(size, content.length), content);
}

/** 16-bit numbers, without a length. */
export function numbers(values: readonly number[]): Uint8Array {
  return concat(...values.map((value) => integer(2, value)));
}

/** An ASCII label as octets. */
export function ascii(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
