import { expect, test } from 'vitest';
import { FakeBindings, World } from '../../../test/scenarios/world.ts';

const register = (cseq: number, extra = '') =>
  `REGISTER sip:example.test SIP/2.0\r\nVia: SIP/2.0/UDP 198.51.100.9:5062;rport;branch=z9hG4bK${cseq}\r\nMax-Forwards: 70\r\nTo: <sip:bob@example.test>\r\nFrom: <sip:bob@example.test>;tag=1\r\nCall-ID: r\r\nCSeq: ${cseq} REGISTER\r\nContact: <sip:bob@10.0.0.2>;q=0.5\r\n${extra}Content-Length: 0\r\n\r\n`;
const message =
  'MESSAGE sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bKm\r\nMax-Forwards: 70\r\nTo: <sip:bob@example.test>\r\nFrom: <sip:alice@example.test>;tag=1\r\nCall-ID: m\r\nCSeq: 1 MESSAGE\r\nContent-Length: 0\r\n\r\n';
const open = { auth: { required: false, digest: ['MD5' as const] } };
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('The 200 of a phone on UDP waits until its binding is durable, and is not sent twice', async () => {
  const bindings = new FakeBindings();
  const world = new World(open, bindings);
  await world.start();
  bindings.waiting = [];
  const phone = world.udp({ address: '198.51.100.9', port: 5062 });
  world.deliver(phone, register(1));
  world.deliver(phone, register(1)); // a retransmission meanwhile
  await turn();
  expect(phone.received).toEqual([]);
  expect(bindings.waiting.length).toBe(1);
  for (const durable of bindings.waiting) durable();
  await turn();
  expect(phone.received.map((text) => text.slice(0, 11))).toEqual(['SIP/2.0 200']);
});

test('What only prolongs a binding is answered at once while the store keeps it long enough', async () => {
  const bindings = new FakeBindings();
  const world = new World(open, bindings);
  await world.start();
  const phone = world.udp({ address: '198.51.100.9', port: 5062 });
  world.deliver(phone, register(1));
  await turn();
  const until = () => bindings.stored.get('bob')?.[0]?.expires ?? 0;
  const granted = 600_000;
  expect(until()).toBe(world.now() + 2 * granted);
  bindings.waiting = [];
  for (const cseq of [2, 3]) {
    world.pass(granted / 2);
    world.deliver(phone, register(cseq));
    expect(bindings.waiting.length).toBe(0);
    expect(phone.received.length).toBe(cseq);
    expect(until()).toBeGreaterThanOrEqual(world.now() + granted);
  }
  world.pass(granted / 2);
  world.deliver(phone, register(4));
  await turn();
  expect(phone.received.length).toBe(3);
  world.deliver(phone, register(5)); // what waits for the store is not there yet
  await turn();
  expect(phone.received.length).toBe(3);
  expect(until()).toBe(world.now() + 2 * granted);
  for (const durable of bindings.waiting) durable();
  await turn();
  expect(phone.received.length).toBe(5);
});

test('What was erased from the store is stored again with the next REGISTER', async () => {
  const bindings = new FakeBindings();
  const world = new World(open, bindings);
  await world.start();
  const phone = world.udp({ address: '198.51.100.9', port: 5062 });
  world.deliver(phone, register(1));
  await turn();
  bindings.stored.clear();
  world.server.location.forgetStored('bob');
  world.deliver(phone, register(2));
  await turn();
  expect(phone.received.length).toBe(2);
  expect(bindings.stored.get('bob')).toHaveLength(1);
});

test.each([
  ['another preference', (text: string) => text.replace('q=0.5', 'q=0.7')],
  ['other parameters', (text: string) => text.replace('q=0.5', 'q=0.5;+sip.rendering="no"')],
  ['a Path', (text: string) => text.replace('Contact:', 'Path: <sip:edge.test;lr>\r\nContact:')],
  ['much less time', (text: string) => text.replace('q=0.5', 'q=0.5;expires=60')],
])('A binding that gets %s is stored again', async (_what, change) => {
  const bindings = new FakeBindings();
  const world = new World(open, bindings);
  await world.start();
  const phone = world.udp({ address: '198.51.100.9', port: 5062 });
  world.deliver(phone, register(1));
  await turn();
  bindings.waiting = [];
  world.deliver(phone, change(register(2)));
  expect(bindings.waiting.length).toBe(1);
});

test('The 200 of a connection waits for nothing', async () => {
  const bindings = new FakeBindings();
  const world = new World(open, bindings);
  await world.start();
  bindings.waiting = [];
  const browser = world.flow('ws');
  world.deliver(browser, register(1));
  expect(browser.received[0]).toMatch(/^SIP\/2\.0 200/);
  expect(bindings.waiting).toEqual([]);
  expect(bindings.stored.size).toBe(0);
});

test('After a restart a phone on UDP is reached as before', async () => {
  const bindings = new FakeBindings();
  const before = new World(open, bindings);
  await before.start();
  before.deliver(before.udp({ address: '198.51.100.9', port: 5062 }), register(1, 'Path: <sip:edge.test;lr>\r\n'));
  await turn();

  const after = new World(open, bindings);
  await after.start();
  const phone = after.udp({ address: '198.51.100.9', port: 5062 });
  after.deliver(after.flow('ws'), message);
  expect(phone.received[0]).toMatch(/^MESSAGE sip:bob@10\.0\.0\.2 SIP/);
  expect(phone.received[0]).toMatch(/^Route: <sip:edge\.test;lr>\r$/m);
  // The order of CSeq within the Call-ID is remembered too.
  after.deliver(phone, register(1));
  expect(phone.received[1]).toMatch(/^SIP\/2\.0 400/);
});

test('What expired or was removed does not come back', async () => {
  const bindings = new FakeBindings();
  const world = new World(open, bindings);
  await world.start();
  const phone = world.udp({ address: '198.51.100.9', port: 5062 });
  world.deliver(phone, register(1));
  await turn();
  expect(bindings.stored.get('bob')?.length).toBe(1);
  world.pass(700_000);
  expect(bindings.stored.get('bob')).toEqual([]);
  world.deliver(phone, register(2));
  await turn();
  world.deliver(phone, register(3, 'Expires: 0\r\n'));
  await turn();
  expect(bindings.stored.get('bob')).toEqual([]);
});

test('A store that fails is 500, and what cannot be read in it is left out', async () => {
  const bindings = new FakeBindings();
  bindings.stored.set('carol', [{ id: 'x', expires: Number.MAX_SAFE_INTEGER, data: '{' }]);
  const world = new World(open, bindings);
  await world.start();
  bindings.save = () => Promise.reject(new Error('full'));
  const phone = world.udp({ address: '198.51.100.9', port: 5062 });
  world.deliver(phone, register(1));
  await turn();
  expect(phone.received[0]).toMatch(/^SIP\/2\.0 500/);
});

test('A flow that closes takes its bindings and nobody else’s', async () => {
  const world = new World(open);
  await world.start();
  const one = world.flow('ws');
  const two = world.flow('ws');
  world.deliver(one, register(1));
  world.deliver(two, register(1).replaceAll('10.0.0.2', 'two.invalid').replace('Call-ID: r', 'Call-ID: s'));
  expect(world.server.metrics()).toMatchObject({ bindings: 2, addressesOfRecord: 1 });
  world.drop(one);
  expect(world.server.metrics()).toMatchObject({ bindings: 1, addressesOfRecord: 1 });
  world.drop(two);
  expect(world.server.metrics()).toMatchObject({ bindings: 0, addressesOfRecord: 0, flows: 0 });
});

test('What was learned of a phone’s media is known again after a restart', async () => {
  const bindings = new FakeBindings();
  const before = new World(open, bindings);
  await before.start();
  const phone = before.udp({ address: '198.51.100.9', port: 5062 });
  before.deliver(phone, register(1));
  await turn();
  before.server.location.all('bob')[0]!.profile = 'RTP/SAVP';
  before.deliver(phone, register(2).replace('q=0.5', 'q=0.7'));
  await turn();
  const after = new World(open, bindings);
  await after.start();
  expect(after.server.location.all('bob')[0]?.profile).toBe('RTP/SAVP');
});
