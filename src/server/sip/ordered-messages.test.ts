import { expect, test } from 'vitest';
import { OrderedMessages, type Passing } from './ordered-messages.ts';

test('what comes while one is held waits, and passes in order once it may', () => {
  const order = new OrderedMessages(8);
  const passed: string[] = [];
  let release = () => {};
  const at =
    (name: string): Passing =>
    (done) => {
      passed.push(name);
      done();
    };
  order.pass(at('a'));
  order.pass((done) => {
    passed.push('held');
    release = done;
  });
  order.pass(at('b'));
  order.pass(at('c'));
  expect(passed).toEqual(['a', 'held']);
  release();
  release();
  expect(passed).toEqual(['a', 'held', 'b', 'c']);
});

test('no more than the bound wait, but for what must not be lost', () => {
  const order = new OrderedMessages(2);
  let release = () => {};
  const passed: number[] = [];
  const at =
    (n: number): Passing =>
    (done) => {
      passed.push(n);
      done();
    };
  order.pass((done) => {
    release = done;
  });
  expect([order.pass(at(1)), order.pass(at(2)), order.pass(at(3)), order.pass(at(4), true)]).toEqual([
    true,
    true,
    false,
    true,
  ]);
  release();
  expect(passed).toEqual([1, 2, 4]);
});

test('thousands that wait pass without a deep stack', () => {
  const order = new OrderedMessages(100_000);
  let release = () => {};
  let passed = 0;
  order.pass((done) => {
    release = done;
  });
  for (let i = 0; i < 50_000; i++)
    order.pass((done) => {
      passed += 1;
      done();
    });
  release();
  expect(passed).toBe(50_000);
});

test('one that fails holds up none after it', () => {
  const order = new OrderedMessages(8);
  const passed: string[] = [];
  const failing = () => {
    throw new Error('broken');
  };
  const at = (name: string) => (done: () => void) => {
    passed.push(name);
    done();
  };
  expect(() => order.pass(failing)).toThrow('broken');
  order.pass(at('a'));
  let release = () => {};
  order.pass((done) => {
    release = done;
  });
  order.pass(failing);
  order.pass(at('b'));
  expect(release).toThrow('broken');
  expect(passed).toEqual(['a', 'b']);
});
