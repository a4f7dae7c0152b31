import { formatDateTime } from '../../../protocol/xmpp/date-time.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { IssuedCredential } from '../../credentials/issuer.ts';
import type { XmppHost } from '../host.ts';

const EXTERNAL = 'urn:xmpp:extdisco:2';

export interface ExternalServicesOptions {
  issue: (account: string) => Pick<IssuedCredential, 'username' | 'password' | 'ttl' | 'iceServers'>;
  /** Unix time in milliseconds. */
  now: () => number;
}

/** XEP-0215: this server's STUN and TURN, with credentials that expire, made for whoever asks. */
export function tellExternalServices(host: XmppHost, { issue, now }: ExternalServicesOptions): void {
  function services(account: string): Element[] {
    const { username, password, ttl, iceServers } = issue(account);
    const restricted = { restricted: 'true', username, password, expires: formatDateTime(now() + ttl * 1000) };
    return iceServers
      .flatMap(({ urls }) => urls)
      .flatMap((url) => {
        const found = /^(stuns?|turns?):(.*):(\d+)(?:\?transport=(\w+))?$/.exec(url);
        if (found === null) return [];
        const [, type = '', name = '', port, transport = 'udp'] = found;
        const service = { type, host: name.replace(/^\[|\]$/g, ''), port, transport };
        return xml('service', EXTERNAL, type.startsWith('turn') ? { ...service, ...restricted } : service);
      });
  }

  host.addFeature('server', EXTERNAL);
  // Section 3.2: all of them, or those of one type.
  host.handleIq('server', 'services', EXTERNAL, ({ type, payload, session }) => {
    if (type !== 'get') throw new StanzaError('bad-request');
    if (session === undefined) throw new StanzaError('forbidden');
    const wanted = payload.attributes['type'];
    const found = services(session.account).filter(
      ({ attributes }) => wanted === undefined || attributes['type'] === wanted,
    );
    return xml('services', EXTERNAL, { type: wanted }, ...found);
  });
  // Section 3.3: credentials of one service.
  host.handleIq('server', 'credentials', EXTERNAL, ({ type, payload, session }) => {
    if (type !== 'get') throw new StanzaError('bad-request');
    if (session === undefined) throw new StanzaError('forbidden');
    const wanted = payload.child('service')?.attributes;
    if (wanted?.['host'] === undefined || wanted['type'] === undefined)
      throw new StanzaError('bad-request', 'credentials of which service?');
    const found = services(session.account).filter(
      ({ attributes }) =>
        attributes['host'] === wanted['host'] &&
        attributes['type'] === wanted['type'] &&
        (wanted['port'] === undefined || attributes['port'] === wanted['port']),
    );
    if (found.length === 0) throw new StanzaError('item-not-found');
    return xml('credentials', EXTERNAL, {}, ...found);
  });
}
