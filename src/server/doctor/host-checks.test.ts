import { expect, test } from 'vitest';
import { healthyHost, healthySystem, NOON, OUTWARD } from '../../../test/support/healthy-host.ts';
import { addresses } from './addresses.ts';
import { checks } from './all.ts';
import { configuration } from './configuration.ts';
import { data } from './data.ts';
import { dns } from './dns.ts';
import { type Check, examine } from './examination.ts';
import { SUBJECTS } from './finding.ts';
import { machine } from './machine.ts';
import { media } from './media.ts';
import type { System } from './system.ts';
import { time } from './time.ts';

/** What is not ok, as `outcome: title`. */
async function faults(check: Check, config: Record<string, unknown> = {}, more: Partial<System> = {}) {
  const found = await check(healthyHost(config, more));
  return found.filter(({ outcome }) => outcome !== 'ok').map(({ outcome, title }) => `${outcome}: ${title}`);
}

async function titles(check: Check, config: Record<string, unknown> = {}, more: Partial<System> = {}) {
  return (await check(healthyHost(config, more))).map(({ title }) => title);
}

const file = (path: string, text: string) => ({
  read: (asked: string) => (asked === path ? text : healthySystem().read(asked)),
});
const interfaces = (...addresses: string[]) => ({
  interfaces: () => addresses.map((address) => ({ address, internal: address.startsWith('127.') })),
});

test('a healthy host has nothing but good findings, for each subject one', async () => {
  const found = await examine(healthyHost(OUTWARD), { ...checks, tls: () => [] });
  expect(found.filter(({ outcome }) => outcome !== 'ok')).toEqual([]);
  expect(new Set(found.map(({ subject }) => subject))).toEqual(new Set(SUBJECTS.filter((each) => each !== 'tls')));
});

test('a check that throws or takes too long is a finding, and the others are there all the same', async () => {
  const never = () => new Promise<never>(() => {});
  const broken = () => {
    throw new Error('no such thing');
  };
  const found = await examine(healthyHost(), { ...checks, dns: never, tls: broken }, 500);
  expect(found.filter(({ subject }) => subject === 'dns' || subject === 'tls')).toEqual([
    { subject: 'dns', outcome: 'problem', title: 'This could not be looked at', meaning: 'it took longer than 0.5 s' },
    { subject: 'tls', outcome: 'problem', title: 'This could not be looked at', meaning: 'no such thing' },
  ]);
  expect(found.some(({ subject }) => subject === 'media')).toBe(true);
});

test('warnings of the configuration are told', async () => {
  const found = await configuration({ ...healthyHost(), warnings: ['auth.secret is short'] });
  expect(found).toMatchObject([{ outcome: 'warning', meaning: 'auth.secret is short.' }]);
});

test('the runtime and the bounds of the kernel', async () => {
  expect(await faults(machine, {}, { nodeVersion: '22.17.9' })).toEqual(['problem: Node is too old']);
  expect(await faults(machine, {}, file('/proc/self/limits', 'Max open files   1024  524288  files'))).toEqual([
    'warning: Few files may be open',
  ]);
  expect(await faults(machine, {}, file('/proc/sys/net/core/somaxconn', '128\n'))).toEqual([
    'warning: The kernel queues few connections',
  ]);
  expect(await faults(machine, {}, file('/proc/sys/net/core/rmem_max', '212992\n'))).toEqual([
    'warning: The kernel buffers little of UDP',
  ]);
  expect(await faults(machine, {}, { timerDelay: async () => 80 })).toEqual(['warning: The machine is too busy']);
  expect(await faults(machine, {}, { timerDelay: async () => 400 })).toEqual(['problem: The machine is too busy']);
  // Another system than Linux has no such files.
  expect(await faults(machine, {}, { read: () => undefined })).toEqual([]);
});

test('a clock of no likely year, or one that stands before what has been written', async () => {
  expect(await faults(time, {}, { now: () => 0 })).toEqual(['problem: The clock is wrong']);
  expect(await faults(time, {}, { now: () => NOON - 3_600_000 })).toEqual(['problem: The clock has gone back']);
});

test('a data folder that cannot be written, that others may read, or whose disk is full', async () => {
  const folder = async () => ({ mode: 0o40700, writable: true, free: 1e12, files: [] });
  const broken = (more: object) => ({ folder: async () => ({ ...(await folder()), ...more }) });
  expect(await faults(data, {}, broken({ writable: false }))).toEqual(['problem: The data folder cannot be written']);
  expect(await faults(data, {}, broken({ mode: 0o40755 }))).toEqual(['warning: Others may read the data folder']);
  const loose = [{ name: 'seal.key', mode: 0o100644, modified: 0 }];
  expect(await faults(data, {}, broken({ files: loose }))).toEqual(['warning: Others may read the data folder']);
  expect(await faults(data, {}, broken({ free: 5e8 }))).toEqual(['warning: The disk is nearly full']);
  expect(await faults(data, {}, broken({ free: 1e6 }))).toEqual(['problem: The disk is full']);
  expect(await titles(data, {}, broken({ mode: undefined }))).toEqual(['The data folder will be made']);
});

test('a database that does not answer, or is too old', async () => {
  const postgres = { CHAPPE_DATA: 'postgres://chappe:secret@db.example.test/chappe' };
  const of = (answer: () => Promise<string>) => faults(data, postgres, { postgresVersion: answer });
  expect(await titles(data, postgres)).toContain('The database answers');
  expect(await of(async () => '9.6.1')).toEqual(['warning: PostgreSQL is old']);
  expect(await of(() => Promise.reject(new Error('connect ECONNREFUSED')))).toEqual([
    'problem: The database does not answer',
  ]);
});

test('where it listens: on loopback only, in part, on private addresses, behind a NAT', async () => {
  expect(await faults(addresses)).toEqual(['warning: Everything listens on loopback only']);
  const { CHAPPE_TURN_LISTEN: _, ...noTurn } = OUTWARD;
  expect(await faults(addresses, noTurn)).toEqual(['warning: A part listens on loopback only']);
  const inside = interfaces('127.0.0.1', '10.0.0.5', 'fe80::1');
  expect(await faults(addresses, OUTWARD, inside)).toEqual(['warning: Only private addresses are known']);
  expect(await faults(addresses, OUTWARD, interfaces('100.64.1.1'))).toEqual([
    'warning: Only private addresses are known',
  ]);
  const nat = { ...OUTWARD, CHAPPE_PUBLIC_ADDRESS: '198.51.100.1' };
  const found = await addresses(healthyHost(nat, inside));
  expect(found).toMatchObject([{ outcome: 'ok', title: 'The public address belongs to a NAT' }]);
  expect(found[0]?.meaning).toBe(
    '198.51.100.1. It must send on to this machine: TCP 443, UDP 5060, TCP 5060, UDP 3478, TCP 3478, UDP 49152-65535 and UDP 30000-39999.',
  );
  expect(await titles(addresses, { ...OUTWARD, CHAPPE_PUBLIC_ADDRESS: '203.0.113.7' })).toEqual([
    "The public address is this machine's own",
  ]);
  expect(await faults(addresses, { ...OUTWARD, CHAPPE_PUBLIC_ADDRESS: '192.168.1.9' })).toEqual([
    'warning: The public address is a private one',
  ]);
  expect(await faults(addresses, { ...OUTWARD, CHAPPE_PUBLIC_ADDRESS: '127.0.0.1' })).toEqual([
    "problem: The public address is nobody else's",
  ]);
});

test('IPv6, served and not', async () => {
  const both = interfaces('203.0.113.7', '2001:db8::7');
  expect(await titles(addresses, OUTWARD, both)).toContain('IPv6 is there and not served');
  expect(await titles(addresses, { ...OUTWARD, CHAPPE_TURN_LISTEN: ['udp:[::]:3478'] }, both)).toContain(
    'IPv6 is served',
  );
});

test('names that have no address, lead elsewhere, or lead here', async () => {
  expect(await titles(dns, OUTWARD)).toEqual(['The name leads here']);
  const to = (address: string) => ({ lookup: async () => [address] });
  expect(await faults(dns, OUTWARD, to('198.51.100.1'))).toEqual(['warning: The name leads elsewhere']);
  const nat = { ...OUTWARD, CHAPPE_PUBLIC_ADDRESS: '198.51.100.1' };
  expect(await faults(dns, nat, to('198.51.100.1'))).toEqual([]);
  const none = { lookup: async () => [] };
  expect(await faults(dns, OUTWARD, none)).toEqual(['problem: The name has no address']);
  expect(await faults(dns, { CHAPPE_DOMAIN: 'example.test' }, none)).toEqual(['warning: The name has no address']);
  expect(await titles(dns, {}, none)).toEqual(['No name to look up']);
});

test('phones that know the domain alone are thought of', async () => {
  const apart = { ...OUTWARD, CHAPPE_DOMAIN: 'example.test' };
  expect(await titles(dns, apart)).toEqual(['The name leads here', 'No SRV records']);
  expect(await titles(dns, apart, { services: async () => ['rtc.example.test:5060'] })).toContain(
    'Phones find the server by its domain',
  );
});

test('RTP ports that are few, taken, or of no address here', async () => {
  const bind = (code: string) => ({ bind: async () => code });
  expect(await faults(media, OUTWARD, bind('EADDRINUSE'))).toEqual(['warning: Most RTP ports are taken']);
  expect(await faults(media, OUTWARD, bind('EADDRNOTAVAIL'))).toEqual(['problem: RTP cannot be received there']);
  expect(await faults(media, OUTWARD, bind('EACCES'))).toEqual(['problem: RTP ports cannot be opened']);
  expect(await faults(media, { CHAPPE_MEDIA_RTP_PORTS: '30000-30039' })).toEqual(['warning: Few RTP ports']);
  expect(await faults(media, { CHAPPE_MEDIA_RTP_PORTS: '3000-9000' })).toEqual([
    'warning: A port lies among those of RTP',
  ]);
});
