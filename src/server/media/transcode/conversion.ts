// What one direction of a section does with each codec, from what its descriptions have agreed on.
import { type Codec, sameCodec } from '../../../protocol/sdp/codec.ts';
import { otherSide, type Side } from '../../../protocol/sdp/payload-map.ts';
import type { PayloadPair } from '../../../protocol/sdp/translate-content.ts';
import { transcodedName } from './audio-codec.ts';

/** A codec of the side that sends and what it becomes, each with its own side's payload type. */
export interface Conversion {
  from: Codec;
  to: Codec;
}

/** One for each payload type that `from` may send; none when all of them pass as they are. */
export function conversionsOf(pairs: readonly PayloadPair[], from: Side): Conversion[] {
  const conversions = new Map<number, Conversion>();
  for (const pair of pairs) {
    const at = (side: Side): Codec => pair.transcode?.[side] ?? { ...pair.codec, payloadType: pair[side] };
    const add = (number: number): void => {
      if (!conversions.has(number))
        conversions.set(number, { from: { ...at(from), payloadType: number }, to: at(otherSide(from)) });
    };
    add(pair[from]);
    if (pair.also?.side === from) add(pair.also.payloadType);
  }
  const all = [...conversions.values()];
  return all.some(isTranscoding) ? all : [];
}

export function isTranscoding({ from, to }: Conversion): boolean {
  return transcodedName(from) !== undefined && transcodedName(to) !== undefined && !sameCodec(from, to);
}
