import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { XmppHost } from '../host.ts';

const PING = 'urn:xmpp:ping';

/** XEP-0199. */
export function answerPings(host: XmppHost): void {
  for (const target of ['server', 'account'] as const) {
    host.handleIq(target, 'ping', PING, ({ type }) => {
      if (type !== 'get') throw new StanzaError('bad-request');
      return undefined;
    });
    host.addFeature(target, PING);
  }
}
