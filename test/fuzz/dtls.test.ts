// Mutated DTLS: parsers throw nothing but DtlsError, endpoints throw nothing, and nobody connects who does not hold the key.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { parseAlert } from '../../src/protocol/dtls/alert.ts';
import {
  parseCertificate,
  parseCertificateRequest,
  readDigitallySigned,
} from '../../src/protocol/dtls/certificate-message.ts';
import { parseClientHello, parseHelloVerifyRequest } from '../../src/protocol/dtls/client-hello.ts';
import { DtlsError } from '../../src/protocol/dtls/dtls-error.ts';
import { parseFragments } from '../../src/protocol/dtls/handshake-message.ts';
import { parseClientKeyExchange, parseServerKeyExchange } from '../../src/protocol/dtls/key-exchange.ts';
import { OctetReader } from '../../src/protocol/dtls/octet-reader.ts';
import { parseRecords } from '../../src/protocol/dtls/record-layer.ts';
import { parseServerHello } from '../../src/protocol/dtls/server-hello.ts';
import { parseUseSrtp } from '../../src/protocol/dtls/srtp-profile.ts';
import { DtlsPair, type Role } from '../support/dtls-pair.ts';

const RUNS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 400);

/** Every datagram of a good handshake, by sender. */
const RECORDED = new DtlsPair({ client: { mtu: 500 }, server: { mtu: 500 } }).start().run(1000).sent;
const DATAGRAMS = [...RECORDED.client, ...RECORDED.server].map(({ datagram }) => datagram);

/** Octets set, cut off, doubled or put in front. */
const mutation = fc.array(
  fc.record({ kind: fc.nat(5), at: fc.nat(1200), value: fc.nat(255), octets: fc.uint8Array({ maxLength: 40 }) }),
  { minLength: 1, maxLength: 6 },
);

function mutate(
  datagram: Uint8Array,
  mutations: typeof mutation extends fc.Arbitrary<infer T> ? T : never,
): Uint8Array {
  let octets = Uint8Array.from(datagram);
  for (const { kind, at, value, octets: inserted } of mutations) {
    const place = octets.length === 0 ? 0 : at % octets.length;
    if (kind <= 2) octets[place] = kind === 0 ? value : (octets[place] ?? 0) ^ (1 << (value & 7));
    else if (kind === 3) octets = octets.slice(0, place);
    else if (kind === 4) octets = Uint8Array.from([...octets.slice(0, place), ...inserted, ...octets.slice(place)]);
    else octets = Uint8Array.from([...octets, ...octets]);
  }
  return octets;
}

const PARSERS: readonly ((octets: Uint8Array) => unknown)[] = [
  parseRecords,
  parseAlert,
  parseFragments,
  parseClientHello,
  parseHelloVerifyRequest,
  parseServerHello,
  parseCertificate,
  parseCertificateRequest,
  (octets) => readDigitallySigned(new OctetReader(octets)),
  parseServerKeyExchange,
  parseClientKeyExchange,
  parseUseSrtp,
];

test('parsers throw DtlsError or nothing', () => {
  const bodies = DATAGRAMS.flatMap(parseRecords).flatMap(({ fragment }) => [fragment, fragment.subarray(12)]);
  const octets = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc.tuple(fc.constantFrom(...DATAGRAMS, ...bodies), mutation).map(([base, changes]) => mutate(base, changes)),
  );
  fc.assert(
    fc.property(octets, (input) => {
      for (const parse of PARSERS) {
        try {
          parse(input);
        } catch (error) {
          if (!(error instanceof DtlsError)) throw error;
        }
      }
    }),
    { numRuns: RUNS * 10 },
  );
});

test('an attacker with recordings and mutations of them connects to nobody', () => {
  const attack = fc.tuple(fc.constantFrom(...DATAGRAMS), fc.option(mutation, { freq: 4 }), fc.nat(3000));
  fc.assert(
    fc.property(
      fc.constantFrom<Role>('client', 'server'),
      fc.boolean(),
      fc.array(attack, { maxLength: 40 }),
      (role, cookie, attacks) => {
        const settings = { secret: new Uint8Array(16), peer: new Uint8Array(6) };
        const pair = new DtlsPair({ server: cookie ? { cookie: settings } : {}, network: () => [] }).start();
        for (const [base, changes, pause] of attacks) {
          pair.inject(role, changes ? mutate(base, changes) : base);
          pair.run(pair.now + pause / 10);
        }
        pair.run();
        expect(pair.events[role].map((event) => event.type)).toEqual(['failed']);
      },
    ),
    { numRuns: RUNS },
  );
});

test('between two true peers, whoever mutates datagrams makes them disagree on nothing', () => {
  const fate = fc.option(mutation, { freq: 3 });
  fc.assert(
    fc.property(fc.array(fate, { minLength: 1, maxLength: 60 }), (fates) => {
      let next = 0;
      const pair = new DtlsPair({ client: { mtu: 500 }, server: { mtu: 500 } });
      pair.network = (datagram, from) => {
        const changes = fates[next++];
        if (!changes) return [10];
        const to = from === 'client' ? 'server' : 'client';
        late.push({ to, datagram: mutate(datagram, changes) });
        return [];
      };
      const late: { to: Role; datagram: Uint8Array }[] = [];
      pair.start();
      for (let at = 20; at <= 60_000; at += at < 2000 ? 20 : 2000) {
        pair.run(at);
        for (const { to, datagram } of late.splice(0)) pair.inject(to, datagram);
      }
      const up = (['client', 'server'] as const).filter((role) => pair.events[role][0]?.type === 'connected');
      if (up.length === 2) expect(pair.agreed()).toBe(true);
      // The server is up first, once it has the client's Finished; a client is up only behind a server that is.
      if (up.includes('client')) expect(up).toContain('server');
      for (const role of ['client', 'server'] as const) expect(pair.events[role].length).toBeLessThanOrEqual(2);
    }),
    { numRuns: RUNS },
  );
});

test('an endpoint that is up stays up under mutations of everything that was ever sent to it', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(DATAGRAMS.length), mutation), { maxLength: 40 }), (attacks) => {
      const pair = new DtlsPair({ client: { mtu: 500 }, server: { mtu: 500 } }).start().run(1000);
      for (const role of ['client', 'server'] as const) {
        const seen = pair.sent[role === 'client' ? 'server' : 'client'];
        for (const [index, changes] of attacks) {
          pair.inject(role, mutate(seen[index % seen.length]!.datagram, changes));
        }
        expect(pair[role].connected).toBe(true);
        expect(pair.events[role]).toHaveLength(1);
      }
    }),
    { numRuns: RUNS },
  );
});
