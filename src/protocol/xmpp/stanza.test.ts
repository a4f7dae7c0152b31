import { expect, test } from 'vitest';
import { checkStanza, errorOf, isAnswerable, messageType, payloadOf } from './stanza.ts';
import { errorReply, StanzaError } from './stanza-error.ts';
import { parseElement } from './tokenizer.ts';

const stanza = (text: string) => parseElement(text.replace(/[ />]/, (c) => ` xmlns='jabber:client'${c}`));

function refused(text: string): string {
  try {
    checkStanza(stanza(text));
    return 'none';
  } catch (error) {
    return (error as StanzaError).condition;
  }
}

test('an iq that asks has an id and exactly one child', () => {
  expect(refused("<iq type='get' id='1'><a/></iq>")).toBe('none');
  expect(refused("<iq type='set' id='1'>\n<a xmlns='b'/>\n</iq>")).toBe('none');
  for (const text of [
    "<iq type='get'><a/></iq>",
    "<iq type='get' id=''><a/></iq>",
    "<iq type='get' id='1'/>",
    "<iq type='set' id='1'><a/><b/></iq>",
    "<iq id='1'><a/></iq>",
    "<iq type='ask' id='1'><a/></iq>",
  ])
    expect(refused(text), text).toBe('bad-request');
});

test('a result has at most one child, an error says which', () => {
  expect(refused("<iq type='result' id='1'/>")).toBe('none');
  expect(refused("<iq type='result' id='1'><a/><b/></iq>")).toBe('bad-request');
  expect(refused("<iq type='error' id='1'/>")).toBe('bad-request');
  expect(refused("<iq type='error' id='1'><a/><error/></iq>")).toBe('none');
});

test('a presence of a type that there is not is refused, a message of one is normal', () => {
  expect(refused("<presence type='available'/>")).toBe('bad-request');
  expect(refused('<presence/>')).toBe('none');
  expect(refused("<message type='telegram'/>")).toBe('none');
  expect(messageType(stanza("<message type='telegram'/>"))).toBe('normal');
  expect(messageType(stanza("<message type='groupchat'/>"))).toBe('groupchat');
});

test('nothing answers an error or a result', () => {
  expect(isAnswerable(stanza("<message type='error'/>"))).toBe(false);
  expect(isAnswerable(stanza("<iq type='result'/>"))).toBe(false);
  expect(isAnswerable(stanza("<iq type='set'/>"))).toBe(true);
  expect(isAnswerable(stanza('<presence/>'))).toBe(true);
  expect(isAnswerable(stanza("<iq type='other'/>"))).toBe(true);
});

test('what is asked is the one child', () => {
  expect(payloadOf(stanza("<iq>\n<ping xmlns='urn:xmpp:ping'/></iq>")).is('ping', 'urn:xmpp:ping')).toBe(true);
  expect(() => payloadOf(stanza('<iq/>'))).toThrow(StanzaError);
});

test('an error is read as it was written', () => {
  const written = new StanzaError('item-not-found', 'No such item', { type: 'modify' });
  const read = errorOf(errorReply(stanza("<iq id='1' from='a' to='b'/>"), written));
  expect([read?.condition, read?.type, read?.message]).toEqual(['item-not-found', 'modify', 'No such item']);
  expect(errorOf(stanza('<message/>'))).toBeUndefined();
  const unknown = errorOf(
    stanza("<message><error type='x'><toString xmlns='urn:ietf:params:xml:ns:xmpp-stanzas'/></error></message>"),
  );
  expect([unknown?.condition, unknown?.type]).toEqual(['undefined-condition', 'cancel']);
});
