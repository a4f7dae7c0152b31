import { describe, expect, it } from 'vitest';
import { Lanes } from './lanes.ts';

function later<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

describe('a lane', () => {
  it('lets out in order what becomes ready in another', async () => {
    const lanes = new Lanes();
    const out: unknown[] = [];
    const [one, two] = [later<string>(), later<string>()];
    const first = lanes.pass('alice', one.promise, (value) => out.push(value));
    const second = lanes.pass('alice', two.promise, (value) => out.push(value));
    const third = lanes.pass('alice', undefined, () => out.push('three'));
    two.resolve('two');
    await new Promise(setImmediate);
    expect(out).toEqual([]);
    one.resolve('one');
    await Promise.all([first, second, third]);
    expect(out).toEqual(['one', 'two', 'three']);
    await new Promise(setImmediate);
    expect(lanes.busy('alice')).toBe(false);
  });

  it('waits for what is not over when it is let out', async () => {
    const lanes = new Lanes();
    const out: string[] = [];
    const change = later<void>();
    const first = lanes.pass('alice', undefined, () => change.promise);
    const second = lanes.pass('alice', undefined, () => out.push('behind it'));
    expect([lanes.isLast('alice', first), lanes.isLast('alice', second)]).toEqual([false, true]);
    await new Promise(setImmediate);
    expect(out).toEqual([]);
    change.resolve();
    await second;
    expect(out).toEqual(['behind it']);
  });

  it('of another sender does not wait', async () => {
    const lanes = new Lanes();
    const out: unknown[] = [];
    const held = later();
    lanes.pass('alice', held.promise, () => out.push('alice'));
    await lanes.pass('bob', undefined, () => out.push('bob'));
    expect(out).toEqual(['bob']);
    expect([lanes.busy('alice'), lanes.busy('bob')]).toEqual([true, false]);
  });

  it('goes on after what failed', async () => {
    const lanes = new Lanes();
    const out: unknown[] = [];
    const [one, two] = [later(), later()];
    const first = lanes.pass(
      'alice',
      one.promise,
      () => out.push('never'),
      (error) => out.push(error),
    );
    const second = lanes.pass('alice', two.promise, () => out.push('two'));
    const third = lanes.pass('alice', undefined, () => {
      throw new Error('fault');
    });
    const fourth = lanes.pass('alice', undefined, () => out.push('four'));
    one.reject('full');
    two.resolve(undefined);
    await first;
    await second;
    await expect(third).rejects.toThrow('fault');
    await fourth;
    expect(out).toEqual(['full', 'two', 'four']);
  });
});
