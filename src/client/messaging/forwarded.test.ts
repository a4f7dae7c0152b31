import { type XmlElement, xml } from '@xmpp/client';
import { expect, test } from 'vitest';
import { readArchiveResult, readCarbon } from './forwarded.ts';
import { readMessage } from './message-event.ts';

const SELF = 'alice@example.test';

function forwarded(message: XmlElement, stamp = '2026-01-02T03:04:05Z'): XmlElement {
  return xml('forwarded', { xmlns: 'urn:xmpp:forward:0' }, xml('delay', { xmlns: 'urn:xmpp:delay', stamp }), message);
}

function inner(from: string, to: string, body: string): XmlElement {
  return xml('message', { xmlns: 'jabber:client', from, to, type: 'chat', id: 'm1' }, xml('body', {}, body));
}

function carbon(from: string | undefined, message: XmlElement): XmlElement {
  return xml('message', { from, to: `${SELF}/desk` }, xml('sent', { xmlns: 'urn:xmpp:carbons:2' }, forwarded(message)));
}

test('a copy of what another device of ours sent is an outgoing message of that conversation', () => {
  const copy = readCarbon(carbon(SELF, inner(`${SELF}/phone`, 'bob@example.test', 'hi')), SELF);
  if (copy === undefined || copy === 'forged') throw new Error('not read');
  expect(readMessage(copy.stanza, { self: SELF, time: copy.time })).toMatchObject({
    peer: 'bob@example.test',
    outgoing: true,
    text: 'hi',
    time: new Date('2026-01-02T03:04:05Z'),
  });
});

test.each([
  'mallory@example.test',
  'mallory@example.test/alice@example.test',
  'alice@example.test.evil.test',
  'alice@example.test/phone',
])('a copy from %s is a forgery', (from) => {
  expect(readCarbon(carbon(from, inner(`${SELF}/phone`, 'bob@example.test', 'send money')), SELF)).toBe('forged');
});

test('an archive that was not asked, or asked something else, is not believed', () => {
  const result = (from: string, queryid: string) =>
    xml(
      'message',
      { from },
      xml(
        'result',
        { xmlns: 'urn:xmpp:mam:2', queryid, id: '28' },
        forwarded(inner('bob@example.test/x', SELF, 'old')),
      ),
    );
  expect(readArchiveResult(result('mallory@example.test', 'q'), SELF, 'q')).toBe('forged');
  expect(readArchiveResult(result(SELF, 'another'), SELF, 'q')).toBe('forged');
  expect(readArchiveResult(result(SELF, 'q'), SELF, 'q')).toMatchObject({ archiveId: '28' });
});

test("an archive id counts only when the archive's keeper says it", () => {
  const id = (by: string) => xml('stanza-id', { xmlns: 'urn:xmpp:sid:0', by, id: `of ${by}` });
  const message = xml('message', { from: 'bob@example.test/x', to: SELF, type: 'chat' }, xml('body', {}, 'hi'));
  message.children.push(id('mallory@example.test'));
  expect(readMessage(message, { self: SELF })?.archiveId).toBeUndefined();
  message.children.push(id(SELF));
  expect(readMessage(message, { self: SELF })?.archiveId).toBe(`of ${SELF}`);
});

test('a stranger’s word on when a message was sent is not believed', () => {
  const message = xml(
    'message',
    { from: 'bob@example.test/x', to: SELF },
    xml('body', {}, 'hi'),
    xml('delay', { xmlns: 'urn:xmpp:delay', from: 'bob@example.test', stamp: '1990-01-01T00:00:00Z' }),
  );
  expect(readMessage(message, { self: SELF })?.time.getFullYear()).toBeGreaterThan(2000);
});
