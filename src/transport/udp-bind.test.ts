import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, expect, test } from 'vitest';
import { literalLookup } from './udp.ts';
import { bindNow, bindReusably, connectNow } from './udp-bind.ts';

const open: Socket[] = [];

function create(reusePort = false): Socket {
  const socket = createSocket({ type: 'udp4', lookup: literalLookup('udp4'), ...(reusePort && { reusePort }) });
  open.push(socket);
  return socket;
}

afterEach(() => {
  for (const socket of open.splice(0)) {
    try {
      socket.close();
    } catch {
      // closed by the test
    }
  }
});

const ANY = { address: '127.0.0.1', port: 0 };

test('a socket is bound and connected when the calls return', () => {
  const [one, other] = [create(), create()];
  bindNow(one, ANY);
  bindNow(other, ANY);
  connectNow(one, other.address());
  expect(one.remoteAddress().port).toBe(other.address().port);
});

test('a taken port is told at once, also to who would share it', () => {
  const socket = create();
  bindNow(socket, ANY);
  const at = { address: '127.0.0.1', port: socket.address().port };
  expect(() => bindNow(create(), at)).toThrow('EADDRINUSE');
  expect(() => bindReusably(create, at)).toThrow('EADDRINUSE');
  const shared = bindReusably(create, ANY).socket.address();
  expect(() => bindReusably(create, { address: '127.0.0.1', port: shared.port })).toThrow('EADDRINUSE');
});

test.runIf(process.platform === 'linux')(
  'a socket connected beside a shared one gets what its peer sends, and gives it back when it is closed',
  async () => {
    const { socket: shared, reusable } = bindReusably(create, ANY);
    expect(reusable).toBe(true);
    const at = { address: '127.0.0.1', port: shared.address().port };
    const peers = [create(), create()] as const;
    for (const peer of peers) bindNow(peer, ANY);
    const own = create(true);
    bindNow(own, at);
    connectNow(own, peers[0].address());

    peers[0].send('first', at.port, at.address);
    expect(String((await once(own, 'message'))[0])).toBe('first');
    peers[1].send('second', at.port, at.address);
    expect(String((await once(shared, 'message'))[0])).toBe('second');
    own.close();
    peers[0].send('third', at.port, at.address);
    expect(String((await once(shared, 'message'))[0])).toBe('third');
  },
);
