import { expect, test } from 'vitest';
import { request, response } from '../../../test/support/sip-messages.ts';
import { TransactionDriver } from '../../../test/support/transaction-driver.ts';
import { NonInviteServerTransaction } from './non-invite-server-transaction.ts';

const options = request('OPTIONS');

function begin(reliable: boolean) {
  const transaction = new NonInviteServerTransaction(options, { reliable });
  const driver = new TransactionDriver(transaction);
  driver.run(transaction.start(0));
  const respond = (status: number) => driver.run(transaction.respond(response(options, status), driver.time.now));
  const receive = () => driver.run(transaction.receive(options, driver.time.now));
  return { transaction, driver, respond, receive };
}

test('a retransmission before any response is absorbed', () => {
  const { driver, receive } = begin(false);
  receive();
  expect(driver.log).toEqual([]);
});

test('a retransmission gets the final response again for 64*T1, and the first final response is the only one', () => {
  const { driver, receive, respond } = begin(false);
  respond(200);
  respond(500);
  receive();
  driver.time.advance(31_999);
  receive();
  driver.time.advance(1);
  receive();
  expect(driver.log).toEqual(['0 > 200', '0 > 200', '31999 > 200', '32000 ! terminated']);
});

test('over a reliable transport a final response ends it at once', () => {
  const { driver, respond } = begin(true);
  respond(200);
  expect(driver.log).toEqual(['0 > 200', '0 ! terminated']);
  expect(driver.time.running).toEqual([]);
});

test('no provisional response but 100, and no 408, is ever sent', () => {
  const { driver, respond } = begin(true);
  respond(180);
  respond(408);
  respond(100);
  expect(driver.log).toEqual(['0 > 100']);
});

test('over an unreliable transport a 100 waits until timer E of the client has reached T2', () => {
  const { driver, respond, receive } = begin(false);
  driver.time.advance(3_499);
  respond(100);
  driver.time.advance(1);
  respond(100);
  receive();
  expect(driver.log).toEqual(['3500 > 100', '3500 > 100']);
});

test('a response that cannot be sent is told and changes no state', () => {
  const { driver, transaction, respond } = begin(false);
  respond(200);
  driver.run(transaction.transportError(0));
  expect(driver.log).toEqual(['0 > 200', '0 ! transportError']);
  expect(transaction.state).toBe('completed');
});

test('a transaction whose user cannot answer in time ends without a response', () => {
  const { driver, transaction } = begin(false);
  driver.run(transaction.abandon(0));
  expect(driver.log).toEqual(['0 ! terminated']);
});
