// RFC 5888 `a=group`; BUNDLE: RFC 9143 (8843).
import type { ByteString } from '../byte-string.ts';

export interface Group {
  semantics: string;
  mids: readonly string[];
}

export function parseGroup(value: ByteString): Group | undefined {
  const [semantics = '', ...mids] = value.trim().split(/ +/, 130);
  return semantics === '' ? undefined : { semantics, mids };
}

export function serializeGroup({ semantics, mids }: Group): ByteString {
  return [semantics, ...mids].join(' ');
}
