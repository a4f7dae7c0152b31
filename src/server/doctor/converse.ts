// What a probe does with time: it waits only so long, and over UDP asks again.
import type { Wire } from './wire.ts';

/** RFC 8489 section 6.2.1: how long until the first repetition. Milliseconds. */
const REPEAT = 500;

/**
 * Sends what `next` returns, again and again over UDP, until `receive` says with a value that it has heard enough.
 * Undefined: it was not so within `patience` milliseconds, or the other side has ended it.
 */
export function converse<T>(
  wire: Wire,
  options: {
    next: () => Uint8Array;
    /** A value: done. True: `next` has something new to send. */
    receive: (octets: Uint8Array) => { done: T } | boolean;
    repeat: boolean;
    patience: number;
  },
): Promise<T | undefined> {
  const { next, receive, repeat, patience } = options;
  return new Promise((resolve) => {
    const again = repeat ? setInterval(() => wire.send(next()), REPEAT) : undefined;
    const finish = (value: T | undefined) => {
      clearInterval(again);
      clearTimeout(late);
      wire.onMessage = () => {};
      wire.onClose = () => {};
      resolve(value);
    };
    const late = setTimeout(() => finish(undefined), patience);
    wire.onClose = () => finish(undefined);
    wire.onMessage = (octets) => {
      const heard = receive(octets);
      if (typeof heard === 'object') finish(heard.done);
      else if (heard) wire.send(next());
    };
    wire.send(next());
  });
}
