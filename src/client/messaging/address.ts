/** `local@domain` of an address that may have a resource. */
export function bareOf(address: string): string {
  const slash = address.indexOf('/');
  return slash < 0 ? address : address.slice(0, slash);
}

/** What follows the slash: a device, or in a room the nickname. */
export function resourceOf(address: string): string | undefined {
  const slash = address.indexOf('/');
  return slash < 0 ? undefined : address.slice(slash + 1);
}

/** A name of this domain, or an address as it is. */
export function addressIn(domain: string, target: string): string {
  return target.includes('@') ? bareOf(target).toLowerCase() : `${target.toLowerCase()}@${domain}`;
}
