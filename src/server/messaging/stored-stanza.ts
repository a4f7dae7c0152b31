import type { Element } from '../../protocol/xmpp/element.ts';
import { parseElement } from '../../protocol/xmpp/tokenizer.ts';
import { XML_LIMITS, type XmlLimits } from '../../protocol/xmpp/xml-limits.ts';

/** What passed the bounds when it came may be longer as we have written it: with escapes, ids and declarations. */
const WRITTEN: XmlLimits = {
  length: 8 * XML_LIMITS.length,
  depth: 2 * XML_LIMITS.depth,
  elements: 2 * XML_LIMITS.elements,
  attributes: 3 * XML_LIMITS.attributes,
  allAttributes: 3 * XML_LIMITS.allAttributes,
  nameLength: XML_LIMITS.nameLength,
  prefixes: 3 * XML_LIMITS.prefixes,
};

/** XML that we have written ourselves. */
export function parseStored(text: string): Element {
  return parseElement(text, WRITTEN);
}
