// Files that people send each other (XEP-0363): a folder beside the database, given out by XMPP, filled and read by HTTP.
import { join } from 'node:path';
import { isWildcard } from '../configuration/listen.ts';
import { UPLOADS } from '../data-folder.ts';
import { type Addresses, reachByConfiguration } from '../http/reach.ts';
import { UploadFolder } from '../uploads/upload-folder.ts';
import { giveUploadSlots } from '../xmpp/modules/upload.ts';
import type { Foundation } from './foundation.ts';
import type { MessagingPart } from './messaging.ts';

const SWEEP = 3_600_000;

export interface UploadsPart {
  folder: UploadFolder;
  /** As it is reached from outside, for all that is known. */
  origin: () => string;
}

export function composeUploads(
  foundation: Foundation,
  { messaging, addresses }: { messaging: MessagingPart; addresses: Addresses },
): UploadsPart {
  const { configuration, folder: data, log, closers, wallClock } = foundation;
  const folder = new UploadFolder({
    folder: join(data.path, UPLOADS),
    store: data.store.messaging.uploads,
    limits: configuration.limits.uploads,
    types: () => foundation.current.xmpp.uploads.types,
    secret: data.internalSecret,
    now: wallClock,
  });
  const { public: known, domain } = configuration;
  // Nobody but this machine reaches a wildcard by what stands for it here: the domain is the better guess.
  const named = () =>
    addresses.publicHost === undefined && isWildcard(addresses.web().endpoint.address)
      ? { ...addresses, publicHost: domain }
      : addresses;
  const origin = () => known.url ?? reachByConfiguration(named()).ws.replace(/^ws/, 'http');
  giveUploadSlots(messaging.xmpp, {
    folder,
    url: (id, name) => `${origin()}/upload/${id}/${encodeURIComponent(name)}`,
  });
  const sweep = setInterval(() => {
    folder.sweep().catch((error) => log.error({ error: String(error) }, 'uploaded files could not be looked through'));
  }, SWEEP);
  closers.push(() => clearInterval(sweep));
  return { folder, origin };
}
