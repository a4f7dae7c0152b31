import { expect, test } from 'vitest';
import { packFlight, retransmissionDelay } from './flight.ts';
import { type HandshakeMessage, parseFragments } from './handshake-message.ts';
import { parseRecords, RecordWriter } from './record-layer.ts';

function message(sequence: number, length: number): HandshakeMessage {
  return { type: 11, sequence, epoch: 0, body: Uint8Array.from({ length }, (_, i) => i & 255) };
}

test('a flight fills datagrams up to the bound, and cuts what is longer', () => {
  const parts = [message(0, 40), message(1, 1000), message(2, 0)].map((one) => ({ message: one }));
  for (const mtu of [256, 300, 576, 1200]) {
    const datagrams = packFlight(parts, new RecordWriter(), mtu);
    for (const datagram of datagrams) expect(datagram.length).toBeLessThanOrEqual(mtu);
    const fragments = datagrams.flatMap(parseRecords).flatMap((record) => parseFragments(record.fragment));
    const cut = fragments.filter(({ sequence }) => sequence === 1);
    expect(cut.reduce((sum, { body }) => sum + body.length, 0)).toBe(1000);
    expect(fragments.at(-1)).toMatchObject({ sequence: 2, length: 0 });
    if (mtu === 1200) expect(datagrams).toHaveLength(1);
  }
});

test('repetitions wait 1 s, doubled up to the bound, after a first that may be fast', () => {
  const delays = (first?: number): number[] => {
    const timing = { initial: 1000, most: 10_000, ...(first === undefined ? {} : { first }) };
    return [0, 1, 2, 3, 4, 5].map((attempt) => retransmissionDelay(timing, attempt));
  };
  expect(delays()).toEqual([1000, 2000, 4000, 8000, 10_000, 10_000]);
  expect(delays(50)).toEqual([50, 1000, 2000, 4000, 8000, 10_000]);
});
