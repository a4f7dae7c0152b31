// A relay under whatever comes: it never throws, sends to nobody but its peers, and the call goes on as soon as it is left alone.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type BridgedCall, browserCallsBrowser, browserCallsPhone } from '../support/relay-calls.ts';
import { browserDescription, phoneDescription } from '../support/relay-descriptions.ts';
import { RelayWorld } from '../support/relay-world.ts';

const RUNS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 60);
const SEED = {
  numRuns: RUNS,
  ...(process.env['CHAPPE_FUZZ_SEED'] ? { seed: Number(process.env['CHAPPE_FUZZ_SEED']) } : { seed: 3 }),
};

const MOST_EVENTS = 60;

const profiles = fc.constantFrom('RTP/AVP', 'RTP/AVPF', 'RTP/SAVP', 'browser');

function call(profile: string): BridgedCall {
  const world = new RelayWorld();
  return profile === 'browser'
    ? browserCallsBrowser(world)
    : browserCallsPhone(world, { phone: { profile, more: ['a=rtcp-mux'] }, callee: { leg: { mux: true } } });
}

/** First octets of every class, and those of RTP and RTCP. */
const datagram = fc.oneof(
  fc.uint8Array({ maxLength: 64 }),
  fc
    .record({
      first: fc.constantFrom(0, 1, 16, 20, 21, 22, 23, 0x80, 0x90, 0xa0, 0xb0, 0x8f, 0x81, 0x9f),
      second: fc.nat(255),
      rest: fc.uint8Array({ maxLength: 300 }),
    })
    .map(({ first, second, rest }) => Uint8Array.of(first, second, ...rest)),
);

/** What is done to a packet that was good. */
const damage = fc.record({
  cut: fc.option(fc.nat(60), { nil: undefined }),
  octets: fc.array(fc.record({ at: fc.nat(59), to: fc.nat(255) }), { maxLength: 4 }),
});

const event = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('datagram' as const), octets: datagram, by: fc.nat(5) }) },
  {
    weight: 4,
    arbitrary: fc.record({ type: fc.constant('damaged' as const), damage, rtcp: fc.boolean(), by: fc.nat(5) }),
  },
  { weight: 2, arbitrary: fc.record({ type: fc.constant('replayed' as const), which: fc.nat(99), by: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('time' as const), passes: fc.nat(400) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('offer' as const),
      side: fc.constantFrom('caller' as const, 'callee' as const),
    }),
  },
);

test('whatever comes from peers and strangers, the relay stands and the call goes on', () => {
  fc.assert(
    fc.property(profiles, fc.array(event, { maxLength: MOST_EVENTS }), (profile, events) => {
      const bridged = call(profile);
      const { world, caller, callee, branch } = bridged;
      const kept: Uint8Array[] = [];
      const send = (by: number, octets: Uint8Array): void => {
        if (by === 0) caller.send(octets);
        else if (by === 1) callee.send(octets);
        // Strangers at either port, and another program on the phone's host.
        else if (by < 4) world.deliver(by === 2 ? caller.socket : callee.socket, octets, '198.51.100.99', 4000 + by);
        else world.deliver(callee.socket, octets, '192.0.2.70', 4000 + by);
      };
      caller.sendRtp();
      callee.sendRtp();
      for (const happening of events) {
        if (happening.type === 'datagram') send(happening.by, happening.octets);
        else if (happening.type === 'time') world.clock.advance(happening.passes);
        else if (happening.type === 'replayed') {
          const octets = kept[happening.which % Math.max(1, kept.length)];
          if (octets) send(happening.by, octets);
        } else if (happening.type === 'offer') {
          const own = (side: 'caller' | 'callee'): string =>
            branch.parties[side].type === 'webrtc'
              ? browserDescription({ ufrag: side === 'caller' ? 'peer' : 'other', setup: 'actpass' })
              : phoneDescription({ profile, more: ['a=rtcp-mux'] });
          branch.offer(happening.side, own(happening.side));
          const other = happening.side === 'caller' ? 'callee' : 'caller';
          // DTLS roles stay as they were.
          const setup = other === 'callee' ? 'active' : 'passive';
          branch.answer(other, own(other).replace('actpass', setup));
        } else {
          const peer = happening.by % 2 === 0 ? caller : callee;
          const octets = peer.packet({ payload: 'damaged, as it will be' });
          kept.push(octets.slice());
          for (const { at, to } of happening.damage.octets) if (at < octets.length) octets[at] = to;
          if (happening.rtcp) octets[1] = 200;
          send(happening.by, octets.slice(0, happening.damage.cut ?? octets.length));
        }
      }
      world.clock.advance(20);
      for (const { address } of world.astray) expect(address).not.toBe('198.51.100.99');
      // In plain RTP, what came from the peer's own address was the peer's: its numbers are used up.
      for (let i = 0; i <= MOST_EVENTS; i++) {
        caller.sendRtp({ payload: `hello ${i}` });
        callee.sendRtp({ payload: `good day ${i}` });
      }
      world.clock.advance(5);
      expect(callee.heard.at(-1)).toBe(`hello ${MOST_EVENTS}`);
      expect(caller.heard.at(-1)).toBe(`good day ${MOST_EVENTS}`);
      world.relay.close(branch.id);
      world.clock.advance(10);
      expect(world.valid.size).toBe(0);
    }),
    SEED,
  );
});
