// RFC 5576 `a=ssrc` and `a=ssrc-group`, RFC 8830 `a=msid`.
import type { ByteString } from '../byte-string.ts';

export interface SourceAttribute {
  ssrc: number;
  name: string;
  value: ByteString;
}

export interface SourceGroup {
  /** `FID`, `FEC-FR`, `SIM`, ... */
  semantics: string;
  ssrcs: readonly number[];
}

export interface MediaStreamId {
  /** `-`: in no stream. */
  stream: string;
  track?: string;
}

function parseSsrc(text: string): number | undefined {
  return /^\d{1,10}$/.test(text) && Number(text) < 2 ** 32 ? Number(text) : undefined;
}

export function parseSource(value: ByteString): SourceAttribute | undefined {
  const match = /^(\d{1,10})[ \t]+([^\s:]+)(?::(.*))?$/.exec(value);
  const ssrc = parseSsrc(match?.[1] ?? '');
  return match && ssrc !== undefined ? { ssrc, name: match[2] as string, value: match[3] ?? '' } : undefined;
}

export function parseSourceGroup(value: ByteString): SourceGroup | undefined {
  const [semantics = '', ...words] = value.trim().split(/ +/, 66);
  const ssrcs = words.map(parseSsrc).filter((ssrc) => ssrc !== undefined);
  return semantics === '' || ssrcs.length !== words.length ? undefined : { semantics, ssrcs };
}

export function parseMediaStreamId(value: ByteString): MediaStreamId | undefined {
  const [stream = '', track] = value.trim().split(/ +/, 3);
  if (stream === '') return undefined;
  return track === undefined ? { stream } : { stream, track };
}
