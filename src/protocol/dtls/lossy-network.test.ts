import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DtlsPair } from '../../../test/support/dtls-pair.ts';

/** What becomes of one datagram: its copies' delays. About a quarter is lost, some come twice, any may overtake others. */
const fate = fc.oneof(
  { weight: 2, arbitrary: fc.constant<number[]>([]) },
  { weight: 5, arbitrary: fc.tuple(fc.integer({ min: 1, max: 400 })) },
  { weight: 1, arbitrary: fc.tuple(fc.integer({ min: 1, max: 400 }), fc.integer({ min: 1, max: 3000 })) },
);

test('whatever the network loses, repeats, delays and reorders, both sides connect once and agree', () => {
  fc.assert(
    fc.property(
      fc.array(fate, { minLength: 40, maxLength: 40 }),
      fc.record({ client: fc.integer({ min: 256, max: 1200 }), server: fc.integer({ min: 256, max: 1200 }) }),
      fc.boolean(),
      (fates, mtu, cookie) => {
        let next = 0;
        const pair = new DtlsPair({
          client: { mtu: mtu.client, deadline: 600_000 },
          server: {
            mtu: mtu.server,
            deadline: 600_000,
            ...(cookie && { cookie: { secret: new Uint8Array(16), peer: new Uint8Array(6) } }),
          },
          network: () => fates[next++] ?? [20],
        });
        pair.start().run(600_000);
        expect(pair.agreed()).toBe(true);
        expect(pair.events.client).toHaveLength(1);
        expect(pair.events.server).toHaveLength(1);
      },
    ),
    { numRuns: 80 },
  );
});

test('neither side sends more than a few repetitions of each flight, even if every datagram comes ten times', () => {
  const pair = new DtlsPair({ network: () => Array.from({ length: 10 }, (_, i) => 10 + i * 7) }).start().run();
  expect(pair.agreed()).toBe(true);
  expect(pair.sent.client.length + pair.sent.server.length).toBeLessThan(30);
});
