import { xml } from '../../../protocol/xmpp/element.ts';
import type { XmppHost } from '../host.ts';

const VERSION = 'jabber:iq:version';

/** XEP-0092; the operating system is nobody's business. */
export function tellVersion(host: XmppHost, version: string): void {
  host.addFeature('server', VERSION);
  host.handleIq('server', 'query', VERSION, () =>
    xml('query', VERSION, {}, xml('name', VERSION, {}, 'Chappe'), xml('version', VERSION, {}, version)),
  );
}
