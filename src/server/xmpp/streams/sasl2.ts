// SASL2 (XEP-0388): what comes with a login, done within its success: a token (XEP-0484), resumption (XEP-0198), a bound
// resource (XEP-0386).
import { hash } from 'node:crypto';
import { toBase64 } from '../../../protocol/primitives.ts';
import { type Element, xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { StreamError } from '../../../protocol/xmpp/stream-error.ts';
import { bindResource } from './binding.ts';
import type { ClientSession } from './client-session.ts';
import type { XmppConnection } from './connection.ts';
import { TOKEN_MECHANISMS, type TokenMechanism } from './fast-tokens.ts';
import { FAST } from './features.ts';
import type { SaslStep } from './sasl-exchange.ts';
import type { LoginContext } from './stream-context.ts';

export interface Sasl2Request {
  mechanism: string | undefined;
  /** Base64, as it came; '': none. */
  initial: string;
  /** Of its `<user-agent/>`: the id, stable for an installed client. */
  client: string | undefined;
  bind: Element | undefined;
  resume: Element | undefined;
  /** The mechanism that a token is asked for. */
  tokenFor: TokenMechanism | undefined;
  /** The token that this login uses is to end with it. */
  invalidate: boolean;
}

/** An id is a UUID; nothing else can be worth more. */
const CLIENT_ID = 64;

export function readSasl2(element: Element): Sasl2Request {
  const id = element.child('user-agent')?.attributes['id'];
  const initial = element.child('initial-response');
  const wanted = element.child('request-token', FAST)?.attributes['mechanism'];
  const invalidate = element.child('fast', FAST)?.attributes['invalidate'];
  return {
    mechanism: element.attributes['mechanism'],
    initial: initial === undefined ? '' : initial.text === '' ? '=' : initial.text,
    client: id !== undefined && id !== '' && id.length <= CLIENT_ID ? id : undefined,
    bind: element.child('bind', NS.BIND2),
    resume: element.child('resume', NS.SM),
    tokenFor: TOKEN_MECHANISMS.find((mechanism) => mechanism === wanted),
    invalidate: invalidate === 'true' || invalidate === '1',
  };
}

/** Its `<success/>`, and the session that has the connection now, if one does. Throws StreamError. */
export async function sasl2Success(
  context: LoginContext,
  connection: XmppConnection,
  request: Sasl2Request,
  step: Extract<SaslStep, { identity: object }>,
): Promise<{ success: Element; session: ClientSession | undefined; resumed: boolean }> {
  const { identity, additional } = step;
  const token = await tokenFor(context, connection, request, step);
  const resumption =
    request.resume === undefined ? undefined : await context.resume(connection, request.resume, identity);
  const resumed = resumption !== undefined && 'resumed' in resumption;
  let session: ClientSession | undefined;
  let outcome: Element | undefined;
  if (resumed) session = resumption.session;
  else if (request.bind !== undefined && connection.open)
    ({ session, bound: outcome } = bind2(context, connection, request, request.bind, identity));
  const success = xml(
    'success',
    NS.SASL2,
    {},
    additional === undefined ? undefined : xml('additional-data', NS.SASL2, {}, toBase64(additional)),
    xml('authorization-identifier', NS.SASL2, {}, session?.jid.full ?? `${identity.name}@${context.router.domain}`),
    token,
    resumption === undefined ? undefined : 'resumed' in resumption ? resumption.resumed : resumption.failed,
    outcome,
  );
  return { success, session, resumed };
}

async function tokenFor(
  { tokens, mechanisms }: LoginContext,
  connection: XmppConnection,
  request: Sasl2Request,
  step: Extract<SaslStep, { identity: object }>,
): Promise<Element | undefined> {
  const { client, invalidate } = request;
  if (client === undefined) return undefined;
  if (invalidate) {
    await tokens.revoke(step.identity.name, client);
    return undefined;
  }
  const used = TOKEN_MECHANISMS.find((mechanism) => mechanism === request.mechanism);
  const mechanism = request.tokenFor ?? (step.renewToken === true ? used : undefined);
  if (mechanism === undefined || !mechanisms.offeredForTokens(connection).includes(mechanism)) return undefined;
  const { token, expires } = await tokens.issue(step.identity, client, mechanism);
  return xml('token', FAST, { token, expiry: new Date(expires).toISOString() });
}

/** XEP-0386: a resource that this client had before, whatever became of its last connection. */
function bind2(
  context: LoginContext,
  connection: XmppConnection,
  { client }: Sasl2Request,
  bind: Element,
  identity: Parameters<typeof bindResource>[2],
): { session: ClientSession; bound: Element } {
  const tag = (bind.childText('tag') ?? '').slice(0, 64);
  const instance =
    client === undefined ? undefined : hash('sha256', `${identity.name} ${client}`, 'base64url').slice(0, 11);
  const wanted = instance === undefined ? undefined : tag === '' ? instance : `${tag}.${instance}`;
  let session: ClientSession;
  try {
    session = bindResource(context, connection, identity, wanted);
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error;
    throw new StreamError(error.condition === 'resource-constraint' ? 'resource-constraint' : 'policy-violation');
  }
  const outcome: Array<Element | undefined> = [];
  for (const child of bind.elements()) {
    if (child.is('enable', NS.SM)) outcome.push(session.enableManagement(child));
    else if (child.is('enable', NS.CARBONS)) session.carbons = true;
    else if (child.is('inactive', NS.CSI)) session.beInactive();
  }
  outcome.push(...(context.router.inlineBound?.(session, bind) ?? []));
  return { session, bound: xml('bound', NS.BIND2, {}, ...outcome) };
}
