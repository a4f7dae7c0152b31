// One's own contacts as a resource list (RFC 4662): those whose presence the roster lets one see, of this domain.
import type { ByteString } from '../../../protocol/byte-string.ts';
import { encodeUtf8 } from '../../../protocol/byte-string.ts';
import { escapeUser } from '../../../protocol/sip/uri.ts';
import type { RosterItem } from '../../../storage/messaging.ts';
import { type ListedResource, writeResourceList } from './documents/rlmi.ts';
import type { EventPackage } from './event-package.ts';
import type { Notice } from './subscription.ts';

/** Contacts of a list that are told at most. */
const MOST = 1_000;
/** Octets of documents in one notification: what is beyond it comes with the next (a datagram has an end). */
const MOST_BYTES = 40_000;

/** Canonical names, with what the owner calls them. */
export function listedContacts(items: readonly RosterItem[], domain: string): Map<string, string | undefined> {
  const listed = new Map<string, string | undefined>();
  for (const { jid, name, subscription } of items) {
    if (listed.size >= MOST) break;
    const at = jid.indexOf('@');
    if ((subscription === 'to' || subscription === 'both') && at > 0 && jid.slice(at + 1) === domain)
      listed.set(jid.slice(0, at), name);
  }
  return listed;
}

/** `changed`: only these; undefined: the whole list. `mark` makes the boundary. */
export function listNotice(
  listed: ReadonlyMap<string, string | undefined>,
  known: EventPackage,
  options: { version: number; changed: ReadonlySet<string> | undefined; domain: string; mark: string },
): Notice {
  const { version, changed, domain, mark } = options;
  const resources: ListedResource[] = [];
  const left: string[] = [];
  let size = 0;
  for (const [account, name] of listed) {
    if (changed !== undefined && !changed.has(account)) continue;
    const resource: ListedResource = { uri: `sip:${escapeUser(encodeUtf8(account))}@${domain}`, name };
    if (size < MOST_BYTES) {
      const body = known.document(account, version) as ByteString; // of what watchers may see, none has to wait
      resource.document = { type: known.type, body };
      size += body.length;
    } else left.push(account);
    if (changed === undefined || resource.document !== undefined) resources.push(resource);
  }
  const list = { uri: `sip:contacts@${domain}`, version, full: changed === undefined, resources };
  return { ...writeResourceList(list, mark, domain), left };
}
