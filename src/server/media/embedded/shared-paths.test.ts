import { expect, test } from 'vitest';
import { USERNAME } from '../../../protocol/stun/attributes.ts';
import { BINDING, serializeStun } from '../../../protocol/stun/message.ts';
import { isForServer } from './shared-paths.ts';

const REFRESH = 0x004;
const stun = (kind: 'request' | 'indication' | 'success', method: number, username?: string) =>
  serializeStun({
    class: kind,
    method,
    transactionId: new Uint8Array(12),
    attributes:
      username === undefined ? [] : [{ type: USERNAME, value: Uint8Array.from(username, (c) => c.charCodeAt(0)) }],
  });

test.each([
  ['ChannelData', Uint8Array.of(0x40, 0, 0, 0), true],
  ['a Refresh of its allocation', stun('request', REFRESH, '1800000000:alice'), true],
  ['a keep-alive of its STUN candidate', stun('request', BINDING), true],
  ['a check', stun('request', BINDING, 'ours:browser'), false],
  ['a keep-alive of the pair', stun('indication', BINDING), false],
  ['DTLS', Uint8Array.of(22, 254, 253), false],
  ['RTP', Uint8Array.of(0x80, 0, 0, 1), false],
  ['RTCP', Uint8Array.of(0x80, 200, 0, 1), false],
  ['nothing', new Uint8Array(0), false],
])('%s from a browser that has been taken over: for STUN and TURN at the same port?', (_what, datagram, expected) => {
  expect(isForServer(datagram)).toBe(expected);
});
