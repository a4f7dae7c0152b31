import { ProtocolError } from '../errors.ts';
import { stunLength } from '../stun/message.ts';
import { CHANNEL_DATA_HEADER, channelDataSize, isChannelData } from './channel-data.ts';

/**
 * STUN messages and ChannelData one after the other on a stream (RFC 8656 section 12.5 and RFC 8489 section 6.2.2).
 * Linear whatever the segmentation: what is unfinished is gathered in a buffer of the size that its header names.
 */
export class TurnStream {
  /** A longer message ends the stream. */
  maximum: number;
  /** What has come of a message that is unfinished: its first four octets, then all of it. */
  #partial: Uint8Array | undefined;
  #filled = 0;

  constructor(maximum: number) {
    this.maximum = maximum;
  }

  /** Whether the peer is in the middle of a message. */
  get unfinished(): boolean {
    return this.#partial !== undefined;
  }

  /** The messages that are whole now. Throws ProtocolError: where the next one begins cannot be known any more. */
  push(chunk: Uint8Array): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let at = 0;
    while (at < chunk.length) {
      let partial = this.#partial;
      if (partial === undefined) {
        const left = chunk.length - at;
        const size = left < CHANNEL_DATA_HEADER ? CHANNEL_DATA_HEADER : this.#size(chunk, at);
        if (left >= size) {
          messages.push(chunk.subarray(at, at + size));
          at += size;
          continue;
        }
        partial = this.#partial = new Uint8Array(size);
        this.#filled = 0;
      }
      const taken = Math.min(partial.length - this.#filled, chunk.length - at);
      partial.set(chunk.subarray(at, at + taken), this.#filled);
      this.#filled += taken;
      at += taken;
      if (this.#filled < partial.length) break;
      const size = partial.length > CHANNEL_DATA_HEADER ? partial.length : this.#size(partial, 0);
      if (size === partial.length) {
        messages.push(partial);
        this.#partial = undefined;
      } else {
        this.#partial = new Uint8Array(size);
        this.#partial.set(partial);
      }
    }
    return messages;
  }

  #size(octets: Uint8Array, at: number): number {
    const first = octets[at] as number;
    const size = isChannelData(first)
      ? channelDataSize(((octets[at + 2] as number) << 8) | (octets[at + 3] as number), true)
      : stunLength(octets.subarray(at, at + 4));
    if (size === undefined) throw new ProtocolError('TURN_FRAMING', 'Neither STUN nor ChannelData.', { stun: 400 });
    if (size > this.maximum)
      throw new ProtocolError('TURN_MESSAGE_SIZE', 'The message is longer than is allowed here.', { stun: 400 });
    return size;
  }
}
