// XML 1.0 and Namespaces in XML 1.0, as far as RFC 6120 section 11.1 lets XMPP use them: no comment, processing
// instruction, DTD, or entity but the five predefined. One pass over text that is there in full.
import { type Attributes, Element, type Node } from './element.ts';
import { StreamError } from './stream-error.ts';
import type { XmlLimits } from './xml-limits.ts';
import { bindingOf, declare, NO_SCOPE, type Scope, XML_NAMESPACE } from './xml-namespaces.ts';
import { attributeText, characterData, checkCharacters, lineEnds, malformed, restricted } from './xml-text.ts';

/** NCName (Namespaces section 3), for names that are not ASCII. */
const START =
  'A-Z_a-z\\xc0-\\xd6\\xd8-\\xf6\\xf8-\\u02ff\\u0370-\\u037d\\u037f-\\u1fff\\u200c\\u200d\\u2070-\\u218f\\u2c00-\\u2fef\\u3001-\\ud7ff\\uf900-\\ufdcf\\ufdf0-\\ufffd\\u{10000}-\\u{effff}';
const NCNAME = new RegExp(`^[${START}][${START}\\-.0-9\\xb7\\u0300-\\u036f\\u203f\\u2040]*$`, 'u');

/** What an ASCII character may be in a name: 1 anywhere, 2 after the first, 3 the colon. */
const NAME_CLASS = new Uint8Array(128);
for (let c = 0; c < 128; c++) {
  const character = String.fromCharCode(c);
  NAME_CLASS[c] = /[A-Za-z_]/.test(character) ? 1 : /[-.0-9]/.test(character) ? 2 : character === ':' ? 3 : 0;
}

/** Attributes by whatever name a stranger gives them: no prototype, so that `__proto__` is one like any other. */
const AttributeRecord = function AttributeRecord() {} as unknown as new () => Record<string, string>;
AttributeRecord.prototype = Object.create(null);

const NONE: Attributes = Object.freeze(new AttributeRecord());

/** The start tag that was read last. */
interface StartTag {
  qualifiedName: string;
  name: string;
  namespace: string;
  attributes: Attributes;
  scope: Scope;
  empty: boolean;
}

export class XmlParser {
  readonly #text: string;
  readonly #limits: XmlLimits;
  #at = 0;
  #elements = 0;
  #attributes = 0;
  /** The least depth whose prefix is used since the element that is being read began. */
  #outermost = Number.POSITIVE_INFINITY;

  /** Throws `StreamError` here and in every method. */
  constructor(text: string, limits: XmlLimits) {
    if (text.length > limits.length) throw new StreamError('policy-violation', 'The stanza is too large');
    checkCharacters(text);
    this.#text = text;
    this.#limits = limits;
  }

  /** The one element that the text is, white space around it aside. */
  whole(scope: Scope): Element {
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at) !== LESS_THAN) throw malformed('No element');
    const element = this.#element(scope, 1);
    this.#skipSpace();
    if (this.#at !== this.#text.length) throw malformed('More than one element');
    return element;
  }

  /** The text is one start tag, which never ends here: a stream's header. */
  header(): StartTag {
    if (this.#text.charCodeAt(this.#at) !== LESS_THAN) throw malformed('No element');
    const tag = this.#startTag(NO_SCOPE, 0);
    if (this.#at !== this.#text.length) throw malformed('A stream begins with its header');
    return tag;
  }

  #element(outer: Scope, depth: number): Element {
    if (depth > this.#limits.depth) throw new StreamError('policy-violation', 'Too deep');
    if (++this.#elements > this.#limits.elements) throw new StreamError('policy-violation', 'Too many elements');
    const { qualifiedName, name, namespace, attributes, scope, empty } = this.#startTag(outer, depth);
    if (empty) return new Element(name, namespace, attributes, [], '');
    const around = this.#outermost;
    this.#outermost = Number.POSITIVE_INFINITY;
    const begin = this.#at;
    const children = this.#children(scope, depth);
    const end = this.#at;
    this.#endTag(qualifiedName);
    // The inside stands for itself if whatever it names is declared in it, but for the namespace that is ours as well.
    const stands = this.#outermost > depth && scope.defaultNamespace === namespace;
    if (around < this.#outermost) this.#outermost = around;
    return new Element(name, namespace, attributes, children, stands ? this.#text.slice(begin, end) : undefined);
  }

  /** Up to the end tag around it. */
  #children(scope: Scope, depth: number): Node[] {
    const text = this.#text;
    const children: Node[] = [];
    let run = '';
    for (;;) {
      const next = text.indexOf('<', this.#at);
      if (next < 0) throw malformed('An element does not end');
      if (next > this.#at) run += characterData(text.slice(this.#at, next));
      this.#at = next;
      const mark = text.charCodeAt(next + 1);
      if (mark === BANG && text.startsWith('[CDATA[', next + 2)) {
        run += this.#cdata();
        continue;
      }
      if (run !== '') {
        children.push(run);
        run = '';
      }
      if (mark === SLASH) return children;
      if (mark === BANG || mark === QUESTION)
        throw restricted('Comments, declarations and instructions are not for XMPP');
      children.push(this.#element(scope, depth + 1));
    }
  }

  /** XML 1.0 section 2.7. */
  #cdata(): string {
    const begin = this.#at + 9;
    const end = this.#text.indexOf(']]>', begin);
    if (end < 0) throw malformed('CDATA does not end');
    this.#at = end + 3;
    return lineEnds(this.#text.slice(begin, end));
  }

  #endTag(qualifiedName: string): void {
    const begin = this.#at + 2;
    if (!this.#text.startsWith(qualifiedName, begin)) throw malformed('An end tag that no start tag has');
    this.#at = begin + qualifiedName.length;
    this.#skipSpace();
    if (this.#text.charCodeAt(this.#at++) !== GREATER_THAN) throw malformed('An end tag that no start tag has');
  }

  #startTag(outer: Scope, depth: number): StartTag {
    const text = this.#text;
    this.#at++;
    const qualifiedName = this.#name();
    const colon = this.#colon;
    let scope = outer;
    let attributes: Record<string, string> | undefined;
    let prefixed: Array<{ name: string; colon: number; value: string }> | undefined;
    let declared: Set<string> | undefined;
    let count = 0;
    for (;;) {
      const spaced = this.#skipSpace();
      const mark = text.charCodeAt(this.#at);
      if (mark === GREATER_THAN || mark === SLASH) break;
      if (!spaced) throw malformed('Attributes stand apart');
      const name = this.#name();
      const nameColon = this.#colon;
      const value = this.#attributeValue();
      if (++count > this.#limits.attributes || ++this.#attributes > this.#limits.allAttributes)
        throw new StreamError('policy-violation', 'Too many attributes');
      if (nameColon < 0 && name !== 'xmlns') {
        attributes ??= new AttributeRecord();
        if (name in attributes) throw malformed('The same attribute twice');
        attributes[name] = value;
      } else if (nameColon < 0 || (nameColon === 5 && name.startsWith('xmlns'))) {
        declared ??= new Set();
        if (declared.has(name)) throw malformed('The same declaration twice');
        declared.add(name);
        scope = declare(scope, nameColon < 0 ? '' : name.slice(6), value, depth, this.#limits.prefixes);
      } else {
        prefixed ??= [];
        prefixed.push({ name, colon: nameColon, value });
      }
    }
    const empty = text.charCodeAt(this.#at) === SLASH;
    if (empty) this.#at++;
    if (text.charCodeAt(this.#at++) !== GREATER_THAN) throw malformed('A tag does not end');
    if (prefixed !== undefined) {
      attributes ??= new AttributeRecord();
      for (const { name, colon, value } of prefixed) {
        const namespace = this.#resolve(name.slice(0, colon), scope);
        const key =
          namespace === XML_NAMESPACE ? `xml:${name.slice(colon + 1)}` : `{${namespace}}${name.slice(colon + 1)}`;
        if (key in attributes) throw malformed('The same attribute twice');
        attributes[key] = value;
      }
    }
    // It has no elements, and cannot be a default namespace when the element is written again.
    if (colon === 3 && qualifiedName.startsWith('xml'))
      throw new StreamError('bad-namespace-prefix', 'An element with the prefix xml');
    return {
      qualifiedName,
      name: colon < 0 ? qualifiedName : qualifiedName.slice(colon + 1),
      namespace: colon < 0 ? scope.defaultNamespace : this.#resolve(qualifiedName.slice(0, colon), scope),
      attributes: attributes ?? NONE,
      scope,
      empty,
    };
  }

  #resolve(prefix: string, scope: Scope): string {
    if (prefix === 'xml') return XML_NAMESPACE;
    const binding = bindingOf(scope, prefix);
    if (binding.depth < this.#outermost) this.#outermost = binding.depth;
    return binding.namespace;
  }

  /** Where the colon of the name read last was; -1: it has no prefix. */
  #colon = -1;

  /** A QName. */
  #name(): string {
    const text = this.#text;
    const begin = this.#at;
    let at = begin;
    let colon = -1;
    let ascii = true;
    for (; ; at++) {
      const c = text.charCodeAt(at);
      if (c >= 128) ascii = false;
      else {
        const kind = NAME_CLASS[c];
        if (kind === 1) continue;
        if (kind === 2 && at !== begin && at !== colon + 1) continue;
        if (kind !== 3) break; // the end of the text lands here too: NaN has no class
        if (colon >= 0 || at === begin) throw malformed('A name with colons');
        colon = at;
      }
    }
    if (at === begin || at === colon + 1) throw malformed('A name is missing');
    if (at - begin > this.#limits.nameLength) throw new StreamError('policy-violation', 'A name is too long');
    this.#at = at;
    this.#colon = colon < 0 ? -1 : colon - begin;
    const name = text.slice(begin, at);
    if (!ascii) {
      const local = colon < 0 ? name : name.slice(this.#colon + 1);
      if (!NCNAME.test(local) || (colon >= 0 && !NCNAME.test(name.slice(0, this.#colon))))
        throw malformed('A name with a character that names do not have');
    }
    return name;
  }

  #attributeValue(): string {
    const text = this.#text;
    this.#skipSpace();
    if (text.charCodeAt(this.#at) !== EQUALS) throw malformed('An attribute without a value');
    this.#at++;
    this.#skipSpace();
    const quote = text.charCodeAt(this.#at);
    if (quote !== APOSTROPHE && quote !== QUOTATION_MARK) throw malformed('An attribute without quotes');
    const begin = this.#at + 1;
    const end = text.indexOf(quote === APOSTROPHE ? "'" : '"', begin);
    if (end < 0) throw malformed('An attribute does not end');
    this.#at = end + 1;
    return attributeText(text.slice(begin, end));
  }

  /** Whether there was any. */
  #skipSpace(): boolean {
    const begin = this.#at;
    for (; ; this.#at++) {
      const c = this.#text.charCodeAt(this.#at);
      if (c !== 0x20 && c !== 0x0a && c !== 0x09 && c !== 0x0d) return this.#at > begin;
    }
  }
}

const LESS_THAN = 0x3c;
const GREATER_THAN = 0x3e;
const SLASH = 0x2f;
const BANG = 0x21;
const QUESTION = 0x3f;
const EQUALS = 0x3d;
const APOSTROPHE = 0x27;
const QUOTATION_MARK = 0x22;
