import { expect, test } from 'vitest';
import { VirtualClock } from '../../transport/clock.ts';
import type { Endpoint, Flow, SipTransport } from '../../transport/flow.ts';
import { primitives } from '../../transport/primitives.ts';
import { Location } from './location.ts';
import { NatKeepAlive } from './nat-keep-alive.ts';

const INTERVAL = 20_000;
const HOUR = 3_600_000;

class Phone implements Flow {
  readonly id = 'f';
  readonly local: Endpoint = { address: '192.0.2.1', port: 5060 };
  readonly remote: Endpoint = { address: '198.51.100.7', port: 40_000 };
  readonly reliable = false;
  readonly open = true;
  data: unknown = undefined;
  readonly transport: SipTransport;
  /** When something was sent to it, in milliseconds. */
  readonly pings: number[] = [];
  readonly #clock: VirtualClock;

  constructor(clock: VirtualClock, transport: SipTransport = 'udp') {
    this.#clock = clock;
    this.transport = transport;
  }

  send(text: string): boolean {
    expect(text).toBe('\r\n\r\n');
    this.pings.push(this.#clock.now());
    return true;
  }

  close(): void {}
}

class Phones {
  readonly clock = new VirtualClock();
  readonly location = new Location(primitives, 'secret');
  readonly keepAlive = new NatKeepAlive(this.location, this.clock, () => this.clock.now(), INTERVAL);

  add(contact: string, { transport = 'udp' as SipTransport, expires = HOUR, aor = 'alice' } = {}): Phone {
    const flow = new Phone(this.clock, transport);
    const id = `${aor} ${contact}`;
    const binding = {
      aor,
      id,
      contact,
      contactParameters: '',
      instance: undefined,
      regId: undefined,
      q: 1000,
      path: [],
    };
    this.location.add({ ...binding, callId: id, cseq: 1, flow, expires, registered: 1, storedUntil: 0 });
    return flow;
  }
}

test('a UDP phone that calls itself otherwise than it is heard from gets a ping every 20 s', () => {
  const phones = new Phones();
  const phone = phones.add('sip:alice@10.0.0.5:5060');
  phones.keepAlive.start();
  phones.clock.advance(61_000);
  expect(phone.pings).toEqual([1_000, 21_000, 41_000, 61_000]);
});

test('so does one with a host name, and one whose port alone was rewritten', () => {
  const phones = new Phones();
  const named = phones.add('sip:alice@phone.lan');
  const moved = phones.add('sip:alice@198.51.100.7:5060');
  phones.keepAlive.start();
  phones.clock.advance(INTERVAL);
  expect([named.pings.length, moved.pings.length]).toEqual([1, 1]);
});

test('a phone without NAT, one on a connection and one whose binding has expired get none', () => {
  const phones = new Phones();
  const plain = phones.add('sip:alice@198.51.100.7:40000');
  const connected = phones.add('sip:alice@10.0.0.5', { transport: 'tcp' });
  const expired = phones.add('sip:alice@10.0.0.6', { expires: 500 });
  phones.keepAlive.start();
  phones.clock.advance(3 * INTERVAL);
  expect([plain, connected, expired].map(({ pings }) => pings)).toEqual([[], [], []]);
});

test('the pings of many phones are spread over the round, and each gets one a round', () => {
  const phones = new Phones();
  const all = Array.from({ length: 1_000 }, (_, i) => phones.add(`sip:a${i}@10.0.0.5`, { aor: `a${i}` }));
  phones.keepAlive.start();
  phones.clock.advance(1_000);
  expect(all.filter(({ pings }) => pings.length > 0)).toHaveLength(50);
  phones.clock.advance(INTERVAL - 1_000);
  expect(all.every(({ pings }) => pings.length === 1)).toBe(true);
  phones.clock.advance(INTERVAL);
  expect(all.every(({ pings }) => pings.length === 2)).toBe(true);
});

test('nothing is sent with an interval of 0, nor once it is closed', () => {
  const phones = new Phones();
  const phone = phones.add('sip:alice@10.0.0.5');
  new NatKeepAlive(phones.location, phones.clock, () => phones.clock.now(), 0).start();
  phones.keepAlive.start();
  phones.keepAlive.close();
  phones.clock.advance(HOUR);
  expect(phone.pings).toEqual([]);
  expect(phones.clock.pending).toBe(0);
});
