// Resource binding (RFC 6120 section 7): who had the resource gives way, since it is mostly the same client, come back.
import { randomBytes } from 'node:crypto';
import { Jid, prepareResource } from '../../../protocol/xmpp/jid.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import type { Identity } from '../../../transport/flow.ts';
import { ClientSession } from './client-session.ts';
import type { XmppConnection } from './connection.ts';
import type { StreamContext } from './stream-context.ts';

/**
 * The session has the connection from here on; whoever calls tells the client, and then the router. `wanted`: as the client
 * wrote it; absent: one is made. Throws StanzaError.
 */
export function bindResource(
  context: StreamContext,
  connection: XmppConnection,
  identity: Identity,
  wanted: string | undefined,
): ClientSession {
  const { router, limits } = context;
  const resource =
    wanted === undefined || wanted === '' ? randomBytes(8).toString('base64url') : prepareResource(wanted);
  if (resource === undefined) throw new StanzaError('bad-request', 'That can be no resource.');
  const jid = new Jid(identity.name, router.domain, resource);
  router.session(jid)?.end('conflict', 'Your resource is bound elsewhere.');
  const others = [...router.sessions(identity.name)];
  if (others.length >= limits.resources) {
    const held = others.find((other) => other instanceof ClientSession && other.held);
    if (held === undefined) throw new StanzaError('resource-constraint', 'Too many resources are bound.');
    held.end('policy-violation', 'Too many resources are bound.');
  }
  const session = new ClientSession(context, connection, jid, identity);
  context.sessions.add(session);
  connection.handler = session;
  const { transport, remote } = connection;
  context.log.debug({ jid: jid.full, transport, remote: remote.address }, 'resource bound');
  return session;
}
