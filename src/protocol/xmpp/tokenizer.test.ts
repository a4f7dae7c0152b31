import { describe, expect, test } from 'vitest';
import type { Element } from './element.ts';
import { StreamError } from './stream-error.ts';
import { parseElement, type StreamToken, StreamTokenizer } from './tokenizer.ts';
import { XML_LIMITS } from './xml-limits.ts';

function conditionOf(act: () => unknown): string {
  try {
    act();
  } catch (error) {
    if (error instanceof StreamError) return error.condition;
    throw error;
  }
  return 'none';
}

/** Of a stream that goes wrong. */
function streamCondition(text: string, step: number): string {
  const last = streamOf(text, step).at(-1) as { error?: string } | undefined;
  return last?.error ?? 'none';
}

const parsed = (text: string) => conditionOf(() => parseElement(text));
const HEADER =
  "<?xml version='1.0'?><stream:stream to='a.test' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>";

/** An element as plain data. */
function tree(node: Element | string): unknown {
  if (typeof node === 'string') return node;
  return [node.name, node.namespace, { ...node.attributes }, ...node.children.map(tree)];
}

function streamOf(text: string, step: number): unknown[] {
  const tokenizer = new StreamTokenizer();
  const tokens: StreamToken[] = [];
  for (let at = 0; at < text.length; at += step) tokens.push(...tokenizer.push(text.slice(at, at + step)));
  return tokens.map((token) =>
    'open' in token
      ? { open: tree(token.open) }
      : 'element' in token
        ? { element: tree(token.element) }
        : 'error' in token
          ? { error: token.error.condition }
          : token,
  );
}

describe('one element', () => {
  test('names, attributes, text and references come out as a person reads them', () => {
    const element = parseElement(
      `<message xmlns="jabber:client" to='a@b' xml:lang='de'>\r\n<body>1 &lt; 2 &amp;&#x1F600;&#65;</body><x xmlns='urn:x' a="&quot;'&#xA;\t"/></message >`,
    );
    expect(tree(element)).toEqual([
      'message',
      'jabber:client',
      { to: 'a@b', 'xml:lang': 'de' },
      '\n',
      ['body', 'jabber:client', {}, '1 < 2 &😀A'],
      ['x', 'urn:x', { a: '"\'\n ' }],
    ]);
  });

  test('CDATA is text, and one text with what is beside it', () => {
    expect(parseElement('<a>x<![CDATA[<&]]]>y<![CDATA[]]></a>').children).toEqual(['x<&]y']);
  });

  test('prefixes are what they stand for, wherever the declaration is', () => {
    const element = parseElement("<p:a p:b='1' xmlns:p='urn:p' c='2'><q xmlns:p='urn:q' p:d='3'/></p:a>");
    expect(tree(element)).toEqual(['a', 'urn:p', { '{urn:p}b': '1', c: '2' }, ['q', '', { '{urn:q}d': '3' }]]);
  });

  test('an attribute may have the name of what every object has', () => {
    const element = parseElement("<a __proto__='x' constructor='y' hasOwnProperty='z'/>");
    expect(Object.entries(element.with({}).attributes)).toEqual([
      ['__proto__', 'x'],
      ['constructor', 'y'],
      ['hasOwnProperty', 'z'],
    ]);
    expect(parseElement('<a/>').attributes['constructor']).toBeUndefined();
  });

  test('what is inside is written as it came, whatever the address becomes', () => {
    const text = "<message xmlns='jabber:client' to='a'><body>&#65;&quot;</body><x xmlns='urn:x'/></message>";
    expect(parseElement(text).with({ to: 'b', from: 'c' }).serialize('jabber:client')).toBe(
      "<message to='b' from='c'><body>&#65;&quot;</body><x xmlns='urn:x'/></message>",
    );
  });

  test('what is inside is written anew when it needs what is declared outside', () => {
    for (const text of [
      "<m xmlns='urn:m' xmlns:p='urn:p'><p:a><p:b/></p:a></m>",
      "<p:m xmlns:p='urn:m'><p:a/></p:m>",
      "<p:m xmlns:p='urn:m' xmlns='urn:other'><a/></p:m>",
      "<m xmlns='urn:m' xmlns:p='urn:p'><a p:b='c'/></m>",
    ]) {
      const element = parseElement(text);
      expect(tree(parseElement(element.serialize())), text).toEqual(tree(element));
      for (const child of element.elements()) expect(tree(parseElement(child.serialize())), text).toEqual(tree(child));
    }
  });

  test('a namespace may hold anything, and stays a namespace when it is written', () => {
    const evil = "u}x='y'><message from='admin@a.test' xmlns='jabber:client'/><a b='";
    const escaped = evil.replaceAll("'", '&apos;').replaceAll('<', '&lt;');
    const element = parseElement(`<m xmlns='${escaped}' xmlns:p='${escaped}' p:c='1'><p:d p:e='2'/></m>`);
    expect(tree(element)).toEqual(['m', evil, { [`{${evil}}c`]: '1' }, ['d', evil, { [`{${evil}}e`]: '2' }]]);
    expect(tree(parseElement(element.with({ to: 'x' }).serialize()))).toEqual(tree(element.with({ to: 'x' })));
  });

  test('what is not well-formed is refused as that', () => {
    for (const text of [
      '',
      ' ',
      'a',
      '<',
      '<a',
      '<a>',
      '<a></b>',
      '<a></a',
      '<a></a b="c">',
      '<a/><b/>',
      '<a/>x',
      '<a b/>',
      '<a b=c/>',
      "<a b='c/>",
      "<a b='c'd='e'/>",
      "<a b='<'/>",
      "<a b='1' b='2'/>",
      '<1/>',
      '<-a/>',
      '<a:1/>',
      '<:a/>',
      '<a:/>',
      '<a:b:c/>',
      '<p:a/>',
      "<a p:b='c'/>",
      '<a>]]></a>',
      '<a>&#0;</a>',
      '<a>&#xD800;</a>',
      '<a>&#x110000;</a>',
      '<a>\u0001</a>',
      '<a>\uffff</a>',
      '<a>\ud800</a>',
      '<\u00d7/>',
      '<a\u0300:b/>',
      '< a/>',
      '<a / >',
      '<a><![CDATA[</a>',
      "<a xmlns:p='urn:p' xmlns:q='urn:p' p:b='1' q:b='2'/>",
      "<a xmlns:p=''/>",
      "<a xmlns:xmlns='urn:p'/>",
      "<a xmlns='http://www.w3.org/2000/xmlns/'/>",
      "<a xmlns:xml='urn:p'/>",
      "<a xmlns:p='http://www.w3.org/XML/1998/namespace'/>",
      "<a xmlns='b' xmlns='b'/>",
      '<xmlns:a/>',
      "<a><?xml version='1.0'></a",
    ])
      expect(['not-well-formed', 'restricted-xml'], text).toContain(parsed(text));
  });

  test('what RFC 6120 section 11.1 leaves out is refused as that', () => {
    for (const text of ['<a><!-- b --></a>', '<a><?b?></a>', '<a>&b;</a>', '<a>&</a>', "<a b='&c;'/>", '<a><!b></a>'])
      expect(parsed(text), text).toBe('restricted-xml');
  });

  test('a DTD, and so an entity bomb, is refused before anything of it is read', () => {
    const bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;">]><a>&c;</a>';
    expect(parsed(bomb)).not.toBe('none');
    expect(streamCondition(bomb, 1000)).toBe('restricted-xml');
    expect(streamCondition(`${HEADER}<!DOCTYPE`, 1000)).toBe('restricted-xml');
  });
});

describe('bounds', () => {
  test.each([
    ['depth', '<a>'.repeat(10_000) + '</a>'.repeat(10_000)],
    ['attributes', `<a ${Array.from({ length: 20_000 }, (_, i) => `a${i}=''`).join(' ')}/>`],
    ['all attributes', `<a>${`<a ${Array.from({ length: 60 }, (_, i) => `a${i}=''`).join(' ')}/>`.repeat(300)}</a>`],
    ['elements', `<a>${'<a/>'.repeat(10_000)}</a>`],
    ['length', `<a>${'x'.repeat(300_000)}</a>`],
    ['name', `<${'x'.repeat(300)}/>`],
    ['prefixes', `<a ${Array.from({ length: 40 }, (_, i) => `xmlns:a${i}='b'`).join(' ')}/>`],
  ])('%s', (_, text) => {
    expect(parsed(text)).toBe('policy-violation');
    for (const step of [1, 1000, text.length]) expect(streamCondition(HEADER + text, step)).toBe('policy-violation');
  });

  test('half a stanza, or half a header, is held as far as a stanza may go', () => {
    for (const begin of [`${HEADER}<a>`, `${HEADER}<a b='`, `${HEADER}<a><![CDATA[`, '<stream ', '<?xml ']) {
      const tokenizer = new StreamTokenizer();
      tokenizer.push(begin);
      const tokens: StreamToken[] = [];
      for (let sent = 0; sent <= XML_LIMITS.length; sent += 100) tokens.push(...tokenizer.push('x'.repeat(100)));
      expect(tokens, begin).toEqual([{ error: expect.objectContaining({ condition: 'policy-violation' }) }]);
    }
  });

  test('a stanza in pieces of one character costs no more than in proportion to its length', () => {
    const take = (length: number) => {
      const tokenizer = new StreamTokenizer({ ...XML_LIMITS, length: 10_000_000 });
      tokenizer.push(HEADER);
      const text = `<a b='${'&#65;'.repeat(length / 20)}'>${"x<b c='>'/>]".repeat(100)}${'x'.repeat(length)}</a>`;
      const start = performance.now();
      let tokens: StreamToken[] = [];
      for (const character of text) tokens = tokenizer.push(character);
      expect(tokens).toHaveLength(1);
      return performance.now() - start;
    };
    take(10_000);
    expect(take(1_000_000)).toBeLessThan(5000); // were it quadratic, minutes
  });
});

describe('a stream', () => {
  const text = `${HEADER} \n<message to='b'><body>a&gt;<![CDATA[]]<b>]]]></body></message>\n\n<iq id='>"/' type="'>/"/><stream:features/><r xmlns='urn:xmpp:sm:3' /></stream:stream >`;
  const expected = [
    { open: ['stream', 'http://etherx.jabber.org/streams', { to: 'a.test', version: '1.0' }] },
    { element: ['message', 'jabber:client', { to: 'b' }, ['body', 'jabber:client', {}, 'a>]]<b>]']] },
    { element: ['iq', 'jabber:client', { id: '>"/', type: "'>/" }] },
    { element: ['features', 'http://etherx.jabber.org/streams', {}] },
    { element: ['r', 'urn:xmpp:sm:3', {}] },
    { close: true },
  ];

  test.each([1, 2, 3, 7, 64, 10_000])('comes out the same in pieces of %i', (step) => {
    expect(streamOf(text, step)).toEqual(expected);
  });

  test('comes out the same cut in two anywhere', () => {
    for (let cut = 0; cut <= text.length; cut++) {
      const tokenizer = new StreamTokenizer();
      const tokens = [...tokenizer.push(text.slice(0, cut)), ...tokenizer.push(text.slice(cut))];
      expect(tokens).toHaveLength(expected.length);
    }
  });

  test('what was whole before it went wrong is there, however it is cut; nothing behind it is', () => {
    const text = `${HEADER}<a/><b/><c></d><e/>`;
    for (const step of [1, 5, 1000])
      expect(streamOf(text, step).slice(1)).toEqual([
        { element: ['a', 'jabber:client', {}] },
        { element: ['b', 'jabber:client', {}] },
        { error: 'not-well-formed' },
      ]);
  });

  test('a stanza with the prefix of its stream is written whole', () => {
    const tokenizer = new StreamTokenizer();
    tokenizer.push(HEADER);
    const [token] = tokenizer.push('<a><stream:b/></a>');
    const element = (token as { element: Element }).element;
    expect(element.serialize('jabber:client')).toBe("<a><b xmlns='http://etherx.jabber.org/streams'/></a>");
  });

  test.each([
    ['<?xml version="1.0" encoding="UTF-8" standalone="yes" ?><s>', 'none'],
    ['<?xml version="1.0" encoding="utf-16"?><s>', 'unsupported-encoding'],
    ['<?xml version="1.1"?><s>', 'not-well-formed'],
    [' <?xml version="1.0"?><s>', 'restricted-xml'],
    ['<?xml version="1.0"?><?xml version="1.0"?><s>', 'restricted-xml'],
    ['<?php ?><s>', 'restricted-xml'],
    [`${HEADER}<?xml version="1.0"?>`, 'restricted-xml'],
    [`${HEADER}<a><?b ?></a>`, 'restricted-xml'],
    [`${HEADER}<!-- -->`, 'restricted-xml'],
    [`${HEADER}<a><!-- --></a>`, 'restricted-xml'],
    [`${HEADER}<![CDATA[x]]>`, 'restricted-xml'],
    [`${HEADER}x<a/>`, 'bad-format'],
    ['\ufeff<s>', 'bad-format'],
    ['</s>', 'not-well-formed'],
    ['<s/>', 'bad-format'],
    ['<p:s>', 'not-well-formed'],
    [`${HEADER}<a></b>`, 'not-well-formed'],
    [`${HEADER}<a <b/></a>`, 'not-well-formed'],
    [`${HEADER}</stream>`, 'not-well-formed'],
    [HEADER.replace('jabber:client', 'jabber:server'), 'invalid-namespace'],
    [`${HEADER}</stream:streamx>`, 'not-well-formed'],
    [`${HEADER}</stream:stream> <a/>`, 'bad-format'],
  ])('%s is %s', (stream, condition) => {
    for (const step of [1, 1000]) expect(streamCondition(stream, step)).toBe(condition);
  });
});

test('a stream error is written with its condition and text', () => {
  expect(new StreamError('not-well-formed', 'Why').toElement().serialize('http://etherx.jabber.org/streams')).toBe(
    "<error><not-well-formed xmlns='urn:ietf:params:xml:ns:xmpp-streams'/><text xmlns='urn:ietf:params:xml:ns:xmpp-streams' xml:lang='en'>Why</text></error>",
  );
});
