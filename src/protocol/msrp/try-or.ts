import { ProtocolError } from '../errors.ts';

/** What is read; `otherwise` where the peer's text is malformed. */
export function tryOr<T, Otherwise>(otherwise: Otherwise, read: () => T): T | Otherwise {
  try {
    return read();
  } catch (error) {
    if (error instanceof ProtocolError) return otherwise;
    throw error;
  }
}
