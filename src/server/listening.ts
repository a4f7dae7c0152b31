import type { Endpoint } from '../transport/flow.ts';
import { formatHostPort } from './configuration/listen.ts';

/** A configured address that cannot be bound: exit 1. */
export class ListenError extends Error {
  readonly code = 'LISTEN_FAILED';

  constructor(key: string, what: string, cause: NodeJS.ErrnoException) {
    const why = cause.code === 'EADDRINUSE' ? 'is taken' : `cannot be bound: ${cause.code ?? cause.message}`;
    super(`${key}: ${what} ${why}`);
    this.name = 'ListenError';
  }
}

export interface Bound {
  endpoint: Endpoint;
  close(): Promise<void>;
}

/** How far from the default port a free one is looked for. */
const NEXT_PORTS = 200;

/**
 * Binds all entries. Configured addresses must be free. Defaults move together to the next port at which all of them
 * are, and `notice` is told.
 */
export async function listenAll<Entry extends Endpoint, Port extends Bound>(options: {
  key: string;
  entries: readonly Entry[];
  configured: boolean;
  open: (entry: Entry) => Promise<Port>;
  format: (entry: Entry) => string;
  notice: (text: string) => void;
}): Promise<Array<{ entry: Entry; port: Port }>> {
  const { key, entries, configured, open, format, notice } = options;
  for (let step = 0; ; step++) {
    const bound: Array<{ entry: Entry; port: Port }> = [];
    try {
      for (const entry of entries) {
        const port = await open({ ...entry, port: entry.port === 0 ? 0 : entry.port + step });
        bound.push({ entry, port });
      }
      if (step > 0) {
        const [first] = bound;
        notice(
          `${key}: port ${first?.entry.port} is taken, using ${first?.port.endpoint.port} instead (${formatHostPort(first!.port.endpoint)})`,
        );
      }
      return bound;
    } catch (error) {
      await Promise.all(bound.map(({ port }) => port.close()));
      const taken = (error as NodeJS.ErrnoException).code === 'EADDRINUSE';
      if (configured || !taken || step >= NEXT_PORTS)
        throw new ListenError(key, format(entries[bound.length] as Entry), error as NodeJS.ErrnoException);
    }
  }
}
