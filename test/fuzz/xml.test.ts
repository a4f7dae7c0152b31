// XML made by a grammar and then damaged, beside saxes: both take the same texts, and see the same tree in them.
import fc from 'fast-check';
import { type SaxesAttributeNS, SaxesParser, type SaxesTagNS } from 'saxes';
import { expect, test } from 'vitest';
import type { Element } from '../../src/protocol/xmpp/element.ts';
import { parseJid } from '../../src/protocol/xmpp/jid.ts';
import { StreamError } from '../../src/protocol/xmpp/stream-error.ts';
import { parseElement, type StreamToken, StreamTokenizer } from '../../src/protocol/xmpp/tokenizer.ts';
import { XML_LIMITS } from '../../src/protocol/xmpp/xml-limits.ts';

const RUNS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 400);

type Tree = [name: string, namespace: string, attributes: Record<string, string>, ...children: (Tree | string)[]];

function treeOf(element: Element): Tree {
  const attributes = { ...element.attributes } as Record<string, string>;
  return [
    element.name,
    element.namespace,
    attributes,
    ...element.children.map((child) => (typeof child === 'string' ? child : treeOf(child))),
  ];
}

/**
 * What saxes sees; undefined: it refuses the text; 'restricted': it takes what RFC 6120 section 11.1 leaves out;
 * 'trimmed': it takes white space off the ends of a namespace's name, which Namespaces in XML do not.
 */
function oracle(text: string): Tree | 'restricted' | 'trimmed' | undefined {
  if (!text.isWellFormed()) return undefined; // saxes takes half a surrogate pair
  const parser = new SaxesParser({ xmlns: true });
  const open: Tree[] = [];
  let root: Tree | undefined;
  let failed = false;
  let restricted = false;
  let trimmed = false;
  const refuse = () => {
    restricted = true;
  };
  parser.on('error', () => {
    failed = true;
  });
  for (const event of ['xmldecl', 'doctype', 'processinginstruction', 'comment'] as const) parser.on(event, refuse);
  parser.on('opentag', (tag: SaxesTagNS) => {
    const attributes: Record<string, string> = {};
    for (const { local, prefix, uri, value } of [tag, ...Object.values(tag.attributes)] as SaxesAttributeNS[]) {
      // saxes looks only at the first character of a whole name, not behind the prefix
      if (/^(?:[-.0-9\xb7\u203f\u2040]|[\u0300-\u036f])/.test(local)) failed = true;
      if (value === undefined) continue;
      if (prefix === 'xmlns' || (prefix === '' && local === 'xmlns')) {
        trimmed ||= value !== value.trim();
        continue;
      }
      const name = prefix === '' ? local : prefix === 'xml' ? `xml:${local}` : `{${uri}}${local}`;
      Object.defineProperty(attributes, name, { value, enumerable: true, configurable: true, writable: true });
    }
    if (tag.prefix === 'xml') restricted = true; // nothing there is an element, and no default namespace can be it
    const element: Tree = [tag.local, tag.uri, attributes];
    open.at(-1)?.push(element);
    root ??= element;
    open.push(element);
  });
  parser.on('closetag', () => {
    open.pop();
  });
  const append = (text: string) => {
    const parent = open.at(-1);
    if (parent === undefined || text === '') return;
    if (parent.length > 3 && typeof parent.at(-1) === 'string') parent[parent.length - 1] += text;
    else parent.push(text);
  };
  parser.on('text', append);
  parser.on('cdata', append);
  parser.write(text).close();
  if (trimmed) return 'trimmed';
  return failed ? undefined : restricted ? 'restricted' : root;
}

function ours(parse: () => Tree): Tree | undefined {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    return undefined;
  }
}

const NAMES = [
  'a',
  'b',
  'message',
  'x-1',
  'é',
  'p:a',
  'q:b',
  'xml:lang',
  'p:é',
  '_',
  '__proto__',
  'xmlns:a',
  'a:',
  '1',
  'a·',
];
const name = fc.oneof(
  { weight: 20, arbitrary: fc.constantFrom(...NAMES.slice(0, 10)) },
  { weight: 1, arbitrary: fc.constantFrom(...NAMES) },
);
const TEXTS = [
  '',
  ' ',
  'x',
  'ü€😀',
  '&amp;',
  '&#65;',
  '&#x1F600;',
  '\r\n',
  '\r',
  '\t',
  '>',
  ']]',
  '<![CDATA[ <&]] ]]>',
  '&lt;',
  '&quot;&apos;',
];
const WRONG = [
  '&#0;',
  '&',
  '&b;',
  ']]>',
  '<',
  '\u0001',
  '\ufffe',
  '<!-- a -->',
  '<?a b?>',
  '&#xD800;',
  '<!DOCTYPE a>',
  '<![CDATA[',
];
const piece = fc.oneof(
  { weight: 60, arbitrary: fc.constantFrom(...TEXTS) },
  { weight: 1, arbitrary: fc.constantFrom(...WRONG) },
);
const value = fc.tuple(fc.array(piece, { maxLength: 3 }), fc.constantFrom('"', "'")).map(
  ([pieces, quote]) =>
    quote +
    pieces
      .join('')
      .replaceAll(quote, '')
      .replace(/<!\[CDATA\[|]]>/g, '') +
    quote,
);
const attribute = fc.oneof(
  { weight: 3, arbitrary: fc.tuple(name, value).map(([n, v]) => `${n}=${v}`) },
  {
    weight: 2,
    arbitrary: fc.constantFrom(
      "xmlns='urn:a'",
      "xmlns='urn:b'",
      "xmlns=''",
      "xmlns:p='urn:p'",
      "xmlns:p='urn:q'",
      "xmlns:q='urn:q'",
      "xmlns:q='}&lt;a&gt;&apos;{'",
      'xmlns:q = "urn:p"',
    ),
  },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      "xmlns:p=''",
      "xmlns:xml='http://www.w3.org/XML/1998/namespace'",
      "xmlns:xml='b'",
      "xmlns:xmlns='b'",
    ),
  },
);
const { element } = fc.letrec<{ element: string; content: string }>((tie) => ({
  content: fc.oneof({ maxDepth: 5 }, { weight: 1, arbitrary: piece }, { weight: 1, arbitrary: tie('element') }),
  element: fc
    .tuple(name, fc.array(attribute, { maxLength: 3 }), fc.array(tie('content'), { maxLength: 4 }), fc.nat(20))
    .map(([n, attributes, content, kind]) => {
      const tag = [n, ...attributes].join(kind === 0 ? '\n ' : ' ');
      if (content.length === 0) return kind < 10 ? `<${tag}/>` : `<${tag}></${n} >`;
      return `<${tag}>${content.join('')}</${n}>`;
    }),
}));
const damage = fc.array(
  fc.record({
    at: fc.nat(500),
    cut: fc.nat(3),
    put: fc.oneof(fc.constantFrom(...'<>/&;="\'!?[]-: \nxpa', ...WRONG), fc.string({ maxLength: 3 })),
  }),
  { maxLength: 2 },
);
const document = fc
  .tuple(element, fc.oneof({ weight: 2, arbitrary: fc.constant([]) }, damage))
  .map(([text, damages]) => {
    for (const { at, cut, put } of damages) {
      const place = at % (text.length + 1);
      text = text.slice(0, place) + put + text.slice(place + cut);
    }
    return text;
  });

test('what saxes takes is taken, what it refuses is refused, and the tree is the same', () => {
  const seen = { taken: 0, refused: 0, restricted: 0 };
  fc.assert(
    fc.property(document, (text) => {
      const expected = oracle(text);
      const tree = ours(() => treeOf(parseElement(text)));
      if (expected === 'trimmed') return;
      if (expected === 'restricted') {
        seen.restricted++;
        expect(tree).toBeUndefined();
      } else {
        seen[expected === undefined ? 'refused' : 'taken']++;
        expect(tree).toEqual(expected);
      }
    }),
    { numRuns: RUNS * 20 },
  );
  expect(Math.min(seen.taken, seen.refused, seen.restricted), JSON.stringify(seen)).toBeGreaterThan(RUNS / 50);
});

test('a stream cut anywhere has the elements that it has in one piece', () => {
  const HEADER = "<s:stream xmlns='jabber:client' xmlns:s='urn:s' xmlns:p='urn:p'>";
  fc.assert(
    fc.property(fc.array(document, { maxLength: 4 }), fc.array(fc.nat(40), { maxLength: 60 }), (documents, cuts) => {
      const text = `${HEADER}${documents.join('\n')}`;
      const take = (sizes: readonly number[]) => {
        const tokenizer = new StreamTokenizer();
        const trees: unknown[] = [];
        const add = (tokens: StreamToken[]) => {
          for (const token of tokens)
            trees.push('element' in token ? treeOf(token.element) : 'error' in token ? token.error.condition : token);
        };
        let at = 0;
        for (const size of sizes) {
          add(tokenizer.push(text.slice(at, at + size)));
          at += size;
        }
        add(tokenizer.push(text.slice(at)));
        return trees;
      };
      const whole = take([]);
      expect(take(cuts)).toEqual(whole);
      expect(take(Array(text.length).fill(1))).toEqual(whole); // also cuts surrogate pairs
    }),
    { numRuns: RUNS * 2 },
  );
});

test('an element written and read again is the same, also with another address and from inside another', () => {
  fc.assert(
    fc.property(document, fc.constantFrom('', 'urn:a', 'jabber:client'), (text, context) => {
      const read = ours(() => treeOf(parseElement(text)));
      if (read === undefined) return;
      const element = parseElement(text);
      const written = `<w xmlns='${context}'>${element.with({ to: 'a@b' }).serialize(context)}</w>`;
      const [again] = parseElement(written).elements();
      expect(treeOf(again!)).toEqual(treeOf(element.with({ to: 'a@b' })));
      for (const child of element.elements()) expect(treeOf(parseElement(child.serialize()))).toEqual(treeOf(child));
    }),
    { numRuns: RUNS * 10 },
  );
});

test('whatever comes, nothing is thrown, nothing follows an error, and no element is larger than it may be', () => {
  const limits = { ...XML_LIMITS, length: 500, depth: 4, attributes: 3, elements: 10, allAttributes: 8, prefixes: 2 };
  fc.assert(
    fc.property(
      fc.array(fc.oneof(document, fc.string(), fc.constantFrom('<a>', '<', '<a b="')), { maxLength: 40 }),
      (parts) => {
        const tokenizer = new StreamTokenizer(limits);
        tokenizer.push("<s:stream xmlns:s='urn:s'>");
        let over = false;
        for (const part of parts)
          for (const token of tokenizer.push(part)) {
            expect(over).toBe(false);
            over = 'error' in token;
            if ('element' in token) expect(token.element.serialize().length).toBeLessThan(6 * limits.length + 500);
          }
      },
    ),
    { numRuns: RUNS * 2 },
  );
});

test('an address is prepared once and for all, and nothing else comes of any text', () => {
  const part = fc.oneof(
    fc.string({ unit: 'grapheme' }),
    fc.constantFrom('a', 'ß', 'Σ', 'ﬁ', '\u0301', '@', '/', '.', '\u200d', 'א'),
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
      const jid = parseJid(parts.join(''));
      if (jid === undefined) return;
      expect(parseJid(jid.full)).toEqual(jid);
      expect(parseJid(jid.bare)?.full).toBe(jid.bare);
      expect(jid.bare).not.toMatch(/[\s<>&"']/);
    }),
    { numRuns: RUNS * 10 },
  );
});
