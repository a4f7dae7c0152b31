import { expect, test } from 'vitest';
import { request, response } from '../../../test/support/sip-messages.ts';
import { TransactionDriver } from '../../../test/support/transaction-driver.ts';
import { InviteServerTransaction } from './invite-server-transaction.ts';

const invite = request('INVITE');
const ack = request('ACK');

function begin(reliable: boolean, automaticTrying = true) {
  const transaction = new InviteServerTransaction(invite, { reliable, automaticTrying });
  const driver = new TransactionDriver(transaction);
  driver.run(transaction.start(0));
  const respond = (status: number) => driver.run(transaction.respond(response(invite, status), driver.time.now));
  const receive = (message = invite) => driver.run(transaction.receive(message, driver.time.now));
  return { transaction, driver, respond, receive };
}

test('a user that is slow is covered by a 100 before 200 ms have passed', () => {
  const { driver, receive } = begin(false);
  driver.time.advance(250);
  receive();
  expect(driver.log).toEqual(['150 > 100', '250 > 100']);
});

test('a user that answers at once sends no 100 besides', () => {
  const { driver, respond } = begin(false);
  respond(180);
  driver.time.advance(1_000);
  expect(driver.log).toEqual(['0 > 180']);
  expect(begin(false, false).driver.time.running).toEqual([]);
});

test('a retransmitted INVITE gets the latest provisional response', () => {
  const { driver, respond, receive } = begin(false);
  receive();
  respond(100);
  respond(183);
  receive();
  expect(driver.log).toEqual(['0 > 100', '0 > 183', '0 > 183']);
});

test('a non-2xx final response is retransmitted up to T2 apart and gives up without an ACK', () => {
  const { driver, respond } = begin(false);
  respond(486);
  driver.time.advance(60_000);
  const sent = [0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500];
  expect(driver.log).toEqual([...sent.map((at) => `${at} > 486`), '32000 ! timeout', '32000 ! terminated']);
});

test('the ACK of a non-2xx stops it and is absorbed for T4', () => {
  const { driver, respond, receive } = begin(false);
  respond(486);
  driver.time.advance(600);
  receive();
  receive(ack);
  receive(ack);
  receive();
  driver.time.advance(10_000);
  expect(driver.log).toEqual(['0 > 486', '500 > 486', '600 > 486', '5600 ! terminated']);
});

test('over a reliable transport a non-2xx is sent once and its ACK ends the transaction', () => {
  const { driver, respond, receive } = begin(true);
  respond(486);
  driver.time.advance(5_000);
  receive(ack);
  expect(driver.log).toEqual(['0 > 486', '5000 ! terminated']);
  expect(driver.time.running).toEqual([]);
});

test('after a 2xx the INVITE is absorbed, each 2xx of the user is sent and each ACK delivered, for 64*T1', () => {
  const { driver, respond, receive } = begin(false);
  respond(200);
  receive();
  driver.time.advance(500);
  respond(200);
  receive(ack);
  receive(ack);
  respond(486);
  driver.time.advance(31_500);
  expect(driver.log).toEqual(['0 > 200', '500 > 200', '500 ! ack', '500 ! ack', '32000 ! terminated']);
});

test('a response that cannot be sent is told and changes no state', () => {
  const { driver, transaction, respond } = begin(false);
  respond(200);
  driver.run(transaction.transportError(0));
  expect(driver.log).toEqual(['0 > 200', '0 ! transportError']);
  expect(transaction.state).toBe('accepted');
});

test.each([undefined, 180, 200, 486])(
  'an abandoned transaction (last response: %s) leaves no timer behind',
  (status) => {
    const { driver, transaction, respond } = begin(false);
    if (status !== undefined) respond(status);
    driver.run(transaction.abandon(0));
    expect(driver.log.at(-1)).toBe('0 ! terminated');
    expect(driver.time.running).toEqual([]);
  },
);
