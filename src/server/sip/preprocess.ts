// Route information preprocessing (RFC 3261 section 16.4), and with it the one proof that a request belongs to a dialog:
// our signed token in its top Route (or in the Request-URI, behind a strict router).
import type { Request } from '../../protocol/sip/message.ts';
import { serializeUri } from '../../protocol/sip/uri.ts';
import type { Flow } from '../../transport/flow.ts';
import { type FlowToken, type FlowTokens, tagHash } from './flow-token.ts';
import type { Routing } from './routing.ts';
import { tryUri } from './try-uri.ts';

export interface DialogProof {
  token: FlowToken;
  fromCaller: boolean;
}

/** Own Route values in a row that are popped. */
const MOST_OWN_ROUTES = 4;

/** Edits the request. Throws ProtocolError (400) for a Route that cannot be read. */
export function preprocess(
  request: Request,
  flow: Flow,
  routing: Routing,
  tokens: FlowTokens,
): DialogProof | undefined {
  let token: FlowToken | undefined;
  // A strict router put our Record-Route value into the Request-URI: what it replaced is the last Route value.
  const { target } = request;
  if (target.user !== undefined && target.user.length > 30 && request.has('route')) {
    token = tokens.open(target.user, request.callId);
    if (token !== undefined) {
      const routes = request.values('route');
      request.uri = request.routes.at(-1)!.uri;
      routes.pop();
      if (routes.length > 0) request.set('route', routes.join(', '));
      else request.remove('route');
    }
  }
  // maddr that names us is not for anybody else to see
  const maddr = request.uri.includes('maddr') ? request.target.parameters.get('maddr') : undefined;
  if (maddr !== undefined && routing.isLocal({ ...request.target, host: maddr })) {
    const { port: _, ...uri } = request.target;
    const parameters = [...uri.parameters].filter(([name]) => name !== 'maddr' && name !== 'transport');
    request.uri = serializeUri({ ...uri, parameters });
  }
  // Route values that name us are popped, up to the first with a token.
  for (let i = 0; token === undefined && i < MOST_OWN_ROUTES && request.has('route'); i++) {
    const top = request.routes[0];
    const uri = top === undefined ? undefined : tryUri(top.uri);
    if (uri === undefined) break;
    if (uri.user !== undefined) token = tokens.open(uri.user, request.callId);
    if (token === undefined && !routing.isLocal(uri) && !namesThisConnection(uri.parameters.get('transport'), flow))
      break;
    request.removeFirstValue('route');
  }
  // A token without a To tag, or of other tags, is of no dialog.
  const to = token === undefined ? undefined : request.to.tag;
  if (token === undefined || to === undefined) return undefined;
  if (tagHash(request.from.tag ?? '') === token.callerTag) return { token, fromCaller: true };
  if (tagHash(to) === token.callerTag) return { token, fromCaller: false };
  return undefined;
}

/**
 * COMPAT: JsSIP's use_preloaded_route names us by whatever host its page knows. A client on a WebSocket can mean no
 * other server on a WebSocket than the one at the end of it.
 */
function namesThisConnection(transport: string | undefined, flow: Flow): boolean {
  if (flow.transport !== 'ws' && flow.transport !== 'wss') return false;
  return transport?.toLowerCase() === 'ws' || transport?.toLowerCase() === 'wss';
}
