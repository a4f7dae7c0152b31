import { dataForm } from '../../../protocol/xmpp/data-form.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { isAnswerable, payloadOf } from '../../../protocol/xmpp/stanza.ts';
import { resultReply, StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { SlotRefusal, UploadFolder } from '../../uploads/upload-folder.ts';
import type { XmppHost } from '../host.ts';
import type { XmppSession } from '../session.ts';

const UPLOAD = 'urn:xmpp:http:upload:0';

export interface UploadOptions {
  folder: Pick<UploadFolder, 'slot' | 'limits'>;
  /** Where a file is put and read: its URL. */
  url: (id: string, name: string) => string;
}

/** XEP-0363: `upload.DOMAIN` gives whoever has an account here a place for a file. */
export function giveUploadSlots(host: XmppHost, { folder, url }: UploadOptions): void {
  const domain = `upload.${host.domain}`;
  const form = dataForm('result', UPLOAD, [{ name: 'max-file-size', value: String(folder.limits.fileOctets) }]);
  const info = xml(
    'query',
    NS.DISCO_INFO,
    {},
    xml('identity', NS.DISCO_INFO, { category: 'store', type: 'file', name: 'Files' }),
    ...[NS.DISCO_INFO, NS.DISCO_ITEMS, UPLOAD].map((feature) => xml('feature', NS.DISCO_INFO, { var: feature })),
    form,
  );

  /** Section 5. */
  async function slot(request: Element, session: XmppSession | undefined): Promise<Element> {
    if (session === undefined || !host.accountExists(session.account))
      throw new StanzaError('forbidden', 'files are for those who have an account here');
    const { filename: name = '', size, 'content-type': type } = request.attributes;
    const octets = /^\d{1,15}$/.test(size ?? '') ? Number(size) : Number.NaN;
    const made = await folder.slot(session.jid.bare, { name, size: octets, ...(type !== undefined && { type }) });
    if (typeof made === 'string') throw refusal(made, folder.limits.fileOctets);
    const at = url(made.id, name);
    const token = xml('header', UPLOAD, { name: 'Authorization' }, `Bearer ${made.token}`);
    return xml('slot', UPLOAD, {}, xml('put', UPLOAD, { url: at }, token), xml('get', UPLOAD, { url: at }));
  }

  host.addDomain(domain, 'Files', {
    async receive(stanza, from, to, session) {
      if (stanza.name === 'presence' || !isAnswerable(stanza)) return;
      if (stanza.name === 'message') throw new StanzaError('service-unavailable');
      if (to.local !== undefined) throw new StanzaError('item-not-found');
      const payload = payloadOf(stanza);
      let answer: Element;
      if (stanza.attributes['type'] !== 'get') throw new StanzaError('service-unavailable');
      else if (payload.is('query', NS.DISCO_INFO)) answer = info;
      else if (payload.is('query', NS.DISCO_ITEMS)) answer = xml('query', NS.DISCO_ITEMS);
      else if (payload.is('request', UPLOAD)) answer = await slot(payload, session);
      else throw new StanzaError('service-unavailable');
      const result = resultReply(stanza, answer).with({ to: from.full });
      if (session !== undefined) session.send(result);
      else host.route(result);
    },
  });
}

function refusal(why: SlotRefusal, most: number): StanzaError {
  switch (why) {
    case 'name':
      return new StanzaError('bad-request', 'the name is empty, too long, or has signs that no name has');
    case 'type':
      return new StanzaError('not-acceptable', 'files of that type are not taken');
    case 'size': {
      const limit = xml('max-file-size', UPLOAD, {}, String(most));
      return new StanzaError('not-acceptable', `a file has 1 to ${most} octets`, {
        application: xml('file-too-large', UPLOAD, {}, limit),
      });
    }
    case 'quota':
      return new StanzaError('resource-constraint', 'your files take all the room that there is for you');
  }
}
