import type { Binding } from '../location.ts';

/** Types of messages that not every phone takes: sent only to those that have shown they do. */
const TYPES: ReadonlySet<string> = new Set(['message/cpim', 'application/im-iscomposing+xml']);

/** Its client takes these types: it has sent one, or says so in Accept (RFC 3261 section 20.1). */
export function learnAccepted(binding: Binding, types: Iterable<string>): void {
  for (const text of types) {
    const type = text.split(';', 1)[0]!.trim().toLowerCase();
    if (!TYPES.has(type)) continue;
    binding.accepts ??= new Set();
    binding.accepts.add(type);
  }
}
