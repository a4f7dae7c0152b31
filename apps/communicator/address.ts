/** How people write whom they mean, and how that is written back to them. */

/**
 * The target of a call or message: `bob`, `bob@example.org`, `sip:bob@example.org`, `+33 1 23 45`. Undefined when it
 * can be none of these. The client completes a bare user with its own domain.
 */
export function parseTarget(text: string): string | undefined {
  const trimmed = text.trim();
  if (/^sips?:\S+$/i.test(trimmed)) return trimmed;
  if (/^\+?[\d\s().\-/]+$/.test(trimmed) && /\d/.test(trimmed)) return trimmed.replace(/[\s().\-/]/g, '');
  if (/^[^\s@:;?<>"]+(@[^\s@;?<>"]+)?$/.test(trimmed)) return trimmed;
  return undefined;
}

/** The key under which calls and messages of one person meet: `bob` here, `bob@elsewhere.org` from elsewhere. */
export function peerKey(peer: { user: string; host: string }, domain: string): string {
  const host = peer.host.toLowerCase();
  return host === domain.toLowerCase() ? peer.user : `${peer.user}@${host}`;
}
