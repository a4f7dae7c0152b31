import { expect, test } from 'vitest';
import { Routing } from './routing.ts';

test('new routes replace the old ones; a peer that stays is the same, with its connection', () => {
  const kept = { domain: 'Other.test', to: 'udp:192.0.2.1:5060' };
  const routing = new Routing('example.test', [], [kept, { domain: 'gone.test', to: 'tcp:192.0.2.2:5060' }]);
  const peer = routing.peer('other.test');
  routing.routes = [{ domain: 'new.test', to: 'tls:sip.new.test:5061' }, kept];
  expect(routing.peer('other.test')).toBe(peer);
  expect(routing.peer('gone.test')).toBeUndefined();
  expect(routing.peer('new.test')).toMatchObject({ transport: 'tls', host: 'sip.new.test', port: 5061, addresses: [] });
  routing.routes = [{ ...kept, to: 'udp:192.0.2.1:5062' }];
  expect(routing.peer('other.test')).not.toBe(peer);
});
