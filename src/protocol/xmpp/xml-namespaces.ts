// Namespaces in XML 1.0: which prefixes are declared where.
import { StreamError } from './stream-error.ts';
import { malformed } from './xml-text.ts';

export const XML_NAMESPACE = 'http://www.w3.org/XML/1998/namespace';
const XMLNS_NAMESPACE = 'http://www.w3.org/2000/xmlns/';

/** A prefix and what it stands for, with the depth at which it was declared; the innermost first. */
export interface Binding {
  readonly prefix: string;
  readonly namespace: string;
  readonly depth: number;
  readonly next: Binding | undefined;
  readonly count: number;
}

/** What is declared around an element. */
export interface Scope {
  readonly defaultNamespace: string;
  readonly bindings: Binding | undefined;
}

export const NO_SCOPE: Scope = { defaultNamespace: '', bindings: undefined };

/** Sections 2.2 and 3: the scope inside of an element that declares this. At most `most` prefixes at one place. */
export function declare(outer: Scope, prefix: string, namespace: string, depth: number, most: number): Scope {
  const { defaultNamespace, bindings } = outer;
  if (prefix === 'xmlns' || namespace === XMLNS_NAMESPACE) throw malformed('The prefix xmlns is declared');
  if ((prefix === 'xml') !== (namespace === XML_NAMESPACE)) throw malformed('The prefix xml is declared as another');
  if (prefix === 'xml') return outer;
  if (prefix === '') return { defaultNamespace: namespace, bindings };
  if (namespace === '') throw malformed('A prefix is declared as nothing');
  const count = (bindings?.count ?? 0) + 1;
  if (count > most) throw new StreamError('policy-violation', 'Too many prefixes');
  return { defaultNamespace, bindings: { prefix, namespace, depth, next: bindings, count } };
}

/** What a prefix is bound to; never asked for `xml`, which always is. */
export function bindingOf(scope: Scope, prefix: string): Binding {
  for (let binding = scope.bindings; binding !== undefined; binding = binding.next)
    if (binding.prefix === prefix) return binding;
  throw malformed('A prefix that is not declared');
}
