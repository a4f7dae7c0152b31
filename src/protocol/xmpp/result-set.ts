// XEP-0059: a page of a long list.
import { type Element, xml } from './element.ts';
import { NS } from './namespaces.ts';
import { StanzaError } from './stanza-error.ts';

/** Which page is wanted. */
export interface PageRequest {
  /** Items at most; 0: only how many there are. */
  max?: number;
  /** The page behind this item's identifier. */
  after?: string;
  /** The page in front of this item's identifier; '': the last page. */
  before?: string;
  /** The page that begins with the item of this place, from 0 (section 2.6). */
  index?: number;
}

/** What `<set/>` inside an element asks; undefined: there is none. Throws `StanzaError`. */
export function pageRequest(parent: Element): PageRequest | undefined {
  const set = parent.child('set', NS.RSM);
  if (set === undefined) return undefined;
  const request: PageRequest = {};
  const max = number(set, 'max');
  const index = number(set, 'index');
  const after = set.childText('after');
  const before = set.childText('before');
  if (max !== undefined) request.max = max;
  if (index !== undefined) request.index = index;
  if (after) request.after = after;
  if (before !== undefined) request.before = before;
  return request;
}

function number(set: Element, name: string): number | undefined {
  const text = set.childText(name)?.trim();
  if (text === undefined) return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new StanzaError('bad-request', `${name} is a number`);
  return Number(text);
}

/** Which page it is. `index`: the first item's place; `count`: how many items there are on all pages. */
export function resultSet(page: { first?: string; last?: string; index?: number; count?: number }): Element {
  const { first, last, index, count } = page;
  return xml(
    'set',
    NS.RSM,
    {},
    first === undefined
      ? undefined
      : xml('first', NS.RSM, { index: index === undefined ? undefined : String(index) }, first),
    last === undefined ? undefined : xml('last', NS.RSM, {}, last),
    count === undefined ? undefined : xml('count', NS.RSM, {}, String(count)),
  );
}

/** A page of a list that is at hand; `most` items even when more are asked for. Throws `StanzaError` (item-not-found). */
export function pageOf<T>(
  items: readonly T[],
  identifier: (item: T) => string,
  request: PageRequest,
  most: number,
): { items: readonly T[]; set: Element } {
  const size = Math.min(request.max ?? most, most);
  const place = (id: string) => {
    const at = items.findIndex((item) => identifier(item) === id);
    if (at < 0) throw new StanzaError('item-not-found', 'No such item');
    return at;
  };
  let begin = request.index ?? 0;
  if (request.after !== undefined) begin = place(request.after) + 1;
  let end = Math.min(begin + size, items.length);
  if (request.before !== undefined) {
    end = request.before === '' ? items.length : place(request.before);
    begin = Math.max(request.after === undefined ? 0 : begin, end - size);
  } else if (request.index !== undefined && request.index > items.length)
    throw new StanzaError('item-not-found', 'No such place');
  const page = items.slice(begin, end);
  const first = page[0];
  const last = page.at(-1);
  if (first === undefined || last === undefined) return { items: [], set: resultSet({ count: items.length }) };
  return {
    items: page,
    set: resultSet({ first: identifier(first), last: identifier(last), index: begin, count: items.length }),
  };
}
