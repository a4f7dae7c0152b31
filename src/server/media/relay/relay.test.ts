import { expect, test } from 'vitest';
import { browserDescription, phoneDescription } from '../../../../test/support/relay-descriptions.ts';
import { RelayPeer } from '../../../../test/support/relay-peer.ts';
import { DescribedBranch, RelayWorld } from '../../../../test/support/relay-world.ts';

const BROWSER = { type: 'webrtc', address: '203.0.113.5' } as const;
const PHONE = { type: 'phone', address: '192.0.2.70' } as const;

test('a browser and a phone with plain RTP hear each other', () => {
  const world = new RelayWorld();
  const branch = new DescribedBranch(world, BROWSER, PHONE);
  branch.offer('caller', browserDescription());
  const answer = branch.answer('callee', phoneDescription());
  branch.confirm();
  const browser = new RelayPeer(world, '203.0.113.5', 40_000, 'mux');
  const phone = new RelayPeer(world, '192.0.2.70', 5004, branch.socket('callee'));
  expect(browser.check(answer)).toBe(true);
  world.clock.advance(10);
  expect(browser.stun.map((message) => message.class)).toEqual(['success']);
  browser.startDtls('server');
  world.clock.advance(500);
  expect(browser.dtlsEvents.map(({ type }) => type)).toEqual(['connected']);
  browser.sendRtp({ payloadType: 0, payload: 'hello' });
  phone.sendRtp({ payloadType: 0, payload: 'good day' });
  world.clock.advance(10);
  expect(phone.heard).toEqual(['hello']);
  expect(browser.heard).toEqual(['good day']);
  expect(world.relay.close(branch.id)).toMatchObject([
    { side: 'caller', codec: 'PCMU', received: { packets: 1 }, sent: { packets: 1 } },
    { side: 'callee', codec: 'PCMU', received: { packets: 1 }, sent: { packets: 1 } },
  ]);
  world.clock.advance(10);
  expect(browser.dtlsEvents.map(({ type }) => type)).toEqual(['connected', 'closed']);
  expect(world.relay.metrics.dropped).toEqual({});
  expect(world.valid.size).toBe(0);
  expect(world.clock.pending).toBe(0);
});
