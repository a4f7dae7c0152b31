// Stream features (RFC 6120 section 4.3.2): what a client may do next.
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import type { XmppConnection } from './connection.ts';
import { bindingsOf, type Mechanisms } from './mechanisms.ts';
import type { StreamRouter } from './router.ts';

const CHANNEL_BINDING = 'urn:xmpp:sasl-cb:0';
export const FAST = 'urn:xmpp:fast:0';

/** Before the login: STARTTLS, SASL, and SASL2 with what it can do at once. */
export function loginFeatures(connection: XmppConnection, mechanisms: Mechanisms, router: StreamRouter): Element {
  const offered = mechanisms.offered(connection);
  const features: Array<Element | undefined> = [];
  if (connection.startTls !== undefined)
    features.push(xml('starttls', NS.TLS, {}, offered.length === 0 ? xml('required', NS.TLS) : undefined));
  if (offered.length > 0) {
    features.push(xml('mechanisms', NS.SASL, {}, ...offered.map((name) => xml('mechanism', NS.SASL, {}, name))));
    features.push(
      xml(
        'authentication',
        NS.SASL2,
        {},
        ...offered.map((name) => xml('mechanism', NS.SASL2, {}, name)),
        xml('inline', NS.SASL2, {}, inlineBind(router), xml('sm', NS.SM), fast(connection, mechanisms)),
      ),
    );
  }
  const bindings = bindingsOf(connection); // XEP-0440
  if (bindings.length > 0)
    features.push(
      xml(
        'sasl-channel-binding',
        CHANNEL_BINDING,
        {},
        ...bindings.map((type) => xml('channel-binding', CHANNEL_BINDING, { type })),
      ),
    );
  return xml('features', NS.STREAMS, {}, ...features);
}

/** XEP-0386. */
function inlineBind(router: StreamRouter): Element {
  const names = [NS.CARBONS, NS.SM, NS.CSI, ...(router.bindFeatures?.() ?? [])];
  return xml(
    'bind',
    NS.BIND2,
    {},
    xml('inline', NS.BIND2, {}, ...names.map((name) => xml('feature', NS.BIND2, { var: name }))),
  );
}

/** XEP-0484. */
function fast(connection: XmppConnection, mechanisms: Mechanisms): Element | undefined {
  const offered = mechanisms.offeredForTokens(connection);
  if (offered.length === 0) return undefined;
  return xml('fast', FAST, {}, ...offered.map((name) => xml('mechanism', FAST, {}, name)));
}

/** After the login: bind, and what comes with it. `session`: Bind 2 has done that already. */
export function sessionFeatures(router: StreamRouter, session?: { managed: boolean }): Element {
  const binding =
    session === undefined ? [xml('bind', NS.BIND), xml('session', NS.SESSION, {}, xml('optional', NS.SESSION))] : [];
  const management = session?.managed === true ? undefined : xml('sm', NS.SM);
  return xml('features', NS.STREAMS, {}, ...binding, management, xml('csi', NS.CSI), ...router.streamFeatures());
}
