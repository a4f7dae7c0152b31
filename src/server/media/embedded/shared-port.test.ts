import { beforeEach, expect, test } from 'vitest';
import { USERNAME } from '../../../protocol/stun/attributes.ts';
import { BINDING, serializeStun } from '../../../protocol/stun/message.ts';
import type { RelayThread } from './relay-thread.ts';
import { SharedPort } from './shared-port.ts';

interface Given {
  octets: Uint8Array;
  address: string;
  port: number;
}

let port: SharedPort;

function thread(): RelayThread & { given: Given[] } {
  const given: Given[] = [];
  const packet = (octets: Uint8Array, address: string, at: number) => given.push({ octets, address, port: at });
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

beforeEach(() => {
  port = new SharedPort();
  port.attach({
    endpoint: { address: '127.0.0.1', port: 3478 },
    reusable: true,
    send: () => {},
  });
});

test('a check goes to the thread that has its fragment, as long as it has it; other STUN is left to others', () => {
  const [one, other] = [thread(), thread()];
  port.addFragment('ours', one);
  port.addFragment('theirs', other);
  expect(port.receive(binding('ours:browser'), '192.0.2.1', 5000)).toBe(true);
  expect([one.given.length, other.given.length]).toEqual([1, 0]);
  port.removeFragment('ours');
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
  port.addFragment('ours', one);
  port.addFragment('theirs', other);
  port.addPath('192.0.2.1', 5000, one);
  port.addPath('192.0.2.1', 5001, other);
  port.forget(one);
  for (const at of [5000, 5001]) port.receive(RTP, '192.0.2.1', at);
  for (const name of ['ours:a', 'theirs:b']) port.receive(binding(name), '192.0.2.1', 5000);
  expect([one.given.length, other.given.length]).toEqual([0, 2]);
});
