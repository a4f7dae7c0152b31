// What every part stands on: the configuration, the data folder, the accounts, who may.

import { Admission } from '../../transport/admission.ts';
import { primitives } from '../../transport/primitives.ts';
import type { Configuration } from '../config.ts';
import { CredentialIssuer } from '../credentials/issuer.ts';
import { authSecrets, type DataFolder, openDataFolder } from '../data-folder.ts';
import type { Log } from '../log.ts';
import { type Certificate, readCertificate } from './certificate.ts';
import { warnOfMovedAccounts } from './first-accounts.ts';

export interface Foundation {
  readonly version: string;
  readonly log: Log;
  /** For a person: a default port that was taken, and such. */
  readonly notice: (text: string) => void;
  /** As it was at the start. */
  readonly configuration: Configuration;
  /** As it was read last. */
  current: Configuration;
  readonly folder: DataFolder;
  readonly issuer: CredentialIssuer;
  /** Of the web port, and of TURN over TLS. */
  readonly certificate: Certificate | undefined;
  /** Of the connections of all ports together. */
  readonly admission: Admission;
  /** Unix time in milliseconds. */
  readonly wallClock: () => number;
  state: 'starting' | 'ready' | 'draining';
  /** Called from the last to the first when the server ends. */
  readonly closers: Array<() => unknown>;
}

/** How often changes made by another process (`account add` for a name that exists) are looked for. */
const REFRESH = 1_000;

export async function layFoundation(
  configuration: Configuration,
  given: Pick<Foundation, 'version' | 'log' | 'notice' | 'closers'>,
): Promise<Foundation> {
  const { closers, notice } = given;
  const folder = await openDataFolder(configuration);
  closers.push(() => folder.store.close());
  const { accounts } = folder;
  await accounts.configure(configuration.accounts);
  await warnOfMovedAccounts(configuration, folder, notice);
  const refresh = setInterval(() => accounts.refresh(), REFRESH);
  closers.push(() => clearInterval(refresh));
  const wallClock = Date.now;
  return {
    ...given,
    configuration,
    current: configuration,
    folder,
    issuer: new CredentialIssuer({ domain: configuration.domain, secrets: folder.secrets, primitives, now: wallClock }),
    certificate: configuration.web.tls && readCertificate(configuration.web.tls),
    admission: new Admission(configuration.limits.transport),
    wallClock,
    state: 'starting',
  };
}

/** Resolves to how many accounts were changed by it. */
export async function reloadAccounts(
  { folder: { accounts }, issuer }: Foundation,
  next: Configuration,
): Promise<number> {
  const changed = await accounts.configure(next.accounts);
  const secrets = authSecrets(next.data, next.auth.secrets);
  accounts.secrets = secrets;
  issuer.secrets = secrets;
  return changed;
}
