import { expect, test } from 'vitest';
import { MediaAddresses, type MediaAddressOptions } from './media-addresses.ts';

const machine = () => [
  { address: '127.0.0.1', cidr: '127.0.0.1/8', internal: true },
  { address: '10.0.0.5', cidr: '10.0.0.5/24', internal: false },
  { address: '172.17.0.1', cidr: '172.17.0.1/16', internal: false },
  { address: '::1', cidr: '::1/128', internal: true },
  { address: '2001:db8::5', cidr: '2001:db8::5/64', internal: false },
  { address: 'fe80::5', cidr: 'fe80::5/64', internal: false },
];

const addresses = (options: Partial<MediaAddressOptions>) =>
  new MediaAddresses({ listen: '0.0.0.0', rtp: [], publicAddress: undefined, machine, ...options });

test('a WebRTC leg is offered the address that is listened on', () => {
  expect(addresses({ listen: '127.0.0.1' }).candidates('127.0.0.1')).toEqual(['127.0.0.1']);
  expect(addresses({ listen: '10.0.0.5' }).candidates('198.51.100.9')).toEqual(['10.0.0.5']);
  expect(addresses({ listen: '2001:db8::5' }).candidates('198.51.100.9')).toEqual(['2001:db8::5']);
});

test('where all are listened on, the one towards the party comes first, and loopback is for this machine alone', () => {
  expect(addresses({}).candidates('172.17.0.9')).toEqual(['172.17.0.1', '10.0.0.5']);
  expect(addresses({}).candidates('198.51.100.9')).toEqual(['10.0.0.5', '172.17.0.1']);
  expect(addresses({}).candidates('127.0.0.1')).toEqual(['127.0.0.1', '10.0.0.5', '172.17.0.1']);
  expect(addresses({ listen: '::' }).candidates('198.51.100.9')).toEqual(['10.0.0.5', '172.17.0.1', '2001:db8::5']);
});

test('behind a one-to-one NAT the public address is offered, first to those outside', () => {
  const natted = addresses({ publicAddress: '203.0.113.7', listen: '10.0.0.5' });
  expect(natted.candidates('198.51.100.9')).toEqual(['203.0.113.7', '10.0.0.5']);
  expect(natted.candidates('10.0.0.77')).toEqual(['10.0.0.5', '203.0.113.7']);
  // What listens on loopback alone cannot be reached by it.
  expect(addresses({ publicAddress: '203.0.113.7', listen: '127.0.0.1' }).candidates('127.0.0.1')).toEqual([
    '127.0.0.1',
  ]);
});

test('a machine without a network still has loopback', () => {
  expect(addresses({ machine: () => [] }).candidates('198.51.100.9')).toEqual(['127.0.0.1']);
});

test('a phone sends its media where it reaches this machine, in its own family', () => {
  const all = addresses({});
  expect(all.forPhone('172.17.0.9')).toEqual({ bind: '0.0.0.0', advertised: '172.17.0.1' });
  expect(all.forPhone('2001:db8::77')).toEqual({ bind: '::', advertised: '2001:db8::5' });
  expect(addresses({ listen: '127.0.0.1' }).forPhone('127.0.0.1')).toEqual({
    bind: '127.0.0.1',
    advertised: '127.0.0.1',
  });
  expect(addresses({ listen: '127.0.0.1' }).forPhone('::1')).toBeUndefined();
  const both = addresses({ rtp: ['10.0.0.5', '2001:db8::5'] });
  expect(both.forPhone('198.51.100.9')).toEqual({ bind: '10.0.0.5', advertised: '10.0.0.5' });
  expect(both.forPhone('2001:db8:1::1')).toEqual({ bind: '2001:db8::5', advertised: '2001:db8::5' });
});

test('a phone outside is told the public address, one inside the local one', () => {
  const natted = addresses({ rtp: ['10.0.0.5'], publicAddress: '203.0.113.7' });
  expect(natted.forPhone('198.51.100.9')).toEqual({ bind: '10.0.0.5', advertised: '203.0.113.7' });
  expect(natted.forPhone('10.0.0.20')).toEqual({ bind: '10.0.0.5', advertised: '10.0.0.5' });
});
