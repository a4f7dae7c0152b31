// RFC 8866 section 6.7 and RFC 3264 sections 5.1, 6.1 and 8.4: who sends.
import type { LineBlock } from './line.ts';

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

const DIRECTIONS: readonly Direction[] = ['sendrecv', 'sendonly', 'recvonly', 'inactive'];

/** The direction that this level states itself. */
export function directionOf(block: LineBlock): Direction | undefined {
  return DIRECTIONS.find((direction) => block.has(direction));
}

export function sends(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}

export function receives(direction: Direction): boolean {
  return direction === 'sendrecv' || direction === 'recvonly';
}

export function directionFrom(send: boolean, receive: boolean): Direction {
  return send ? (receive ? 'sendrecv' : 'sendonly') : receive ? 'recvonly' : 'inactive';
}

/** What an answer may say to an offer of this direction (RFC 3264 section 6.1), so that a careless answer stays legal. */
export function restrictDirection(answer: Direction, offered: Direction): Direction {
  return directionFrom(sends(answer) && receives(offered), receives(answer) && sends(offered));
}
