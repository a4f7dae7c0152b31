import { expect, test } from 'vitest';
import { xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { contentFor, isForDevices, sentAt, subjectOf } from './outgoing-message.ts';

const message = (...children: ReturnType<typeof xml>[]) =>
  xml('message', NS.CLIENT, { id: '1', from: 'alice@example.test/x', to: 'bob@example.test' }, ...children);
const body = (text: string) => xml('body', NS.CLIENT, {}, text);

test('a text is cut to what a phone can take, a subject is one line', () => {
  const long = message(body('ü'.repeat(200_000)), xml('subject', NS.CLIENT, {}, `a\r\nVia: b\t${'c'.repeat(2_000)}`));
  const content = contentFor(long, undefined, 0);
  expect(content?.type).toBe('text/plain;charset=UTF-8');
  expect(content?.body.length).toBeLessThan(33_000);
  expect(subjectOf(long)).toMatch(/^a Via: b c{490,} \[/);
  expect(subjectOf(long)?.length).toBeLessThan(520);
  expect(subjectOf(message(body('x')))).toBeUndefined();
});

test('what has no words says nothing to a phone that understands only words', () => {
  for (const child of [
    xml('received', NS.RECEIPTS, { id: '1' }),
    xml('composing', NS.CHAT_STATES),
    xml('displayed', NS.MARKERS, { id: '1' }),
    body(''),
  ])
    expect(contentFor(message(child), undefined, 0)).toBeUndefined();
  // A receipt for nothing is none.
  expect(contentFor(message(xml('received', NS.RECEIPTS)), new Set(['message/cpim']), 0)).toBeUndefined();
});

test('a room and an error are not for phones; what was said before says when', () => {
  expect(isForDevices(message(body('x')).with({ type: 'groupchat' }))).toBe(false);
  expect(isForDevices(message(body('x')).with({ type: 'error' }))).toBe(false);
  expect(isForDevices(message(body('x')))).toBe(true);
  expect(sentAt(message(xml('delay', NS.DELAY, { stamp: '2027-01-15T08:00:00Z' })))).toBe(1_800_000_000_000);
  expect(sentAt(message(xml('delay', NS.DELAY, { stamp: 'yesterday' })))).toBeUndefined();
});
