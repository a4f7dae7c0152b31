// The text of a REGISTER that its client sends again and again: only the branch, the From tag and the CSeq number differ,
// and so does its answer only in those, in our To tag, and in what the registrar says.
import type { ByteString } from '../../protocol/byte-string.ts';
import { is, parseNumber, TOKEN } from '../../protocol/sip/lexis.ts';
import type { Request } from '../../protocol/sip/message.ts';
import { MAGIC_COOKIE } from '../../protocol/sip/via.ts';
import { ownText } from './own-text.ts';

/** What a REGISTER has of its own. */
export interface Repetition {
  branch: string;
  fromTag: string;
  /** The digits as they came; `sequence` is their number. */
  digits: string;
  sequence: number;
}

/** Octets of a REGISTER that is remembered. */
const LONGEST = 2_000;
/** ... of a branch or a tag. */
const LONGEST_TOKEN = 100;
/** RFC 3261 section 8.1.1.5. */
const MOST_CSEQ = 2 ** 31 - 1;

export class RepeatedRegister {
  readonly callId: ByteString;
  /** Of the top Via, in lower case. */
  readonly sentBy: string;
  /** What stands around branch, From tag and CSeq number of the request. */
  readonly #request: readonly ByteString[];
  /** What stands around branch, the two tags and CSeq number of the answer, up to the registrar's fields. */
  readonly #answer: readonly ByteString[];
  readonly #toFirst: boolean;

  private constructor(
    request: Request,
    around: readonly ByteString[],
    answer: readonly ByteString[],
    toFirst: boolean,
  ) {
    this.callId = ownText(request.callId);
    this.sentBy = ownText(request.via.sentBy);
    this.#request = around.map(ownText);
    this.#answer = answer.map(ownText);
    this.#toFirst = toFirst;
  }

  /**
   * `response`: what the request was answered; `fields`: the lines of it that are the registrar's, at its end.
   * Undefined: a text that has not the usual order of fields, or in which one value looks like another.
   */
  static of(request: Request, response: ByteString, toTag: string, fields: ByteString): RepeatedRegister | undefined {
    const { branch } = request.via;
    const fromTag = request.from.tag;
    const cseq = request.copies().find(({ name }) => name === 'cseq');
    if (branch === undefined || fromTag === undefined || cseq === undefined) return undefined;
    const text = cseq.source; // the whole request as it was received
    const end = response.length - fields.length - 2;
    if (text.length > LONGEST || response.slice(end) !== `${fields}\r\n`) return undefined;
    const { line } = cseq;
    const around = split(text, [`=${branch}`, `=${fromTag}`, line]);
    const head = response.slice(0, end);
    const toFirst = head.indexOf(`=${toTag}`) < head.indexOf(`=${fromTag}`);
    const tags = toFirst ? [`=${toTag}`, `=${fromTag}`] : [`=${fromTag}`, `=${toTag}`];
    const answer = split(head, [`=${branch}`, ...tags, line]);
    const digits = /\d+/.exec(line.slice(line.indexOf(':')));
    if (around === undefined || answer === undefined || digits === null) return undefined;
    const from = line.indexOf(':') + digits.index;
    for (const parts of [around, answer]) {
      const last = parts.length - 1;
      for (let i = 0; i < last - 1; i++) parts[i] += '=';
      parts[last - 1] += line.slice(0, from);
      parts[last] = line.slice(from + digits[0].length) + parts[last];
    }
    return new RepeatedRegister(request, around, answer, toFirst);
  }

  /** Undefined: it is another request. */
  read(text: ByteString): Repetition | undefined {
    const [first, second, third, last] = this.#request as [ByteString, ByteString, ByteString, ByteString];
    if (!text.startsWith(first)) return undefined;
    let at = first.length;
    let end = tokenEnd(text, at);
    const branch = text.slice(at, end);
    if (!branch.startsWith(MAGIC_COOKIE) || branch.length === MAGIC_COOKIE.length) return undefined;
    if (!text.startsWith(second, end)) return undefined;
    at = end + second.length;
    end = tokenEnd(text, at);
    const fromTag = text.slice(at, end);
    if (end === at || !text.startsWith(third, end)) return undefined;
    at = end + third.length;
    end = text.length - last.length;
    if (end <= at || end - at > 10 || !text.endsWith(last)) return undefined;
    const digits = text.slice(at, end);
    const sequence = parseNumber(digits, MOST_CSEQ);
    return sequence === undefined ? undefined : { branch, fromTag, digits, sequence };
  }

  /** The 200 to it; `fields`: whole lines. */
  answer({ branch, fromTag, digits }: Repetition, toTag: string, fields: ByteString): ByteString {
    const [first, second, third, fourth, last] = this.#answer;
    const tags = this.#toFirst ? `${toTag}${third}${fromTag}` : `${fromTag}${third}${toTag}`;
    return `${first}${branch}${second}${tags}${fourth}${digits}${last}${fields}\r\n`;
  }
}

/** What stands before, between and behind values that each occur once, in this order; undefined: they do not. */
function split(text: ByteString, values: readonly ByteString[]): ByteString[] | undefined {
  const around: ByteString[] = [];
  let from = 0;
  for (const value of values) {
    const at = text.indexOf(value);
    if (at < from || text.indexOf(value, at + 1) !== -1) return undefined;
    around.push(text.slice(from, at));
    from = at + value.length;
  }
  around.push(text.slice(from));
  return around;
}

function tokenEnd(text: ByteString, from: number): number {
  const most = Math.min(text.length, from + LONGEST_TOKEN);
  let at = from;
  while (at < most && is(text.charCodeAt(at), TOKEN)) at++;
  return at;
}
