import type { ByteString } from '../byte-string.ts';
import { isDigits, malformed, parseNumber, unquote } from './lexis.ts';
import type { NameAddress } from './name-address.ts';

/** What a registration reads of a Contact: RFC 3261 section 20.10, RFC 5626 section 4, RFC 5627 section 4. */
export interface ContactParameters {
  /** Seconds. */
  expires?: number;
  /** 0 to 1; 1 when absent. */
  q: number;
  /** The instance, without quotes and angle brackets: `urn:uuid:...`. */
  instance?: ByteString;
  regId?: number;
  /** GRUUs in a response, unquoted. */
  publicGruu?: ByteString;
  temporaryGruu?: ByteString;
}

const MOST_SECONDS = 2 ** 32 - 1;
/** RFC 3261 section 20.10: what a malformed expires parameter counts as. */
const DEFAULT_EXPIRES = 3600;

export function contactParameters(contact: NameAddress): ContactParameters {
  const { parameters } = contact;
  const q = parameters.get('q');
  const result: ContactParameters = { q: q === undefined ? 1 : parseQ(q) };
  if (parameters.has('expires')) {
    const value = parameters.get('expires') ?? '';
    result.expires = isDigits(value) ? (parseNumber(value, MOST_SECONDS) ?? MOST_SECONDS) : DEFAULT_EXPIRES;
  }
  const instance = parameters.get('+sip.instance');
  if (instance !== undefined) {
    const text = unquote(instance);
    if (!text.startsWith('<') || !text.endsWith('>') || text.length < 3) throw malformed('Contact');
    result.instance = text.slice(1, -1);
  }
  const regId = parameters.get('reg-id');
  if (regId !== undefined) {
    const number = parseNumber(regId, 2 ** 31 - 1);
    if (!number) throw malformed('Contact');
    result.regId = number;
  }
  const publicGruu = parameters.get('pub-gruu');
  if (publicGruu !== undefined) result.publicGruu = unquote(publicGruu);
  const temporaryGruu = parameters.get('temp-gruu');
  if (temporaryGruu !== undefined) result.temporaryGruu = unquote(temporaryGruu);
  return result;
}

/** qvalue: 0 to 1 with up to three decimals. COMPAT: more decimals are read too. */
function parseQ(text: string): number {
  if (!/^(?:0(?:\.\d{0,9})?|1(?:\.0{0,9})?|\.\d{1,9})$/.test(text)) throw malformed('Contact');
  return Number(text);
}
