// RFC 8851 `a=rid` and RFC 8853 `a=simulcast`: read for rooms; a translation to a phone leaves them out, which turns them off.
import type { ByteString } from '../byte-string.ts';

export interface RidAttribute {
  id: string;
  direction: 'send' | 'recv';
  restrictions: ByteString;
}

export interface SimulcastStream {
  rid: string;
  paused: boolean;
}

/** For each stream its alternatives, best first. */
export interface Simulcast {
  send?: readonly (readonly SimulcastStream[])[];
  recv?: readonly (readonly SimulcastStream[])[];
}

const RID = /^[0-9A-Za-z_-]{1,255}$/;

export function parseRid(value: ByteString): RidAttribute | undefined {
  const [id = '', direction, ...restrictions] = value.trim().split(/ +/, 16);
  if (!RID.test(id) || (direction !== 'send' && direction !== 'recv')) return undefined;
  return { id, direction, restrictions: restrictions.join(' ') };
}

/** Undefined when malformed. */
export function parseSimulcast(value: ByteString): Simulcast | undefined {
  const words = value.trim().split(/ +/, 5);
  if (words.length !== 2 && words.length !== 4) return undefined;
  const simulcast: Simulcast = {};
  for (let i = 0; i < words.length; i += 2) {
    const direction = words[i];
    if ((direction !== 'send' && direction !== 'recv') || simulcast[direction]) return undefined;
    const streams = (words[i + 1] as string)
      .split(';', 64)
      .map((alternatives) =>
        alternatives.split(',', 64).map((word) => ({ rid: word.replace(/^~/, ''), paused: word.startsWith('~') })),
      );
    if (!streams.flat().every(({ rid }) => RID.test(rid))) return undefined;
    simulcast[direction] = streams;
  }
  return simulcast;
}
