import { expect, test } from 'vitest';
import { request, response } from '../../../test/support/sip-messages.ts';
import { TransactionDriver } from '../../../test/support/transaction-driver.ts';
import { NonInviteClientTransaction } from './non-invite-client-transaction.ts';

function begin(reliable: boolean) {
  const options = request('OPTIONS');
  const transaction = new NonInviteClientTransaction(options, { reliable });
  const driver = new TransactionDriver(transaction);
  driver.run(transaction.start(0));
  const receive = (status: number) => driver.run(transaction.receive(response(options, status), driver.time.now));
  return { transaction, driver, receive };
}

test('an unanswered request over an unreliable transport is retransmitted at intervals that double up to T2', () => {
  const { driver } = begin(false);
  driver.time.advance(60_000);
  const sent = [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500];
  expect(driver.log).toEqual([...sent.map((at) => `${at} > OPTIONS`), '32000 ! timeout', '32000 ! terminated']);
});

test('after a provisional response the request is retransmitted every T2', () => {
  const { driver, receive } = begin(false);
  driver.time.advance(400);
  receive(100);
  driver.time.advance(10_000);
  expect(driver.log).toEqual(['0 > OPTIONS', '400 ! response', '500 > OPTIONS', '4500 > OPTIONS', '8500 > OPTIONS']);
});

test('a final response is delivered once and its retransmissions are absorbed for T4', () => {
  const { driver, receive } = begin(false);
  receive(200);
  driver.time.advance(4_999);
  receive(200);
  driver.time.advance(1);
  receive(200);
  expect(driver.log).toEqual(['0 > OPTIONS', '0 ! response', '5000 ! terminated']);
});

test('over a reliable transport nothing is retransmitted and a final response ends it at once', () => {
  const { driver, receive } = begin(true);
  driver.time.advance(20_000);
  receive(200);
  expect(driver.log).toEqual(['0 > OPTIONS', '20000 ! response', '20000 ! terminated']);
  expect(driver.time.running).toEqual([]);
});

test('a transport error ends the transaction', () => {
  const { driver, transaction } = begin(false);
  driver.run(transaction.transportError(0));
  expect(driver.log).toEqual(['0 > OPTIONS', '0 ! transportError', '0 ! terminated']);
  expect(driver.time.running).toEqual([]);
});
