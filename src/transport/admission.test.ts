import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from 'vitest';
import { Admission, handshakeDone } from './admission.ts';
import { transportLimits } from './limits.ts';

/** As much of a socket as Admission looks at. */
class FakeSocket extends EventEmitter {
  readonly remoteAddress: string | undefined;
  destroyed = false;

  constructor(remoteAddress: string | undefined) {
    super();
    this.remoteAddress = remoteAddress;
  }

  destroy(): void {
    if (this.destroyed) return;
    this.destroyed = true;
    this.emit('close');
  }
}

const socket = (address: string | undefined = '192.0.2.1') => new FakeSocket(address) as unknown as Socket;

test('5,000 clients of one address that reconnect while their old connections are still open pass the defaults', () => {
  const admission = new Admission(transportLimits);
  for (let client = 0; client < 5000; client++) {
    const old = socket();
    expect(admission.admit(old)).toBe(true);
    handshakeDone(old);
  }
  for (let client = 0; client < 5000; client++) expect(admission.admit(socket())).toBe(true);
  expect(admission).toMatchObject({ connections: 10_000, handshakes: 5000, refused: 0 });
});

test('each bound cuts what is over it, and counts come back to nothing', () => {
  const limits = { connections: 4, connectionsPerAddress: 3, handshakes: 3, handshakesPerAddress: 2 };
  const admission = new Admission(limits);
  const admitted: Socket[] = [];
  const admit = (address?: string) => {
    const one = socket(address);
    const answer = admission.admit(one);
    expect(one.destroyed).toBe(!answer);
    if (answer) admitted.push(one);
    return answer;
  };
  expect([admit(), admit(), admit()]).toEqual([true, true, false]); // two handshakes of an address
  expect([admit('192.0.2.2'), admit('192.0.2.3')]).toEqual([true, false]); // three handshakes
  for (const one of admitted) handshakeDone(one);
  handshakeDone(admitted[0] as Socket); // again: counted once
  expect(admission.handshakes).toBe(0);
  expect([admit(), admit()]).toEqual([true, false]); // three connections of an address, four in all
  expect(admit('192.0.2.9')).toBe(false);
  expect(admission.refused).toBe(4);
  for (const one of admitted) one.destroy();
  expect(admission).toMatchObject({ connections: 0, handshakes: 0 });
  expect(admit()).toBe(true);
});

test('one IPv4 peer has one count, by whichever family it came', () => {
  const admission = new Admission({ ...transportLimits, connectionsPerAddress: 1 });
  expect(admission.admit(socket('192.0.2.1'))).toBe(true);
  expect(admission.admit(socket('::ffff:192.0.2.1'))).toBe(false);
});

test('a peer that is gone before it is counted is not counted', () => {
  const admission = new Admission(transportLimits);
  expect(admission.admit(new FakeSocket(undefined) as unknown as Socket)).toBe(false);
  expect(admission).toMatchObject({ connections: 0, refused: 0 });
});
