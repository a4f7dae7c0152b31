// Dialog event documents (RFC 4235 section 4): busy lamps. Always the whole state; whom a call is with is nobody else's
// business, and is not told.
import { type ByteString, encodeUtf8 } from '../../../../protocol/byte-string.ts';
import { escapeAttribute } from '../../../../protocol/xmpp/escape.ts';
import { XML_DECLARATION } from './xml-document.ts';

export const DIALOG_INFO_TYPE = 'application/dialog-info+xml';

export interface DialogState {
  id: string;
  /** `initiator`: the entity calls; `recipient`: it is called. */
  direction: 'initiator' | 'recipient';
  state: 'trying' | 'early' | 'confirmed' | 'terminated';
}

/** `version` counts the documents of one subscription (section 4.1). */
export function writeDialogInfo(entity: string, version: number, dialogs: readonly DialogState[]): ByteString {
  let text = `${XML_DECLARATION}<dialog-info xmlns="urn:ietf:params:xml:ns:dialog-info" version="${version}" state="full" entity="${escapeAttribute(entity)}">\r\n`;
  // COMPAT: a lamp of some phones goes out only for a dialog that says it is over.
  if (dialogs.length === 0) text += '<dialog id="none"><state>terminated</state></dialog>\r\n';
  for (const { id, direction, state } of dialogs)
    text += `<dialog id="${escapeAttribute(id)}" direction="${direction}"><state>${state}</state></dialog>\r\n`;
  return encodeUtf8(`${text}</dialog-info>\r\n`);
}
