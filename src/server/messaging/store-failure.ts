import { StanzaError } from '../../protocol/xmpp/stanza-error.ts';

/**
 * The store could not do it: disk full, database away, too many writes waiting. The peer is told to try again later
 * (RFC 6120 section 8.3.2: `wait`), and that nothing was kept.
 */
export function storeFailure(error: unknown): StanzaError {
  if (error instanceof StanzaError) return error;
  if ((error as { code?: unknown } | undefined)?.code === 'STORAGE_BUSY')
    return new StanzaError('resource-constraint', 'too much is waiting to be stored');
  return new StanzaError('internal-server-error', 'it could not be stored', { type: 'wait' });
}
