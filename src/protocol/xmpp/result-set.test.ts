import { expect, test } from 'vitest';
import { pageOf, pageRequest, resultSet } from './result-set.ts';
import { parseElement } from './tokenizer.ts';

const asked = (inside: string) =>
  pageRequest(parseElement(`<query xmlns='q'><set xmlns='http://jabber.org/protocol/rsm'>${inside}</set></query>`));
const letters = [...'abcdefghij'];
const page = (inside: string, most = 100) => pageOf(letters, (c) => c, asked(inside) ?? {}, most).items.join('');

test('which page is wanted', () => {
  expect(asked('<max>10</max><after>x</after>')).toEqual({ max: 10, after: 'x' });
  expect(asked('<max>10</max><before/>')).toEqual({ max: 10, before: '' });
  expect(asked('<index>371</index>')).toEqual({ index: 371 });
  expect(pageRequest(parseElement("<query xmlns='q'/>"))).toBeUndefined();
  for (const max of ['-1', 'x', '1e3', '99999999999', '']) expect(() => asked(`<max>${max}</max>`)).toThrow('number');
});

test('pages of a list, onwards, backwards and by place', () => {
  expect(page('<max>3</max>')).toBe('abc');
  expect(page('<max>3</max><after>c</after>')).toBe('def');
  expect(page('<max>3</max><after>i</after>')).toBe('j');
  expect(page('<max>3</max><after>j</after>')).toBe('');
  expect(page('<max>3</max><before/>')).toBe('hij');
  expect(page('<max>3</max><before>c</before>')).toBe('ab');
  expect(page('<max>3</max><before>h</before>')).toBe('efg');
  expect(page('<max>9</max><after>b</after><before>e</before>')).toBe('cd');
  expect(page('<max>2</max><index>4</index>')).toBe('ef');
  expect(page('<max>0</max>')).toBe('');
  expect(page('', 4)).toBe('abcd');
  expect(page('<max>1000</max>', 4)).toBe('abcd');
  expect(() => page('<after>z</after>')).toThrow('No such item');
  expect(() => page('<index>11</index>')).toThrow('No such place');
});

test('which page it is', () => {
  expect(pageOf(letters, (c) => c, { max: 2, after: 'b' }, 100).set.serialize('http://jabber.org/protocol/rsm')).toBe(
    "<set><first index='2'>c</first><last>d</last><count>10</count></set>",
  );
  expect(resultSet({ first: 'a', last: 'b' }).child('first')?.attributes['index']).toBeUndefined();
  expect(pageOf([], String, {}, 10).set.childText('count')).toBe('0');
});
