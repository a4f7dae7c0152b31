import { xml } from '../../../protocol/xmpp/element.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { XmppHost } from '../host.ts';

const VERSION = 'jabber:iq:version';

/** XEP-0092; the operating system is nobody's business. */
export function tellVersion(host: XmppHost, version: string): void {
  host.addFeature('server', VERSION);
  host.handleIq('server', 'query', VERSION, ({ type }) => {
    if (type !== 'get') throw new StanzaError('bad-request');
    return xml('query', VERSION, {}, xml('name', VERSION, {}, 'Chappe'), xml('version', VERSION, {}, version));
  });
}
