import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { IqRequest, XmppHost } from '../host.ts';

/** XEP-0280 sections 3 to 5: a client says whether it wants copies; the inbox makes them. */
export function switchCarbons(host: XmppHost): void {
  host.addFeature('server', NS.CARBONS);
  host.addFeature('server', 'urn:xmpp:carbons:rules:0');
  host.addFeature('account', NS.CARBONS);
  const turn =
    (on: boolean) =>
    ({ type, from, to, session }: IqRequest) => {
      if (session === undefined || from.bare !== to.bare) throw new StanzaError('forbidden');
      if (type !== 'set') throw new StanzaError('bad-request');
      session.carbons = on;
      return undefined;
    };
  host.handleIq('account', 'enable', NS.CARBONS, turn(true));
  host.handleIq('account', 'disable', NS.CARBONS, turn(false));
}
