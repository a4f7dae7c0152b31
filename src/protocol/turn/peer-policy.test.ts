import { expect, test } from 'vitest';
import { addressOctets } from '../stun/address.ts';
import { PeerPolicy } from './peer-policy.ts';

const judge = (policy: PeerPolicy, address: string) => policy.judge(addressOctets(address) as Uint8Array);
const strict = new PeerPolicy({ allow: [], deny: [] });

test('the world is allowed', () => {
  for (const address of [
    '1.1.1.1',
    '172.32.0.1',
    '100.128.0.1',
    '192.169.0.1',
    '223.255.255.255',
    '2606:4700::1111',
    '2400::1',
  ])
    expect(judge(strict, address), address).toBe('allowed');
});

test('loopback, private, shared, link-local, metadata, multicast, reserved and unique local addresses are denied', () => {
  for (const address of [
    '0.0.0.0',
    '0.1.2.3',
    '10.0.0.1',
    '100.64.0.1',
    '100.100.100.200',
    '127.0.0.1',
    '127.255.255.254',
    '168.63.129.16',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.192',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '239.255.255.250',
    '240.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    'fc00::1',
    'fd00:ec2::254',
    'fe80::1',
    'febf::1',
    'fec0::1',
    'ff02::1',
    '2001::1',
    '64:ff9b:1::1',
  ])
    expect(judge(strict, address), address).toBe('denied');
});

test('an IPv4 address in an IPv6 one is judged as what it is', () => {
  for (const inner of ['127.0.0.1', '10.1.2.3', '169.254.169.254', '224.0.0.1', '0.0.0.0']) {
    const [a, b, c, d] = inner.split('.').map(Number) as [number, number, number, number];
    const hex = (high: number, low: number) => ((high << 8) | low).toString(16);
    const tail = `${hex(a, b)}:${hex(c, d)}`;
    for (const form of [
      `::ffff:${tail}`,
      `::${tail}`,
      `::ffff:0:${tail}`,
      `64:ff9b::${tail}`,
      `2002:${tail}::1`,
      `::ffff:${inner}`,
    ])
      expect(judge(strict, form), form).toBe('denied');
  }
  expect(judge(strict, '64:ff9b::101:101')).toBe('allowed');
  expect(judge(strict, '2002:101:101::1')).toBe('allowed');
  expect(judge(strict, '::ffff:1.1.1.1')).toBe('denied'); // nothing an IPv6 socket could reach
});

test('what is allowed expressly goes before the list, what is denied expressly before that', () => {
  const policy = new PeerPolicy({
    allow: ['10.0.0.0/8', '::1', '127.0.0.1/32'],
    deny: ['10.9.0.0/16', '1.1.1.1', '2400::/12'],
  });
  for (const [address, judgement] of [
    ['10.1.2.3', 'allowed'],
    ['10.9.2.3', 'denied'],
    ['10.8.255.255', 'allowed'],
    ['11.0.0.1', 'allowed'],
    ['127.0.0.1', 'allowed'],
    ['127.0.0.2', 'denied'],
    ['::1', 'allowed'],
    ['1.1.1.1', 'denied'],
    ['64:ff9b::101:101', 'denied'],
    ['2002:101:101::', 'denied'],
    ['2401::1', 'denied'],
    ['64:ff9b::a01:203', 'allowed'],
  ] as const)
    expect(judge(policy, address), address).toBe(judgement);
});

test("this host's own addresses are said to be that, in every form, unless allowed or denied expressly", () => {
  const isOwn = (octets: Uint8Array) => ['203.0.113.7', '127.0.0.1'].includes(octets.join('.'));
  const policy = new PeerPolicy({ allow: [], deny: [], isOwn });
  expect(judge(policy, '203.0.113.7')).toBe('own');
  expect(judge(policy, '64:ff9b::cb00:7107')).toBe('own');
  expect(judge(policy, '127.0.0.1')).toBe('own');
  expect(judge(policy, '203.0.113.8')).toBe('allowed');
  expect(judge(new PeerPolicy({ allow: ['203.0.113.7'], deny: [], isOwn }), '203.0.113.7')).toBe('allowed');
  expect(judge(new PeerPolicy({ allow: [], deny: ['203.0.113.7'], isOwn }), '203.0.113.7')).toBe('denied');
});

test('a length that ends within an octet counts bit by bit', () => {
  const policy = new PeerPolicy({ allow: ['172.16.128.0/17'], deny: [] });
  expect(judge(policy, '172.16.128.1')).toBe('allowed');
  expect(judge(policy, '172.16.127.255')).toBe('denied');
});
