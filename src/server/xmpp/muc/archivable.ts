import type { Element } from '../../../protocol/xmpp/element.ts';
import { treatmentOf } from '../../messaging/treatment.ts';

/** Whether a room's archive keeps a message (XEP-0313 section 6.1.2): what would be kept of it between two people. */
export function isArchivable(message: Element): boolean {
  return treatmentOf(message.with({ type: 'chat' })).archive;
}
