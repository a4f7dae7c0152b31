// One's own contacts as a resource list (RFC 4662): those whose presence the roster lets one see, of this domain.
import type { ByteString } from '../../../protocol/byte-string.ts';
import { encodeUtf8 } from '../../../protocol/byte-string.ts';
import { escapeUser } from '../../../protocol/sip/uri.ts';
import type { Watchers } from '../../messaging/watchers.ts';
import { type ListedResource, writeResourceList } from './documents/rlmi.ts';
import type { EventPackage, Notice } from './event-package.ts';

/** Contacts of a list that are told at most. */
const MOST = 1_000;
/** Octets of documents in one notification: what is beyond it comes with the next (a datagram has an end). */
const MOST_BYTES = 40_000;

/** A contact in a list. */
export interface ListedContact {
  /** What the list's owner calls it. */
  name: string | undefined;
  /** It has blocked him (XEP-0191): in the list, and nothing is said of it. */
  hidden: boolean;
}

/** By canonical name. `owner`: whose contacts. */
export async function listedContacts(
  watchers: Watchers,
  owner: string,
  domain: string,
): Promise<Map<string, ListedContact>> {
  const listed = new Map<string, ListedContact>();
  for (const { jid, name, subscription } of await watchers.contacts(owner)) {
    if (listed.size >= MOST) break;
    const at = jid.indexOf('@');
    if ((subscription === 'to' || subscription === 'both') && at > 0 && jid.slice(at + 1) === domain)
      listed.set(jid.slice(0, at), { name, hidden: await watchers.isBlocked(jid.slice(0, at), `${owner}@${domain}`) });
  }
  return listed;
}

/** `changed`: only these; undefined: the whole list. `mark` makes the boundary. */
export function listNotice(
  listed: ReadonlyMap<string, ListedContact>,
  known: EventPackage,
  options: { version: number; changed: ReadonlySet<string> | undefined; domain: string; mark: string },
): Notice {
  const { version, changed, domain, mark } = options;
  const resources: ListedResource[] = [];
  const left: string[] = [];
  let size = 0;
  for (const [account, { name, hidden }] of listed) {
    if (changed !== undefined && !changed.has(account)) continue;
    const resource: ListedResource = { uri: `sip:${escapeUser(encodeUtf8(account))}@${domain}`, name };
    if (hidden) {
      resources.push(resource);
      continue;
    }
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
