// The event packages that this server knows of its users: presence (RFC 3856), dialog (RFC 4235), message-summary (RFC 3842).
import { encodeUtf8 } from '../../../protocol/byte-string.ts';
import { escapeUser } from '../../../protocol/sip/uri.ts';
import type { CallStates } from './call-states.ts';
import { DIALOG_INFO_TYPE, writeDialogInfo } from './documents/dialog-info.ts';
import { MESSAGE_SUMMARY_TYPE, writeMessageSummary } from './documents/message-summary.ts';
import { PIDF_TYPE, writePidf } from './documents/pidf.ts';
import type { EventPackage } from './event-package.ts';
import type { MessagingPorts } from './ports.ts';
import { presenceDocument } from './presence-mapping.ts';

export function eventPackages(
  domain: string,
  ports: Pick<MessagingPorts, 'presences' | 'waiting'>,
  calls: CallStates,
): EventPackage[] {
  const { presences } = ports;
  const entity = (account: string) => `sip:${escapeUser(encodeUtf8(account))}@${domain}`;
  return [
    {
      name: 'presence',
      type: PIDF_TYPE,
      audience: 'watchers',
      document: (account) =>
        writePidf(presenceDocument(entity(account), presences.of(account), presences.isBusy(account))),
    },
    {
      name: 'dialog',
      type: DIALOG_INFO_TYPE,
      audience: 'watchers',
      document: (account, version) => writeDialogInfo(entity(account), version, calls.of(account)),
    },
    {
      name: 'message-summary',
      type: MESSAGE_SUMMARY_TYPE,
      audience: 'owner',
      document: async (account) => writeMessageSummary(entity(account), await ports.waiting(account)),
    },
  ];
}
