import { isIP } from 'node:net';
import { hostname } from 'node:os';

/**
 * Host names by which this server may be called. A page of a stranger's site can point its own name at our address (DNS
 * rebinding) and would then be of the same origin as we are; a literal address cannot be pointed anywhere.
 */
export class HostPolicy {
  readonly #names: Set<string>;

  constructor(names: Iterable<string | undefined>) {
    this.#names = new Set(['localhost', hostname().toLowerCase()]);
    for (const name of names) if (name !== undefined) this.#names.add(name.toLowerCase());
  }

  allows(header: string | undefined): boolean {
    const parsed = parseHost(header);
    if (parsed === undefined) return false;
    const { name } = parsed;
    return isIP(name) !== 0 || this.#names.has(name) || name.endsWith('.localhost');
  }
}

/** The Host header taken apart; the name in lower case, IPv6 without brackets. */
export function parseHost(header: string | undefined): { name: string; port: number | undefined } | undefined {
  const found = /^(?:\[([0-9a-fA-F:.]{2,45})\]|([A-Za-z0-9._-]{1,253}))(?::(\d{1,5}))?$/.exec(header ?? '');
  if (found === null || (found[1] !== undefined && isIP(found[1]) !== 6)) return undefined;
  const name = (found[1] ?? found[2]!).toLowerCase().replace(/\.$/, '');
  return { name, port: found[3] === undefined ? undefined : Number(found[3]) };
}
