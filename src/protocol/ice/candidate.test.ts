import { expect, test } from 'vitest';
import { candidatePriority, parseCandidate, serializeCandidate } from './candidate.ts';

const BROWSER =
  '842163049 1 udp 1677729535 203.0.113.9 54321 typ srflx raddr 0.0.0.0 rport 0 generation 0 ufrag abcd network-cost 999';

test('a candidate of a browser is read, and written as it was', () => {
  const candidate = parseCandidate(`candidate:${BROWSER}`);
  expect(candidate).toEqual({
    foundation: '842163049',
    component: 1,
    transport: 'udp',
    priority: 1_677_729_535,
    address: '203.0.113.9',
    port: 54_321,
    type: 'srflx',
    relatedAddress: '0.0.0.0',
    relatedPort: 0,
    extensions: [
      ['generation', '0'],
      ['ufrag', 'abcd'],
      ['network-cost', '999'],
    ],
  });
  expect(serializeCandidate(candidate!)).toBe(BROWSER);
});

test('names of .local, IPv6, upper case and TCP are read', () => {
  expect(parseCandidate('1 1 UDP 1 8ad3c5b0-1f2e.local 9 typ host')).toMatchObject({ transport: 'udp', port: 9 });
  expect(parseCandidate('1 1 tcp 1 2001:db8::1 9 typ host tcptype active')).toMatchObject({
    address: '2001:db8::1',
    extensions: [['tcptype', 'active']],
  });
});

test('what is malformed or unknown is ignored', () => {
  for (const line of [
    '',
    'candidate:',
    '1 1 udp 1 192.0.2.1 9',
    '1 1 udp 1 192.0.2.1 9 typ moon',
    '1 0 udp 1 192.0.2.1 9 typ host',
    '1 257 udp 1 192.0.2.1 9 typ host',
    '1 1 udp 0 192.0.2.1 9 typ host',
    '1 1 udp 2147483648 192.0.2.1 9 typ host',
    '1 1 udp 1 192.0.2.1 65536 typ host',
    '1 1 udp 1 192.0.2.1 -1 typ host',
    '1 1 udp 1 192.0.2.1 9 typ host raddr',
    '1 1 udp 1 192.0.2.1 9 typ host raddr 1.2.3.4 rport x',
    '1 1 udp 1 192.0.2.1 9 typ host  x',
    '1  1 udp 1 192.0.2.1 9 typ host',
    '1 1 udp 1 a/b 9 typ host',
    `${'1'.repeat(33)} 1 udp 1 192.0.2.1 9 typ host`,
    `1 1 udp 1 192.0.2.1 9 typ host${' a b'.repeat(500)}`,
  ]) {
    expect(parseCandidate(line)).toBe(undefined);
  }
});

test('priorities are those of RFC 8445', () => {
  expect(candidatePriority('host', 1)).toBe(2_130_706_431);
  expect(candidatePriority('srflx', 1)).toBe(1_694_498_815);
  expect(candidatePriority('relay', 2, 0)).toBe(254);
});
