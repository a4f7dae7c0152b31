// RFC 8866 section 6.15: what an `a=fmtp` means is its format's own matter; most are lists of parameters (RFC 4855).
import type { ByteString } from '../byte-string.ts';

/** Parameters that are looked at: no format has more. */
const MOST = 64;

/** `name=value;name=value` of a format; names in lower case, a bare word has the value ''. */
export function formatParameters(format: ByteString | undefined): Map<string, string> {
  const parameters = new Map<string, string>();
  for (const part of (format ?? '').split(';', MOST)) {
    const [name = '', ...value] = part.split('=');
    if (name.trim() !== '') parameters.set(name.trim().toLowerCase(), value.join('=').trim());
  }
  return parameters;
}
