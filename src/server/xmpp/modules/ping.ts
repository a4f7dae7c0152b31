import type { XmppHost } from '../host.ts';

const PING = 'urn:xmpp:ping';

/** XEP-0199. */
export function answerPings(host: XmppHost): void {
  for (const target of ['server', 'account'] as const) {
    host.handleIq(target, 'ping', PING, () => undefined);
    host.addFeature(target, PING);
  }
}
