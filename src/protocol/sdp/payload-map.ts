// Which payload type of the one side is which of the other. It is one and the same number wherever that is free; once
// given it stays for the session (RFC 3264 section 8.3.2: a number is never bound to another codec).
import { type Codec, codecKey } from './codec.ts';

export type Side = 'caller' | 'callee';

export function otherSide(side: Side): Side {
  return side === 'caller' ? 'callee' : 'caller';
}

interface Binding {
  key: string;
  caller: number;
  callee: number;
}

/** Numbers to give away: RFC 3551 section 3, then those that rtcp-mux leaves free below (RFC 5761 section 4). */
const DYNAMIC = [...range(96, 127), ...range(35, 63)];

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

export class PayloadMap {
  private readonly bindings: Binding[];

  constructor(bindings: readonly Binding[] = []) {
    this.bindings = [...bindings];
  }

  clone(): PayloadMap {
    return new PayloadMap(this.bindings);
  }

  numbers(side: Side): number[] {
    return this.bindings.map((binding) => binding[side]);
  }

  /** The other side's number of a codec that `from` names by its own number. */
  find(from: Side, codec: Codec): number | undefined {
    const key = codecKey(codec);
    return this.bindings.find((b) => b[from] === codec.payloadType && b.key === key)?.[otherSide(from)];
  }

  /** As `find`, binding it when it is new; `taken` are numbers that other sections of the same bundle use over there. */
  bind(from: Side, codec: Codec, taken: ReadonlySet<number>): number | undefined {
    const known = this.find(from, codec);
    if (known !== undefined) return known;
    const to = otherSide(from);
    const used = new Set(this.bindings.map((binding) => binding[to]));
    const free = (payloadType: number): boolean => !used.has(payloadType) && !taken.has(payloadType);
    const number = free(codec.payloadType) ? codec.payloadType : DYNAMIC.find(free);
    if (number === undefined) return undefined;
    const own = from === 'caller' ? codec.payloadType : number;
    this.bindings.push({ key: codecKey(codec), caller: own, callee: from === 'caller' ? number : codec.payloadType });
    return number;
  }
}
