import { beforeEach, expect, test } from 'vitest';
import { USERNAME } from '../../../protocol/stun/attributes.ts';
import { BINDING, serializeStun } from '../../../protocol/stun/message.ts';
import type { RelayThread } from './relay-thread.ts';
import type { SharedPort } from './shared-port.ts';
import { SharedPorts } from './shared-ports.ts';

interface Given {
  local: string;
  octets: Uint8Array;
  address: string;
  port: number;
}

let ports: SharedPorts;
let port: SharedPort;

function thread(): RelayThread & { given: Given[] } {
  const given: Given[] = [];
  const packet = (local: string, octets: Uint8Array, address: string, at: number) =>
    given.push({ local, octets, address, port: at });
  return { given, packet } as unknown as RelayThread & { given: Given[] };
}

const octetsOf = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));
const binding = (username?: string) =>
  serializeStun({
    class: 'request',
    method: BINDING,
    transactionId: new Uint8Array(12),
    attributes: username === undefined ? [] : [{ type: USERNAME, value: octetsOf(username) }],
  });
const DTLS = Uint8Array.of(22, 254, 253);
const RTP = Uint8Array.of(0x80, 0, 0, 1);

const socket = (number: number) => ({
  endpoint: { address: '127.0.0.1', port: number },
  reusable: true,
  send: () => {},
  receive: () => {},
});

beforeEach(() => {
  ports = new SharedPorts(() => {});
  port = ports.add();
  port.attach(socket(3478));
});

test('a check goes to the thread that has its fragment, as long as it has it; other STUN is left to others', () => {
  const [one, other] = [thread(), thread()];
  ports.addFragment('ours', one);
  ports.addFragment('theirs', other);
  expect(port.receive(binding('ours:browser'), '192.0.2.1', 5000)).toBe(true);
  expect([one.given.length, other.given.length]).toEqual([1, 0]);
  ports.removeFragment('ours');
  for (const message of [binding('ours:browser'), binding('nobody:browser'), binding('alice'), binding()])
    expect(port.receive(message, '192.0.2.1', 5000)).toBe(false);
  expect(one.given).toHaveLength(1);
});

test('DTLS and RTP go where their path has been proved to belong, and nowhere else', () => {
  const [one, other] = [thread(), thread()];
  port.addPath('192.0.2.1', 5000, one);
  port.addPath('192.0.2.1', 5001, other);
  for (const datagram of [DTLS, RTP]) {
    expect(port.receive(datagram, '192.0.2.1', 5000)).toBe(true);
    port.receive(datagram, '192.0.2.1', 5002);
    port.receive(datagram, '192.0.2.2', 5000);
  }
  expect([one.given.length, other.given.length]).toEqual([2, 0]);
  port.removePath('192.0.2.1', 5000, other); // not his
  port.receive(RTP, '192.0.2.1', 5000);
  port.removePath('192.0.2.1', 5000, one);
  port.receive(RTP, '192.0.2.1', 5000);
  expect(one.given).toHaveLength(3);
});

test('an IPv4 peer of a socket for both families is the same peer', () => {
  const one = thread();
  port.addPath('192.0.2.1', 5000, one);
  port.receive(RTP, '::ffff:192.0.2.1', 5000);
  expect(one.given).toMatchObject([{ address: '192.0.2.1' }]);
});

test('a thread that is gone is forgotten with all that it had', () => {
  const [one, other] = [thread(), thread()];
  ports.addFragment('ours', one);
  ports.addFragment('theirs', other);
  port.addPath('192.0.2.1', 5000, one);
  port.addPath('192.0.2.1', 5001, other);
  ports.forget(one);
  for (const at of [5000, 5001]) port.receive(RTP, '192.0.2.1', at);
  for (const name of ['ours:a', 'theirs:b']) port.receive(binding(name), '192.0.2.1', 5000);
  expect([one.given.length, other.given.length]).toEqual([0, 2]);
});

test('a fragment is good at every port, a path at its own; the latest port that listens is offered first', () => {
  const one = thread();
  const second = ports.add();
  expect(ports.numbers).toEqual([3478]);
  second.attach(socket(3479));
  expect(ports.numbers).toEqual([3479, 3478]);
  ports.addFragment('ours', one);
  for (const each of [port, second]) each.receive(binding('ours:browser'), '192.0.2.1', 5000);
  expect(one.given.map(({ local }) => local)).toEqual([port.name, second.name]);
  second.addPath('192.0.2.1', 5000, one);
  for (const each of [port, second]) each.receive(RTP, '192.0.2.1', 5000);
  expect(one.given.slice(2).map(({ local }) => local)).toEqual([second.name]);
});
