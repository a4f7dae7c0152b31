import { expect, test } from 'vitest';
import { xml } from './element.ts';
import { parseElement } from './tokenizer.ts';

const sent = (text: string) => parseElement(xml('a', 'urn:a', { b: text }, text).serialize());

test('text and attributes arrive as they were, white space and quotes too', () => {
  for (const text of ['', 'a', `<>&"'`, ']]>', '\r\n\t ', 'ü€😀', '&amp;', '\u0085\u2028']) {
    const element = sent(text);
    expect([element.text, element.attributes['b']], JSON.stringify(text)).toEqual([text, text]);
  }
});

test('what XML has no character for becomes the one that stands for such', () => {
  const every = Array.from({ length: 0x20 }, (_, c) => String.fromCharCode(c)).join('');
  const expected = every.replace(/[^\t\n\r]/g, '\ufffd');
  expect(sent(every).text).toBe(expected);
  expect(sent(every).attributes['b']).toBe(expected);
  expect(sent('a\ud800b\udc00\ufffe\uffff').text).toBe('a\ufffdb\ufffd\ufffd\ufffd');
});
