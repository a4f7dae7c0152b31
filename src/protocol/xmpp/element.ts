import { escapeAttribute, escapeText } from './escape.ts';

/** What an element holds: elements, and text as a person reads it (no entities). */
export type Node = Element | string;
/**
 * By name as written without a prefix (`to`, `type`); `xml:lang` as that; another namespace's attribute as
 * `{namespace}name`. Declarations (`xmlns`, `xmlns:x`) are not attributes here.
 */
export type Attributes = Readonly<Record<string, string | undefined>>;

/**
 * One XML element of a stream (RFC 6120 section 11), never changed once made: `with` gives a copy that shares what is inside.
 * What is inside is written once, however many copies are sent: a parsed element keeps the text it came as, a built
 * one remembers the text it was first written as.
 */
export class Element {
  /** Local name. */
  readonly name: string;
  readonly namespace: string;
  readonly attributes: Attributes;
  readonly children: readonly Node[];
  /** Shared among the copies of one element. */
  readonly #content: { text: string | undefined };

  /** `content`: the children as text that stands for itself where this element's namespace is the default one. */
  constructor(
    name: string,
    namespace: string,
    attributes: Attributes = {},
    children: readonly Node[] = [],
    content?: string | { text: string | undefined },
  ) {
    this.name = name;
    this.namespace = namespace;
    this.attributes = attributes;
    this.children = children;
    this.#content = typeof content === 'object' ? content : { text: content };
  }

  /** A copy with these attributes changed; undefined takes one away. */
  with(attributes: Attributes): Element {
    return new Element(this.name, this.namespace, { ...this.attributes, ...attributes }, this.children, this.#content);
  }

  /** A copy with other children. */
  holding(children: readonly Node[]): Element {
    return new Element(this.name, this.namespace, this.attributes, children);
  }

  /** A copy with one more child; what was inside already is not written again. */
  adding(child: Element): Element {
    const known = this.#content.text;
    return new Element(
      this.name,
      this.namespace,
      this.attributes,
      [...this.children, child],
      known === undefined ? undefined : known + child.serialize(this.namespace),
    );
  }

  is(name: string, namespace: string): boolean {
    return this.name === name && this.namespace === namespace;
  }

  /** The first child element of that name and namespace (default: this element's own). */
  child(name: string, namespace: string = this.namespace): Element | undefined {
    for (const child of this.children)
      if (typeof child === 'object' && child.name === name && child.namespace === namespace) return child;
    return undefined;
  }

  /** The child elements; of that name and namespace where given. */
  elements(name?: string, namespace: string = this.namespace): Element[] {
    const found: Element[] = [];
    for (const child of this.children)
      if (typeof child === 'object' && (name === undefined || (child.name === name && child.namespace === namespace)))
        found.push(child);
    return found;
  }

  /** The text directly inside, as a person reads it. */
  get text(): string {
    let text = '';
    for (const child of this.children) if (typeof child === 'string') text += child;
    return text;
  }

  /** The text inside the first child of that name. */
  childText(name: string, namespace: string = this.namespace): string | undefined {
    return this.child(name, namespace)?.text;
  }

  /** As it goes on the wire, where `context` is the default namespace (a stream's content namespace; default: none). */
  serialize(context = ''): string {
    let text = `<${this.name}`;
    if (this.namespace !== context) text += ` xmlns='${escapeAttribute(this.namespace)}'`;
    let prefixes = 0;
    for (const key in this.attributes) {
      const value = this.attributes[key];
      if (value === undefined) continue;
      if (key.charCodeAt(0) === 0x7b) {
        const end = key.lastIndexOf('}'); // a namespace may hold one, a name cannot
        const prefix = `n${prefixes++}`;
        text += ` xmlns:${prefix}='${escapeAttribute(key.slice(1, end))}' ${prefix}:${key.slice(end + 1)}='${escapeAttribute(value)}'`;
      } else text += ` ${key}='${escapeAttribute(value)}'`;
    }
    const content = this.#contentText();
    return content === '' ? `${text}/>` : `${text}>${content}</${this.name}>`;
  }

  /** About how long it is when written: characters of what is inside. */
  get size(): number {
    return this.#contentText().length;
  }

  toString(): string {
    return this.serialize();
  }

  #contentText(): string {
    const known = this.#content.text;
    if (known !== undefined) return known;
    let text = '';
    for (const child of this.children)
      text += typeof child === 'string' ? escapeText(child) : child.serialize(this.namespace);
    this.#content.text = text;
    return text;
  }
}

/** Shorthand for building: `xml('query', NS.ROSTER, { ver }, ...items)`; undefined children are left out. */
export function xml(
  name: string,
  namespace: string,
  attributes: Attributes = {},
  ...children: Array<Node | undefined>
): Element {
  return new Element(
    name,
    namespace,
    attributes,
    children.filter((child) => child !== undefined),
  );
}
