import { expect, test } from 'vitest';
import { request, response } from '../../../test/support/sip-messages.ts';
import { cancelledTransactionKey, clientTransactionKey, serverTransactionKey } from './transaction-key.ts';

test('an ACK belongs to its INVITE, a CANCEL has a transaction of its own and names the one it cancels', () => {
  const invite = serverTransactionKey(request('INVITE'));
  expect(serverTransactionKey(request('ACK'))).toBe(invite);
  expect(serverTransactionKey(request('CANCEL'))).not.toBe(invite);
  expect(cancelledTransactionKey(request('CANCEL'))).toBe(invite);
});

test('the same branch from another sent-by or with another method is another transaction', () => {
  const key = serverTransactionKey(request('INVITE'));
  expect(serverTransactionKey(request('INVITE', [], 'SIP/2.0/UDP A.TEST;received=1.2.3.4;branch=z9hG4bK1'))).toBe(key);
  expect(serverTransactionKey(request('INVITE', [], 'SIP/2.0/UDP a.test:5070;branch=z9hG4bK1'))).not.toBe(key);
  expect(serverTransactionKey(request('OPTIONS'))).not.toBe(key);
});

test('a request of an RFC 2543 element is matched by From tag, Call-ID, CSeq, Request-URI and Via, its ACK too', () => {
  const via = 'SIP/2.0/UDP a.test;branch=1';
  const key = serverTransactionKey(request('INVITE', [], via));
  const ack = request('ACK', [], via);
  ack.set('to', '<sip:bob@b.test>;tag=ours');
  expect(serverTransactionKey(ack)).toBe(key);
  const next = request('INVITE', [], via);
  next.set('cseq', '8 INVITE');
  expect(serverTransactionKey(next)).not.toBe(key);
  expect(serverTransactionKey(request('INVITE', [], 'SIP/2.0/UDP b.test'))).not.toBe(key);
  expect(serverTransactionKey(request('INVITE', [], 'SIP/2.0/UDP b.test;branch=z9hG4bK'))).toMatch(/^2543 /);
});

test('a response finds the client transaction by branch and CSeq method', () => {
  const invite = request('INVITE');
  expect(clientTransactionKey(response(invite, 180))).toBe(clientTransactionKey(invite));
  expect(clientTransactionKey(response(request('CANCEL'), 200))).not.toBe(clientTransactionKey(invite));
});
