// RFC 8839 section 5.4: ufrag and password, at either level.
import type { LineBlock } from './line.ts';

export interface IceCredentials {
  /** 4 to 256 ice-chars. */
  ufrag: string;
  /** 22 to 256 ice-chars. */
  password: string;
}

const ICE_CHARS = /^[0-9A-Za-z+/=_-]+$/; // COMPAT: `=`, `_` and `-` are no ice-chars; some stacks make base64url of them

/** The credentials that hold for a media description: its own, or the session's. Undefined: no ICE, or malformed. */
export function iceCredentials(own: LineBlock, session: LineBlock): IceCredentials | undefined {
  const ufrag = own.attribute('ice-ufrag') ?? session.attribute('ice-ufrag');
  const password = own.attribute('ice-pwd') ?? session.attribute('ice-pwd');
  if (ufrag === undefined || password === undefined) return undefined;
  if (ufrag.length < 4 || ufrag.length > 256 || password.length < 22 || password.length > 256) return undefined;
  return ICE_CHARS.test(ufrag) && ICE_CHARS.test(password) ? { ufrag, password } : undefined;
}
