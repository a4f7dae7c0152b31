import { expect, test } from 'vitest';
import { request, response } from '../../../test/support/sip-messages.ts';
import { TransactionDriver } from '../../../test/support/transaction-driver.ts';
import { InviteClientTransaction } from './invite-client-transaction.ts';

function begin(reliable: boolean) {
  const invite = request('INVITE', [
    ['Route', '<sip:p1.test;lr>, <sip:p2.test;lr>'],
    ['Contact', '<sip:alice@a.test>'],
  ]);
  const transaction = new InviteClientTransaction(invite, { reliable });
  const driver = new TransactionDriver(transaction);
  driver.run(transaction.start(0));
  const receive = (status: number, tag?: string) => {
    driver.run(transaction.receive(response(invite, status, tag), driver.time.now));
  };
  return { invite, transaction, driver, receive };
}

test('an unanswered INVITE over an unreliable transport is sent seven times at doubling intervals and times out after 64*T1', () => {
  const { driver, transaction } = begin(false);
  driver.time.advance(60_000);
  expect(driver.log).toEqual([
    '0 > INVITE',
    '500 > INVITE',
    '1500 > INVITE',
    '3500 > INVITE',
    '7500 > INVITE',
    '15500 > INVITE',
    '31500 > INVITE',
    '32000 ! timeout',
    '32000 ! terminated',
  ]);
  expect(transaction.state).toBe('terminated');
  expect(driver.time.running).toEqual([]);
});

test('an unanswered INVITE over a reliable transport is sent once and times out after 64*T1', () => {
  const { driver } = begin(true);
  driver.time.advance(60_000);
  expect(driver.log).toEqual(['0 > INVITE', '32000 ! timeout', '32000 ! terminated']);
});

test('a provisional response stops retransmission and the time-out', () => {
  const { driver, receive } = begin(false);
  driver.time.advance(600);
  receive(180);
  driver.time.advance(600_000);
  expect(driver.log).toEqual(['0 > INVITE', '500 > INVITE', '600 ! response']);
});

test('each retransmission of a non-2xx final response is answered with the same ACK and delivered once', () => {
  const { driver, receive, invite, transaction } = begin(false);
  receive(100);
  receive(486);
  driver.time.advance(500);
  receive(486);
  driver.time.advance(100_000);
  expect(driver.log).toEqual([
    '0 > INVITE',
    '0 ! response',
    '0 > ACK',
    '0 ! response',
    '500 > ACK',
    '32000 ! terminated',
  ]);
  const ack = driver.sent[1];
  expect(driver.sent[2]).toBe(ack);
  expect(ack?.uri).toBe(invite.uri);
  expect(ack?.values('via')).toEqual(['SIP/2.0/UDP a.test;branch=z9hG4bK1']);
  expect(ack?.values('route')).toEqual(['<sip:p1.test;lr>', '<sip:p2.test;lr>']);
  expect(ack?.to.tag).toBe('b1');
  expect(ack?.cseq).toEqual({ sequence: 7, method: 'ACK' });
  expect(transaction.state).toBe('terminated');
});

test('over a reliable transport a non-2xx final response ends the transaction at once', () => {
  const { driver, receive } = begin(true);
  receive(404);
  expect(driver.take()).toEqual(['0 > INVITE', '0 > ACK', '0 ! response', '0 ! terminated']);
  expect(driver.time.running).toEqual([]);
});

test('every 2xx is delivered for 64*T1, forks and retransmissions alike, and none is acknowledged here', () => {
  const { driver, receive } = begin(true);
  receive(180);
  receive(200, 'b1');
  receive(200, 'b1');
  driver.time.advance(31_999);
  receive(200, 'b2');
  receive(486, 'b3');
  driver.time.advance(1);
  receive(200, 'b2');
  expect(driver.log).toEqual([
    '0 > INVITE',
    '0 ! response',
    '0 ! response',
    '0 ! response',
    '31999 ! response',
    '32000 ! terminated',
  ]);
});

test.each(['calling', 'proceeding', 'completed'] as const)('a transport error in %s ends the transaction', (state) => {
  const { driver, transaction, receive } = begin(false);
  if (state !== 'calling') receive(180);
  if (state === 'completed') receive(486);
  driver.take();
  driver.run(transaction.transportError(0));
  expect(driver.log).toEqual(['0 ! transportError', '0 ! terminated']);
  expect(driver.time.running).toEqual([]);
});
