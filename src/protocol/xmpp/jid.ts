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
