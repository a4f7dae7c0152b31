import type { Element } from '../../../protocol/xmpp/element.ts';

/**
 * Sends an IQ's result; exactly once, if nothing is thrown. With `commit` it goes when that has resolved, and what the room
 * says after it waits behind it: nobody learns of a change before it is durable, nor of two in another order. Rejected as
 * `commit` is.
 */
export type Reply = (payload?: Element, commit?: Promise<unknown>) => Promise<void>;
