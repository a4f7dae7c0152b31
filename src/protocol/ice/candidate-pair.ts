// RFC 8445 section 6.1.2, as a lite agent has it: a path on which an authentic check came.
import type { IcePath } from './lite-options.ts';

export interface CandidatePair {
  path: IcePath;
  /** Of the credentials that its last check had. */
  generation: number;
  nominated: boolean;
  /** When the last authentic check came. */
  checkedAt: number;
  /** When a restart left it behind; `Infinity`: none has. */
  retiredAt: number;
}

/** RFC 8445 section 8.3.1: what is on its way still comes on the old path, and is the true peer's, for 3 s. */
const RETIREMENT = 3000;

/** When the pair expires, unless a check comes; `consent` as in LiteOptions. */
export function dueOf({ checkedAt, retiredAt }: CandidatePair, consent: number): number {
  return Math.min(checkedAt + consent, retiredAt + RETIREMENT);
}

export function keyOf({ local, address, port }: IcePath): string {
  return `${local} ${address} ${port}`;
}

/** The higher, the longer it is kept where there is no room for all. */
export function rank({ nominated, checkedAt }: CandidatePair): number {
  return nominated ? checkedAt + Number.MAX_SAFE_INTEGER / 2 : checkedAt;
}
