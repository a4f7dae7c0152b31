// ITU-T G.711, by table: mu-law (PCMU) and A-law (PCMA), as the reference software of G.191 rounds.

export type Law = 'PCMU' | 'PCMA';

/** A 16-bit sample is looked up by its upper 14 bits (mu-law) or 12 bits (A-law): all that either law looks at. */
const SHIFT: Readonly<Record<Law, number>> = { PCMU: 2, PCMA: 4 };

const EXPANDED: Readonly<Record<Law, Int16Array>> = {
  PCMU: Int16Array.from({ length: 256 }, (_, octet) => expandMu(octet)),
  PCMA: Int16Array.from({ length: 256 }, (_, octet) => expandA(octet)),
};

const COMPRESSED: Readonly<Record<Law, Uint8Array>> = {
  PCMU: Uint8Array.from({ length: 1 << 14 }, (_, index) => compressMu((index << 18) >> 18)),
  PCMA: Uint8Array.from({ length: 1 << 12 }, (_, index) => compressA((index << 20) >> 20)),
};

/** `count` octets from `start` into as many 16-bit samples. */
export function decodeG711(law: Law, octets: Uint8Array, start: number, count: number, samples: Int16Array): void {
  const table = EXPANDED[law];
  for (let i = 0; i < count; i++) samples[i] = table[octets[start + i]!]!;
}

/** `count` 16-bit samples into as many octets at `start`. */
export function encodeG711(law: Law, samples: Int16Array, count: number, octets: Uint8Array, start: number): void {
  const table = COMPRESSED[law];
  const shift = SHIFT[law];
  const mask = table.length - 1;
  for (let i = 0; i < count; i++) octets[start + i] = table[(samples[i]! >> shift) & mask]!;
}

function expandMu(octet: number): number {
  const code = ~octet & 0xff;
  const magnitude = ((((code & 0x0f) << 3) + 0x84) << ((code & 0x70) >> 4)) - 0x84;
  return code & 0x80 ? -magnitude : magnitude;
}

function expandA(octet: number): number {
  const code = octet ^ 0x55;
  const segment = (code & 0x70) >> 4;
  const mantissa = ((code & 0x0f) << 4) + (segment === 0 ? 8 : 0x108);
  const magnitude = segment > 1 ? mantissa << (segment - 1) : mantissa;
  return code & 0x80 ? magnitude : -magnitude;
}

/** `sample` of 14 bits; negative ones by their one's complement, as G.191 does. */
function compressMu(sample: number): number {
  const magnitude = Math.min(0x1fff, (sample < 0 ? ~sample : sample) + 33);
  const segment = 32 - Math.clz32(magnitude >> 6);
  const code = ((7 - segment) << 4) | (0x0f - ((magnitude >> (segment + 1)) & 0x0f));
  return sample < 0 ? code : code | 0x80;
}

/** `sample` of 12 bits. */
function compressA(sample: number): number {
  const magnitude = sample < 0 ? ~sample : sample;
  const segment = 32 - Math.clz32(magnitude >> 4);
  const code = segment === 0 ? magnitude : (segment << 4) | ((magnitude >> (segment - 1)) & 0x0f);
  return (sample < 0 ? code : code | 0x80) ^ 0x55;
}
