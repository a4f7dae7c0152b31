// Which payload type of the one side is which of the other. It is one and the same number wherever that is free; once
// given it stays for the session (RFC 3264 section 8.3.2: a number is never bound to another codec).
import { type Codec, codecKey } from './codec.ts';

export type Side = 'caller' | 'callee';

export function otherSide(side: Side): Side {
  return side === 'caller' ? 'callee' : 'caller';
}

/** A codec that one side alone has. */
interface Reserved {
  key: string;
  side: Side;
  number: number;
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
  private readonly reserved: Reserved[];

  constructor(bindings: readonly Binding[] = [], reserved: readonly Reserved[] = []) {
    this.bindings = [...bindings];
    this.reserved = [...reserved];
  }

  clone(): PayloadMap {
    return new PayloadMap(this.bindings, this.reserved);
  }

  numbers(side: Side): number[] {
    const reserved = this.reserved.filter((one) => one.side === side);
    return [...this.bindings.map((binding) => binding[side]), ...reserved.map(({ number }) => number)];
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
    const number = this.reservedNumber(to, codec) ?? this.give(to, codec, taken);
    if (number === undefined) return undefined;
    const own = from === 'caller' ? codec.payloadType : number;
    this.bindings.push({ key: codecKey(codec), caller: own, callee: from === 'caller' ? number : codec.payloadType });
    return number;
  }

  /** That side's number of a codec that it alone has: the one that it has already, or a new one. */
  reserve(side: Side, codec: Codec, taken: ReadonlySet<number>): number | undefined {
    const key = codecKey(codec);
    const bound = this.bindings.find((binding) => binding.key === key)?.[side];
    const known = this.reservedNumber(side, codec) ?? bound;
    if (known !== undefined) return known;
    const number = this.give(side, codec, taken);
    if (number !== undefined) this.reserved.push({ key, side, number });
    return number;
  }

  hasReserved(side: Side): boolean {
    return this.reserved.some((one) => one.side === side);
  }

  private reservedNumber(side: Side, codec: Codec): number | undefined {
    const key = codecKey(codec);
    return this.reserved.find((one) => one.side === side && one.key === key)?.number;
  }

  private give(side: Side, codec: Codec, taken: ReadonlySet<number>): number | undefined {
    const used = new Set(this.numbers(side));
    const free = (payloadType: number): boolean => !used.has(payloadType) && !taken.has(payloadType);
    return free(codec.payloadType) ? codec.payloadType : DYNAMIC.find(free);
  }
}
