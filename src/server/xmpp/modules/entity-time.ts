import { formatDateTime } from '../../../protocol/xmpp/date-time.ts';
import { xml } from '../../../protocol/xmpp/element.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { XmppHost } from '../host.ts';

const TIME = 'urn:xmpp:time';

/** XEP-0202. A server's time zone says nothing to anybody: it is UTC. */
export function tellTime(host: XmppHost, wallClock: () => number): void {
  host.addFeature('server', TIME);
  host.handleIq('server', 'time', TIME, ({ type }) => {
    if (type !== 'get') throw new StanzaError('bad-request');
    return xml('time', TIME, {}, xml('tzo', TIME, {}, '+00:00'), xml('utc', TIME, {}, formatDateTime(wallClock())));
  });
}
