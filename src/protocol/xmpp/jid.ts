import { detach } from '../detach.ts';
import { opaqueString, usernameCaseMapped } from '../precis.ts';

/** An address (RFC 7622), prepared: two are the same exactly when their texts are. */
export class Jid {
  /** Canonical account or room name; undefined: the domain itself. */
  readonly local: string | undefined;
  readonly domain: string;
  readonly resource: string | undefined;
  /** `local@domain`, or the domain. */
  readonly bare: string;
  /** With the resource where there is one. */
  readonly full: string;

  /** Parts that are prepared already; `parseJid` prepares. */
  constructor(local: string | undefined, domain: string, resource?: string) {
    this.local = local;
    this.domain = domain;
    this.resource = resource;
    this.bare = local === undefined ? domain : `${local}@${domain}`;
    this.full = resource === undefined ? this.bare : `${this.bare}/${resource}`;
  }

  toBare(): Jid {
    return this.resource === undefined ? this : new Jid(this.local, this.domain);
  }

  withResource(resource: string): Jid {
    return new Jid(this.local, this.domain, resource);
  }

  toString(): string {
    return this.full;
  }
}

/** Octets of UTF-8 of each part (RFC 7622 section 3.1). */
const PART_OCTETS = 1023;
/** The characters of section 3.3.1 that PRECIS would let pass. */
const NEVER_LOCAL = /["&'/:<>@]/;
/** What preparing would leave as it is: addresses as they come nearly always. */
const PREPARED =
  /^(?:([!#-%(-.0-9;=?[-~]{1,1023})@)?([a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*)(?:\/([ -~]{1,1023}))?$/;

/**
 * An address as it stands in an attribute, prepared: local part by UsernameCaseMapped, resource by OpaqueString.
 * Undefined: it is none. A domain written in A-labels stays so, and is then another than the same in U-labels.
 */
export function parseJid(text: string): Jid | undefined {
  if (text.length > 3 * PART_OCTETS + 2) return undefined;
  const own = detach(text);
  const prepared = PREPARED.exec(own);
  if (prepared !== null) {
    const domain = prepared[2] as string;
    return domain.length > PART_OCTETS ? undefined : new Jid(prepared[1], domain, prepared[3]);
  }
  // Section 3.1: the first slash begins the resource, then the first at sign ends the local part.
  const slash = own.indexOf('/');
  const bare = slash < 0 ? own : own.slice(0, slash);
  const at = bare.indexOf('@');
  const domain = prepareDomain(bare.slice(at + 1));
  const local = at < 0 ? undefined : prepareLocal(bare.slice(0, at));
  const resource = slash < 0 ? undefined : prepareResource(own.slice(slash + 1));
  if (domain === undefined || (at >= 0 && local === undefined) || (slash >= 0 && resource === undefined))
    return undefined;
  return new Jid(local, domain, resource);
}

/** Section 3.3. */
function prepareLocal(text: string): string | undefined {
  const local = usernameCaseMapped(text, PART_OCTETS);
  return local === undefined || NEVER_LOCAL.test(local) ? undefined : local;
}

/** Section 3.4: what a client asks for at binding, a nickname in a room. */
export function prepareResource(text: string): string | undefined {
  return opaqueString(text, PART_OCTETS);
}

/** Section 3.2. */
function prepareDomain(text: string): string | undefined {
  const domain = text.endsWith('.') ? text.slice(0, -1) : text;
  if (domain.startsWith('[')) return /^\[[0-9a-fA-F:.]{2,45}\]$/.test(domain) ? domain.toLowerCase() : undefined;
  const mapped = usernameCaseMapped(domain, PART_OCTETS);
  return mapped?.split('.').every(isLabel) ? mapped : undefined;
}

/** An NR-LDH label, or letters, marks and digits of any script as a U-label has them (RFC 5890 section 2.3). */
function isLabel(label: string): boolean {
  return /^(?!-)[a-z0-9\-\u0080-\u{10ffff}]{1,63}(?<!-)$/u.test(label);
}
