import { randomInt } from 'node:crypto';

/** Letters and digits that nobody takes for another: 32 of them. */
const ALPHABET = 'abcdefghijkmnpqrstuvwxyz23456789';

/** Four groups of four: 80 bits, and short enough to type into a telephone. */
export function generatePassword(): string {
  const group = () => Array.from({ length: 4 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
  return [group(), group(), group(), group()].join('-');
}
