/** What one stanza may be, so that no stranger's XML costs more than its octets do. Over a bound: policy-violation. */
export interface XmlLimits {
  /** UTF-16 units of a stanza or a stream's header, whole or half; so a stanza of as many octets always passes. */
  length: number;
  /** Elements inside one another. */
  depth: number;
  /** Elements of a stanza. */
  elements: number;
  /** Attributes and declarations of one element. */
  attributes: number;
  /** Attributes and declarations of a stanza. */
  allAttributes: number;
  /** Units of a name as written. */
  nameLength: number;
  /** Prefixes declared at one place of the tree. */
  prefixes: number;
}

export const XML_LIMITS: XmlLimits = {
  length: 262_144,
  depth: 64,
  elements: 8192,
  attributes: 64,
  allAttributes: 16_384,
  nameLength: 256,
  prefixes: 32,
};
