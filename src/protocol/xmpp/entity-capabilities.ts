// XEP-0115: the features of a client by a hash of them.
import { encodeUtf8 } from '../byte-string.ts';
import { type Primitives, toBase64 } from '../primitives.ts';
import type { Element } from './element.ts';
import { NS } from './namespaces.ts';

/** What a presence says of its sender's features. */
export interface Capabilities {
  node: string;
  ver: string;
  hash: 'sha-1' | 'sha-256';
}

const HASHES = { 'sha-1': 'sha1', 'sha-256': 'sha256' } as const;

/** Undefined: it says nothing, or by a hash that is not known here. */
export function capabilitiesOf(presence: Element): Capabilities | undefined {
  const { node, ver, hash } = presence.child('c', NS.CAPS)?.attributes ?? {};
  if (node === undefined || ver === undefined || (hash !== 'sha-1' && hash !== 'sha-256')) return undefined;
  return { node, ver, hash };
}

/** Section 5.1 over a disco#info `<query/>`; undefined where that is ill-formed (section 5.4), and its hash proves nothing. */
export function capabilitiesHash(
  query: Element,
  hash: Capabilities['hash'],
  primitives: Pick<Primitives, 'hash'>,
): string | undefined {
  const text = verificationText(query);
  return text === undefined ? undefined : toBase64(primitives.hash(HASHES[hash], text));
}

function verificationText(query: Element): string | undefined {
  // 2, 3. identities, sorted
  const identities = query.elements('identity').map(({ attributes: a }) => {
    return encodeUtf8(`${a['category'] ?? ''}/${a['type'] ?? ''}/${a['xml:lang'] ?? ''}/${a['name'] ?? ''}<`);
  });
  // 4, 5. features, sorted
  const features = query.elements('feature').map(({ attributes }) => encodeUtf8(`${attributes['var'] ?? ''}<`));
  // 6, 7. forms, sorted by FORM_TYPE; one without is left out
  const forms = new Map<string, string>();
  for (const x of query.elements('x', NS.DATA_FORMS)) {
    const fields = new Map(x.elements('field').map((field) => [field.attributes['var'] ?? '', field]));
    const formType = fields.get('FORM_TYPE');
    if (formType === undefined || formType.attributes['type'] !== 'hidden') continue;
    const types = new Set(formType.elements('value').map((value) => value.text));
    const [type] = types;
    if (type === undefined || types.size > 1 || forms.has(encodeUtf8(type))) return undefined;
    fields.delete('FORM_TYPE');
    const lines = [...fields].map(([name, field]) => {
      const values = field.elements('value').map((value) => encodeUtf8(`${value.text}<`));
      return { name: encodeUtf8(`${name}<`), values: values.sort().join('') };
    });
    lines.sort((a, b) => (a.name < b.name ? -1 : 1));
    forms.set(encodeUtf8(type), lines.map(({ name, values }) => name + values).join(''));
  }
  if (new Set(identities).size < identities.length || new Set(features).size < features.length) return undefined;
  const extensions = [...forms].sort(([a], [b]) => (a < b ? -1 : 1)).map(([type, lines]) => `${type}<${lines}`);
  return identities.sort().join('') + features.sort().join('') + extensions.join('');
}
