import { expect, test } from 'vitest';
import { request, response } from '../../../test/support/sip-messages.ts';
import { Dialog } from './dialog.ts';

const via = 'SIP/2.0/WS x.invalid;branch=z9hG4bKy';

/** The caller's dialog, from a response with these Record-Routes. */
function calling(recordRoutes: string[], contact = '<sip:bob@10.0.0.2:5070>'): Dialog {
  const invite = request('INVITE', [['Contact', '<sip:alice@x.invalid>']]);
  const ok = response(invite, 200);
  for (const route of recordRoutes) ok.append('Record-Route', route);
  ok.append('Contact', contact);
  return Dialog.fromResponse(invite, ok);
}

test("the caller's route set is the Record-Route reversed, to the byte", () => {
  const dialog = calling(['<sip:p2.test;lr;token=%41b~>, "P" <sip:p1b.test;lr>', '<sip:p1.test;lr>;x=y']);
  const bye = dialog.createRequest('BYE', { via });
  expect(bye.uri).toBe('sip:bob@10.0.0.2:5070');
  expect(bye.values('route')).toEqual([
    '<sip:p1.test;lr>;x=y',
    '"P" <sip:p1b.test;lr>',
    '<sip:p2.test;lr;token=%41b~>',
  ]);
  expect(bye.get('to')).toBe('<sip:bob@b.test>;tag=b1');
  expect(bye.get('from')).toBe('<sip:alice@a.test>;tag=a1');
  expect(bye.cseq).toEqual({ sequence: 8, method: 'BYE' });
});

test("the callee's route set is the Record-Route as it came", () => {
  const invite = request('INVITE', [
    ['Record-Route', '<sip:p2.test;lr>'],
    ['Record-Route', '<sip:p1.test;lr>'],
    ['Contact', '<sip:alice@x.invalid;ob>'],
  ]);
  const bye = Dialog.fromRequest(invite, 'mine').createRequest('BYE', { via });
  expect(bye.values('route')).toEqual(['<sip:p2.test;lr>', '<sip:p1.test;lr>']);
  expect(bye.uri).toBe('sip:alice@x.invalid;ob');
  expect(bye.get('from')).toBe('<sip:bob@b.test>;tag=mine');
  expect(bye.get('to')).toBe('<sip:alice@a.test>;tag=a1');
});

test('a strict router becomes the Request-URI and the target the last Route', () => {
  const dialog = calling(['<sip:p2.test;lr>', '<sip:p1.test;method=INVITE?x=y>']);
  const bye = dialog.createRequest('BYE', { via });
  expect(bye.uri).toBe('sip:p1.test');
  expect(bye.values('route')).toEqual(['<sip:p2.test;lr>', '<sip:bob@10.0.0.2:5070>']);
});

test('the 2xx sets the route set anew, after which only the target can change', () => {
  const dialog = calling(['<sip:early.test;lr>']);
  const invite = request('INVITE');
  const ok = response(invite, 200);
  ok.append('Record-Route', '<sip:final.test;lr>');
  ok.append('Contact', '<sip:bob@new.test>');
  dialog.confirm(ok);
  ok.set('record-route', '<sip:other.test;lr>');
  ok.set('contact', '<sip:bob@newer.test>');
  dialog.confirm(ok);
  dialog.refreshTarget(ok);
  const info = dialog.createRequest('INFO', { via });
  expect(info.values('route')).toEqual(['<sip:final.test;lr>']);
  expect(info.uri).toBe('sip:bob@newer.test');
});

test('an ACK has the CSeq of its INVITE, requests count up, and those of the peer must', () => {
  const dialog = calling([]);
  expect(dialog.createRequest('ACK', { via, sequence: 7 }).cseq).toEqual({ sequence: 7, method: 'ACK' });
  expect(dialog.createRequest('INFO', { via }).cseq.sequence).toBe(8);
  expect(dialog.createRequest('INFO', { via }).cseq.sequence).toBe(9);
  const info = request('INFO');
  expect(dialog.receive(info)).toBe(true);
  expect(dialog.receive(info)).toBe(false);
  info.set('cseq', '9 INFO');
  expect(dialog.receive(info)).toBe(true);
});

test.each([[], ['*'], ['<sip:a@a.test>', '<sip:b@b.test>'], ['<tel:+1>']])(
  'a dialog needs one SIP Contact, not %j',
  (...contacts) => {
    const invite = request(
      'INVITE',
      contacts.map((contact): [string, string] => ['Contact', contact]),
    );
    expect(() => Dialog.fromRequest(invite, 'mine')).toThrow();
  },
);
