// Which keys of the configuration count at once when it is read again.
import type { Configuration } from '../config.ts';

const RELOADED = new Set([
  'accounts',
  'drain',
  'auth.secrets',
  'turn.secrets',
  'auth.handshake',
  'web.origins',
  'web.hosts',
  'sip.routes',
  'xmpp.uploads',
  'media.policy',
  'messages.keep',
]);

/** Those that differ and take effect at the next start only. */
export function needRestart(before: Configuration, after: Configuration): string[] {
  const keys: string[] = [];
  for (const [part, value] of Object.entries(before)) {
    const next = after[part as keyof Configuration] as unknown;
    const nested = typeof value === 'object' && value !== null && !Array.isArray(value);
    for (const key of nested ? Object.keys({ ...value, ...(next as object) }) : [undefined]) {
      const name = key === undefined ? part : `${part}.${key}`;
      const pick = (from: unknown) => JSON.stringify(key === undefined ? from : (from as Record<string, unknown>)[key]);
      if (!RELOADED.has(name) && pick(value) !== pick(next)) keys.push(name);
    }
  }
  return keys;
}
