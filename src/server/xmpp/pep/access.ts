import type { RosterItem } from '../../../storage/messaging.ts';
import type { Watchers } from '../../messaging/watchers.ts';
import type { NodeConfiguration } from './node-configuration.ts';

/** Whether somebody may read a node and hear of it (XEP-0060 section 4.5). `account`: the owner's; `reader`: a bare address. */
export async function mayRead(
  configuration: NodeConfiguration,
  { account, owner, reader }: { account: string; owner: string; reader: string },
  watchers: Watchers,
): Promise<boolean> {
  if (reader === owner) return true;
  if (await watchers.isBlocked(account, reader)) return false;
  switch (configuration.accessModel) {
    case 'open':
      return true;
    case 'presence':
      return (await watchers.mayWatch(account, reader)) === 'yes';
    case 'roster': {
      const item = (await watchers.contacts(account)).find(({ jid }) => jid === reader);
      return item !== undefined && isInGroups(item, configuration.groups);
    }
    case 'whitelist':
      return false; // nobody is on it but the owner
  }
}

function isInGroups(item: RosterItem, groups: readonly string[]): boolean {
  const subscribed = item.subscription === 'from' || item.subscription === 'both';
  return groups.length === 0 ? subscribed : item.groups.some((group) => groups.includes(group));
}
