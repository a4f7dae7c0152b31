import { expect, test } from 'vitest';
import { LocalAddresses } from './local-address.ts';

const machine = [
  { address: '127.0.0.1', cidr: '127.0.0.1/8', internal: true },
  { address: '::1', cidr: '::1/128', internal: true },
  { address: '10.1.2.3', cidr: '10.1.2.3/16', internal: false },
  { address: '192.168.7.2', cidr: '192.168.7.2/24', internal: false },
  { address: 'fe80::1', cidr: 'fe80::1/64', internal: false },
  { address: '2001:db8::5', cidr: '2001:db8::5/64', internal: false },
];

test('a peer in the network of an interface reaches us by the address of that interface', () => {
  const addresses = new LocalAddresses(undefined, () => machine);
  expect(addresses.towards('192.168.7.77', undefined)).toBe('192.168.7.2');
  expect(addresses.towards('10.1.200.1', undefined)).toBe('10.1.2.3');
  expect(addresses.towards('127.0.0.1', undefined)).toBe('127.0.0.1');
  expect(addresses.towards('::1', undefined)).toBe('::1');
  expect(addresses.towards('2001:db8::77', undefined)).toBe('2001:db8::5');
});

test('a peer of the world reaches us by the public address, else by the first that leads out', () => {
  const read = () => machine;
  expect(new LocalAddresses('203.0.113.7', read).towards('198.51.100.1', undefined)).toBe('203.0.113.7');
  expect(new LocalAddresses('203.0.113.7', read).towards('2001:db8:1::1', undefined)).toBe('2001:db8::5');
  expect(new LocalAddresses('203.0.113.7', read).towards('10.1.0.9', undefined)).toBe('10.1.2.3');
  expect(new LocalAddresses(undefined, read).towards('198.51.100.1', undefined)).toBe('10.1.2.3');
});

test('a socket that is bound to one address is reached by it, or from the world by the public one', () => {
  expect(new LocalAddresses(undefined, () => machine).towards('198.51.100.1', '10.1.2.3')).toBe('10.1.2.3');
  expect(new LocalAddresses('203.0.113.7', () => machine).towards('198.51.100.1', '10.1.2.3')).toBe('203.0.113.7');
  expect(new LocalAddresses('203.0.113.7', () => machine).towards('192.168.7.77', '10.1.2.3')).toBe('10.1.2.3');
  expect(new LocalAddresses('203.0.113.7', () => machine).towards('127.0.0.1', '127.0.0.1')).toBe('127.0.0.1');
});

test('a machine without an address of the family has none to name', () => {
  const addresses = new LocalAddresses(undefined, () => machine.slice(0, 3));
  expect(addresses.towards('2001:db8::77', undefined)).toBeUndefined();
});
