// XEP-0115: what a client can do, by the hash in its presence; which nodes it wants to hear of (XEP-0163 section 4.3.2).
import type { Primitives } from '../../../protocol/primitives.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { type Capabilities, capabilitiesHash, capabilitiesOf } from '../../../protocol/xmpp/entity-capabilities.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import type { XmppHost } from '../host.ts';
import type { XmppSession } from '../session.ts';
import type { PepLimits } from './limits.ts';

const NOTIFY = '+notify';

export interface InterestsOptions {
  host: Pick<XmppHost, 'onPresence' | 'onSession' | 'requestIq'>;
  limits: PepLimits;
  primitives: Pick<Primitives, 'hash'>;
  /** A client is available whose interests are known: they were not before, or are others now. */
  onInterested: (session: XmppSession) => void;
}

export function wants(session: XmppSession, node: string): boolean {
  return session.features?.has(node + NOTIFY) === true;
}

/** The nodes that it wants to hear of. */
export function interestsOf(session: XmppSession): string[] {
  return [...(session.features ?? [])].filter((feature) => feature.endsWith(NOTIFY)).map((f) => f.slice(0, -7));
}

/** Keeps `features` of every session as its presence says; asks each kind of client once. */
export function learnInterests({ host, limits, primitives, onInterested }: InterestsOptions): void {
  /** By hash; the least recently learned goes first. */
  const known = new Map<string, ReadonlySet<string>>();
  /** What each session last said. */
  const said = new WeakMap<XmppSession, string | undefined>();

  async function ask(session: XmppSession, key: string, capabilities: Capabilities): Promise<void> {
    const query = xml('query', NS.DISCO_INFO, { node: `${capabilities.node}#${capabilities.ver}` });
    const answer = await host.requestIq(session, 'get', query);
    if (answer === undefined || !answer.is('query', NS.DISCO_INFO)) return;
    const features = featuresOf(answer, limits);
    // What the hash does not prove counts for this one client only: nobody speaks for others (section 5.4).
    if (capabilitiesHash(answer, capabilities.hash, primitives) === capabilities.ver) {
      known.set(key, features);
      for (const [oldest] of known) {
        if (known.size <= limits.capabilities) break;
        known.delete(oldest);
      }
    }
    if (said.get(session) === key && session.open && session.presence !== undefined) learned(session, features);
  }

  function learned(session: XmppSession, features: ReadonlySet<string>): void {
    session.features = features;
    onInterested(session);
  }

  host.onPresence((session, presence) => {
    const capabilities = presence === undefined ? undefined : capabilitiesOf(presence);
    const key = capabilities && `${capabilities.hash} ${capabilities.ver}`;
    if (said.get(session) === key) return;
    said.set(session, key);
    session.features = undefined;
    if (capabilities === undefined || key === undefined) return;
    const features = known.get(key);
    if (features !== undefined) learned(session, features);
    else ask(session, key, capabilities).catch(() => {}); // it does not answer: then it hears of nothing
  });
}

function featuresOf(query: Element, limits: PepLimits): ReadonlySet<string> {
  const features = query.elements('feature').slice(0, limits.features);
  return new Set(features.map(({ attributes }) => attributes['var'] ?? ''));
}
