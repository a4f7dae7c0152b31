import { expect, test } from 'vitest';
import { compactNtp, ntpTime, roundTrip } from './ntp.ts';
import { ReceptionStatistics } from './reception-statistics.ts';

/** PCMU: 160 units a packet, that come on time. */
function stream(
  from: number,
  count: number,
  statistics = new ReceptionStatistics(1),
  skip: (n: number) => boolean = () => false,
) {
  for (let n = 0; n < count; n++) {
    if (!skip(n)) statistics.receive((from + n) & 0xffff, n * 160, n * 160);
  }
  return statistics;
}

test('a source is counted once two packets came in sequence', () => {
  const statistics = new ReceptionStatistics(1);
  expect(statistics.receive(10, 0, 0)).toBe(false);
  expect(statistics.receive(99, 0, 0)).toBe(false);
  expect(statistics.expected).toBe(0);
  expect(statistics.receive(100, 0, 0)).toBe(true);
  expect([statistics.received, statistics.expected, statistics.lost]).toEqual([1, 1, 0]);
});

test('the sequence number wraps without a loss', () => {
  const statistics = stream(65_530, 101);
  expect([statistics.received, statistics.lost, statistics.extendedHighest]).toEqual([100, 0, 65_536 + 94]);
});

test('a report has the loss of its interval, and of the whole', () => {
  const statistics = stream(0, 102, undefined, (n) => n > 1 && n % 4 === 0);
  const report = statistics.report(0);
  expect([report.lost, report.fractionLost, report.highest]).toEqual([25, 63, 101]);
  stream(102, 100, statistics);
  expect(statistics.report(0)).toMatchObject({ lost: 25, fractionLost: 0, highest: 201 });
});

test('doubled packets make the loss negative, never the fraction', () => {
  const statistics = stream(0, 10);
  for (let n = 5; n < 10; n++) statistics.receive(n, n * 160, 1600);
  expect(statistics.report(0)).toMatchObject({ lost: -5, fractionLost: 0 });
});

test('a packet from far away is not counted; two in sequence are a restart', () => {
  const statistics = stream(0, 101);
  expect(statistics.receive(30_000, 0, 0)).toBe(false);
  expect(statistics.extendedHighest).toBe(100);
  expect(statistics.receive(40_000, 0, 0)).toBe(false);
  expect(statistics.receive(40_001, 0, 0)).toBe(true);
  expect([statistics.received, statistics.lost]).toEqual([1, 0]);
});

test('jitter is that of RFC 3550 A.8: none on time, a sixteenth of each deviation', () => {
  const statistics = stream(0, 50);
  expect(statistics.jitter).toBe(0);
  statistics.receive(50, 50 * 160, 50 * 160 + 160);
  expect(statistics.jitter).toBe(10);
  // For ever 20 ms to and fro: it converges on 160 units.
  for (let n = 51; n < 500; n++) statistics.receive(n, n * 160, n * 160 + (n % 2) * 160 + 0.3);
  expect(statistics.jitter).toBeGreaterThan(150);
  expect(statistics.jitter).toBeLessThanOrEqual(160);
});

test('timestamps that wrap, or jump, keep the jitter finite', () => {
  const statistics = new ReceptionStatistics(1);
  for (let n = 0; n < 20; n++) statistics.receive(n, (0xffffff00 + n * 160) >>> 0, n * 160);
  expect(statistics.jitter).toBe(0);
  for (let n = 20; n < 3000; n++) statistics.receive(n, n % 2 ? 0 : 0x7fffffff, 0);
  expect(statistics.report(0).jitter).toBeLessThanOrEqual(0xffffffff);
});

test('the round trip is now, less the last sender report, less its delay', () => {
  const sent = ntpTime(1_700_000_000_000);
  const statistics = stream(0, 10);
  statistics.senderReport(sent.seconds, sent.fraction, 5000);
  const { lastReport, delay } = statistics.report(5250);
  expect([lastReport, delay]).toEqual([compactNtp(sent), 16_384]);
  expect(roundTrip(ntpTime(1_700_000_000_000 + 250 + 80), lastReport, delay)).toBeCloseTo(80, 1);
  expect(roundTrip(sent, 0, 0)).toBe(undefined);
  expect(roundTrip(sent, compactNtp(sent), 65_536)).toBe(undefined);
});

test('NTP time is right on both sides of a second', () => {
  expect(ntpTime(0)).toEqual({ seconds: 2_208_988_800, fraction: 0 });
  expect(ntpTime(1500)).toEqual({ seconds: 2_208_988_801, fraction: 0x80000000 });
});
