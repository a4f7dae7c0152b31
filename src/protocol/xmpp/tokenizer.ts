// RFC 6120 section 11: text in, whole first-level elements out. A stream on TCP is cut anywhere, so the scanner here finds
// only where elements end, reading each character once; each element is then parsed once, by the parser of whole ones.
import { detach } from '../detach.ts';
import { Element } from './element.ts';
import { NS } from './namespaces.ts';
import { StreamError } from './stream-error.ts';
import { XML_LIMITS, type XmlLimits } from './xml-limits.ts';
import { NO_SCOPE, type Scope } from './xml-namespaces.ts';
import { XmlParser } from './xml-parser.ts';

/** One whole element: a WebSocket frame, a BOSH body, a stored stanza. Throws `StreamError`. */
export function parseElement(text: string, limits: XmlLimits = XML_LIMITS): Element {
  return new XmlParser(text, limits).whole(NO_SCOPE);
}

export type StreamToken =
  /** The stream's header (RFC 6120 section 4.2), without children. */
  | { open: Element }
  /** A first-level element. */
  | { element: Element }
  /** The stream's end tag (section 4.4). */
  | { close: true }
  /** What comes is not XML of a stream: nothing more is read. */
  | { error: StreamError };

type State = 'between' | 'less-than' | 'bang' | 'start-tag' | 'end-tag' | 'text' | 'cdata' | 'declaration';

/** XML 1.0 section 2.8, with UTF-8 as RFC 6120 section 11.6 wants it. */
const DECLARATION =
  /^<\?xml[ \t\r\n]+version[ \t\r\n]*=[ \t\r\n]*(?:'1\.0'|"1\.0")(?:[ \t\r\n]+encoding[ \t\r\n]*=[ \t\r\n]*(?:'([A-Za-z][\w.-]*)'|"([A-Za-z][\w.-]*)"))?(?:[ \t\r\n]+standalone[ \t\r\n]*=[ \t\r\n]*(?:'(?:yes|no)'|"(?:yes|no)"))?[ \t\r\n]*\?>$/;
/** The default namespaces that a stream's header may declare (section 4.8.3). */
const CONTENT = new Set(['', NS.CLIENT, NS.STREAMS]);
const CDATA = '[CDATA[';
const NOT_SPACE = /[^ \t\r\n]/;

/** A stream in TCP's framing. What comes out does not depend on how it is cut. A restart is a new one. */
export class StreamTokenizer {
  readonly #limits: XmlLimits;
  #state: State = 'between';
  /** Elements that are open, the stream's own included. */
  #depth = 0;
  /** In a tag: the quote that would end the value, or ''. */
  #quote = '';
  /** In a tag: 1 if the last character was a slash. In CDATA's start, and before its end: how many characters of that were there. */
  #seen = 0;
  /** Something has been read: the XML declaration's place is past. */
  #begun = false;
  #ended = false;
  #failed = false;
  readonly #held = new HeldText();
  #header: { scope: Scope; qualifiedName: string } | undefined;

  constructor(limits: XmlLimits = XML_LIMITS) {
    this.#limits = limits;
  }

  /** Text of the stream, decoded strictly as UTF-8, cut anywhere. */
  push(text: string): StreamToken[] {
    const tokens: StreamToken[] = [];
    try {
      if (!this.#failed) this.#read(text, tokens);
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      this.#failed = true;
      this.#held.take('');
      tokens.push({ error });
    }
    return tokens;
  }

  #read(text: string, tokens: StreamToken[]): void {
    let at = 0;
    while (at < text.length) {
      if (this.#state === 'between') at = this.#between(text, at);
      const end = this.#construct(text, at);
      if (this.#held.length + end - at > this.#limits.length)
        throw new StreamError('policy-violation', 'The stanza is too large');
      // What may be kept for long is not to keep a whole segment alive.
      const part = (end - at) * 2 < text.length ? detach(text.slice(at, end)) : text.slice(at, end);
      if (this.#state === 'between') {
        const token = part === '' ? undefined : this.#complete(this.#held.take(part));
        if (token !== undefined) tokens.push(token);
      } else this.#held.add(part);
      at = end;
    }
  }

  /** From a place in a first-level construct to its end, if that is here. */
  #construct(text: string, at: number): number {
    if (at === text.length) return at;
    do at = this.#scan(text, at);
    while (this.#state !== 'between' && at < text.length);
    return at;
  }

  /** To the next `<` on the stream's own level, where only white space may stand (RFC 6120 section 11.7). */
  #between(text: string, at: number): number {
    let next = text.indexOf('<', at);
    if (next < 0) next = text.length;
    if (next > at) {
      if (NOT_SPACE.test(text.slice(at, next))) throw new StreamError('bad-format', 'Text between stanzas');
      this.#begun = true;
    }
    if (next < text.length && this.#ended) throw new StreamError('bad-format', 'The stream has ended');
    return next;
  }

  /** On from a place inside an element, as far as the state lasts. `between`: an element, header or end has ended. */
  #scan(text: string, at: number): number {
    switch (this.#state) {
      case 'between': // at its `<`
        this.#state = 'less-than';
        return at + 1;
      case 'less-than':
        return this.#lessThan(text, at);
      case 'start-tag':
      case 'end-tag':
        return this.#tag(text, at);
      case 'text': {
        const next = text.indexOf('<', at);
        if (next < 0) return text.length;
        this.#state = 'less-than';
        return next + 1;
      }
      case 'bang': {
        if (text[at] !== CDATA[this.#seen]) throw new StreamError('restricted-xml', 'No comments or declarations here');
        if (++this.#seen === CDATA.length) {
          this.#state = 'cdata';
          this.#seen = 0;
        }
        return at + 1;
      }
      case 'cdata': {
        const c = text[at];
        if (c === '>' && this.#seen === 2) this.#state = 'text';
        else if (c === ']') this.#seen = Math.min(2, this.#seen + 1);
        else {
          this.#seen = 0;
          const next = text.indexOf(']', at + 1);
          return next < 0 ? text.length : next;
        }
        return at + 1;
      }
      case 'declaration': {
        const next = text.indexOf('>', at);
        if (next < 0) return text.length;
        this.#state = 'between';
        return next + 1;
      }
    }
  }

  /** What kind of markup it is. */
  #lessThan(text: string, at: number): number {
    const c = text[at];
    const begun = this.#begun;
    this.#begun = true;
    this.#quote = '';
    this.#seen = 0;
    if (c === '/') {
      if (this.#depth === 0) throw new StreamError('not-well-formed', 'An end before a beginning');
      this.#state = 'end-tag';
    } else if (c === '?' && !begun) this.#state = 'declaration';
    else if (c === '!' && this.#depth > 1) this.#state = 'bang';
    else if (c === '?' || c === '!')
      throw new StreamError('restricted-xml', 'Comments, declarations and instructions are not for XMPP');
    else {
      if (this.#depth > this.#limits.depth) throw new StreamError('policy-violation', 'Too deep');
      this.#state = 'start-tag';
      return at;
    }
    return at + 1;
  }

  /** To the end of a tag, past quotes, in which a `>` may stand. */
  #tag(text: string, at: number): number {
    if (this.#quote !== '') {
      const end = text.indexOf(this.#quote, at);
      if (end < 0) return text.length;
      this.#quote = '';
      return end + 1;
    }
    let slash = this.#seen === 1;
    for (; at < text.length; at++) {
      const c = text.charCodeAt(at);
      if (c === 0x3e) {
        this.#tagEnded(slash);
        return at + 1;
      }
      slash = c === 0x2f;
      if (c === 0x22 || c === 0x27) {
        this.#quote = c === 0x22 ? '"' : "'";
        this.#seen = 0;
        return at + 1;
      }
      if (c === 0x3c) throw new StreamError('not-well-formed', 'A < in a tag');
    }
    this.#seen = slash ? 1 : 0;
    return at;
  }

  #tagEnded(slash: boolean): void {
    if (this.#state === 'end-tag') this.#depth--;
    else if (!slash) this.#depth++;
    else if (this.#depth === 0) throw new StreamError('bad-format', 'An empty stream');
    this.#seen = 0;
    const ends = this.#depth <= 1;
    this.#state = ends ? 'between' : 'text';
  }

  /** What the text is, from one `<` of the stream's own level to where that construct ends. */
  #complete(text: string): StreamToken | undefined {
    if (this.#header === undefined) {
      if (text.startsWith('<?')) {
        checkDeclaration(text);
        return undefined;
      }
      const { qualifiedName, name, namespace, attributes, scope } = new XmlParser(text, this.#limits).header();
      // RFC 6120 section 4.8.2: what a stream is about, where its header says so, is a client's matter.
      if (!CONTENT.has(scope.defaultNamespace)) throw new StreamError('invalid-namespace');
      this.#header = { scope, qualifiedName };
      return { open: new Element(name, namespace, attributes) };
    }
    if (this.#depth > 0) return { element: new XmlParser(text, this.#limits).whole(this.#header.scope) };
    const { qualifiedName } = this.#header;
    if (!text.startsWith(qualifiedName, 2) || NOT_SPACE.test(text.slice(2 + qualifiedName.length, -1)))
      throw new StreamError('not-well-formed', 'An end tag that no start tag has');
    this.#ended = true;
    return { close: true };
  }
}

function checkDeclaration(text: string): void {
  const match = DECLARATION.exec(text);
  if (match === null) {
    if (/^<\?xml[ \t\r\n]/.test(text)) throw new StreamError('not-well-formed', 'The XML declaration is malformed');
    throw new StreamError('restricted-xml', 'No processing instructions here');
  }
  const encoding = match[1] ?? match[2];
  if (encoding !== undefined && encoding.toLowerCase() !== 'utf-8')
    throw new StreamError('unsupported-encoding', 'XMPP is UTF-8');
}

/**
 * The pieces of half an element. Put together now and then, so that an element in pieces of one octet costs about what it
 * weighs; and only once more when it is whole, so that the work stays linear.
 */
class HeldText {
  #blocks: string[] = [];
  #pieces: string[] = [];
  length = 0;

  add(text: string): void {
    this.length += text.length;
    if (this.#pieces.push(text) === 256) {
      this.#blocks.push(this.#pieces.join(''));
      this.#pieces = [];
    }
  }

  /** All of it, and then this. */
  take(text: string): string {
    if (this.length === 0) return text;
    const whole = this.#blocks.join('') + this.#pieces.join('') + text;
    this.#blocks = [];
    this.#pieces = [];
    this.length = 0;
    return whole;
  }
}
