// The stateful proxy (RFC 3261 section 16): where a request goes, by the location service, by a configured route, or,
// within a dialog, by the flow that our token names.
import type { ByteString } from '../../protocol/byte-string.ts';
import type { Request, Response } from '../../protocol/sip/message.ts';
import { parseUri } from '../../protocol/sip/uri.ts';
import type { Flow, Identity } from '../../transport/flow.ts';
import type { SipAccounts } from '../accounts/sip-accounts.ts';
import { type Answers, makeResponse } from './answer.ts';
import { stripAsserted } from './asserted-identity.ts';
import { removeOwnCredentials } from './authentication.ts';
import type { BranchMedia } from './branch-media.ts';
import { type Call, type Calls, reasonText } from './calls.ts';
import { type FlowToken, type FlowTokens, type TokenSide, tagHash } from './flow-token.ts';
import type { Forwarding } from './forward.ts';
import type { Gateway } from './gateway.ts';
import { gruuInstance } from './gruu.ts';
import type { Identities } from './identity.ts';
import type { Inbound } from './inbound.ts';
import type { SipLimits } from './limits.ts';
import type { Binding, Location } from './location.ts';
import { LostMedia, RENEWS } from './lost-media.ts';
import type { SipCounters } from './metrics.ts';
import type { Outbox } from './outbox.ts';
import type { Transports } from './ports.ts';
import { type Branch, type BranchCopy, type Forwarder, ResponseContext } from './response-context.ts';
import type { Peer, Routing } from './routing.ts';
import { type Target, userTargets } from './targets.ts';
import { ClientTransaction, type ClientUser, ServerTransaction, type TransactionLayer } from './transactions.ts';
import { tryUri } from './try-uri.ts';

/** Requests that make a dialog, or may (RFC 3261 section 12, RFC 6665, RFC 3515). */
const FORMS_DIALOG = new Set(['INVITE', 'SUBSCRIBE', 'REFER', 'NOTIFY']);

export interface ProxyParts {
  realm: string;
  limits: SipLimits;
  accounts: SipAccounts;
  identities: Identities;
  routing: Routing;
  location: Location;
  tokens: FlowTokens;
  forwarding: Forwarding;
  transactions: TransactionLayer;
  answers: Answers;
  outbox: Outbox;
  counters: SipCounters;
  calls: Calls;
  /** Milliseconds since 1970. */
  now: () => number;
  /** Relays media; none: all of it goes past this server. */
  gateway: Gateway | undefined;
  /** Connections by Flow.id. */
  flows: Map<string, Flow>;
}

export class SipProxy implements Forwarder {
  readonly transactions: TransactionLayer;
  readonly limits: SipLimits;
  readonly contexts = new Set<ResponseContext>();
  transports: Transports = { udpFlow: () => undefined };
  readonly #parts: ProxyParts;

  constructor(parts: ProxyParts) {
    this.#parts = parts;
    this.transactions = parts.transactions;
    this.limits = parts.limits;
  }

  /**
   * A request that the edge lets pass. `mayLeave`: its sender is one of ours, so that it may go to another domain.
   * `whenDone` is called when its server transaction is over.
   */
  receive(inbound: Inbound, mayLeave: boolean, whenDone?: () => void): void {
    if (!this.#start(inbound, mayLeave, whenDone)) whenDone?.();
  }

  /**
   * RFC 3261 section 16.3 items 3 to 5, which come before the sender is asked who it is (item 6). False: it has been
   * answered.
   */
  validate(inbound: Inbound): boolean {
    const { forwarding, counters, answers } = this.#parts;
    const { request } = inbound;
    // 3. Max-Forwards
    if (request.maxForwards === 0) return this.#answer(inbound, 483);
    // 4. Loop detection (RFC 5393 section 4.2)
    inbound.loopHash = forwarding.loopHash(request);
    if (forwarding.loops(request, inbound.loopHash)) {
      counters.loops += 1;
      return this.#answer(inbound, 482);
    }
    // 5. Proxy-Require: nothing that needs more than any proxy does
    if (!request.has('proxy-require')) return true;
    answers.reply(inbound, 420, undefined, [['Unsupported', request.values('proxy-require').join(', ')]]);
    return false;
  }

  /** False: it has been answered, and nothing was forwarded. */
  #start(inbound: Inbound, mayLeave: boolean, whenDone?: () => void): boolean {
    const { request } = inbound;
    const groups = this.#targets(inbound, mayLeave);
    if (groups === undefined) return false;
    // A Route that cannot be read must not be found out half-way.
    if (request.has('route')) for (const route of request.routes) parseUri(route.uri, 'Route');
    // 6. The server transaction, and 16.6 for each target
    this.#strip(inbound);
    const server = this.#serverTransaction(inbound);
    const context = new ResponseContext(this, inbound, server, groups, this.#breadth(request));
    context.whenDone = whenDone;
    if (request.method === 'INVITE' && inbound.token === undefined) context.call = this.#begin(inbound);
    server.start();
    try {
      context.start();
    } catch (error) {
      context.fail();
      throw error;
    }
    return true;
  }

  /** An ACK for a 2xx, within its dialog: passed on without state (RFC 3261 section 16.7, last paragraph). */
  receiveAck(inbound: Inbound): void {
    const { forwarding, gateway, outbox } = this.#parts;
    const { request } = inbound;
    if (request.maxForwards === 0) return;
    const target = this.#dialogTarget(inbound);
    if (target === undefined) return;
    this.#strip(inbound);
    const copy = forwarding.copy(request, target, forwarding.loopHash(request));
    const send = () => void outbox.send(target.flow, copy);
    const call = gateway === undefined ? undefined : this.#call(inbound);
    if (call === undefined || !gateway?.acknowledge(call, inbound, copy, send)) send();
  }

  // --- calls

  #begin(inbound: Inbound): Call {
    const { calls, identities } = this.#parts;
    const { request } = inbound;
    const { side, known } = this.#callerSide(inbound);
    return calls.begin({
      invite: request,
      caller: identities.localName(request.from.uri),
      callee: identities.localName(request.to.uri),
      callerSide: side,
      callerKnown: known,
      now: inbound.now,
    });
  }

  /** Nobody is there to be called. What is recorded is answered within a transaction: sent again, it is no other call. */
  #missed(inbound: Inbound, status: number): undefined {
    if (inbound.identity === undefined && inbound.peer === undefined) return this.#refuse(inbound, status);
    const server = this.#serverTransaction(inbound);
    this.#parts.calls.refused(this.#begin(inbound), status, 'server', undefined);
    server.start();
    server.respond(makeResponse(inbound.request, status, undefined));
  }

  #serverTransaction({ key, request, replyFlow, flow }: Inbound): ServerTransaction {
    return new ServerTransaction(this.transactions, key, request, replyFlow, flow.remote.address);
  }

  /** The call that a request within a dialog belongs to; undefined: none that began in this process. */
  #call({ token, now }: Inbound): Call | undefined {
    const call = token?.call === undefined ? undefined : this.#parts.calls.find(token.call);
    if (call !== undefined) call.heard = now;
    return call;
  }

  /** A request of our own within a dialog, to that side of it. Its answer changes nothing. */
  sendInDialog(side: TokenSide, request: Request): void {
    const { forwarding, outbox } = this.#parts;
    const now = this.#parts.now();
    const flow = this.#sideFlow(side, now);
    if (flow === undefined) return;
    const uri = this.#contactOfGruu(request, now);
    const copy = forwarding.copy(request, { flow, uri }, forwarding.loopHash(request));
    if (request.method === 'ACK') outbox.send(flow, copy);
    else new ClientTransaction(this.transactions, copy, flow, UNANSWERED).start();
  }

  /** A side of the call is reached no more, and its client has not come back either. */
  lost({ callerSide, calleeSide }: Call, now: number): boolean {
    return this.#isLost(callerSide, now) || (calleeSide !== undefined && this.#isLost(calleeSide, now));
  }

  #isLost(side: TokenSide, now: number): boolean {
    // Datagrams arrive or not, and to a domain there is always a new connection.
    if (side.udp !== undefined || side.route !== undefined) return false;
    return this.#sideFlow(side, now) === undefined;
  }

  // --- RFC 3261 section 16.5: targets

  /** Undefined: it has been answered, and nothing is to be forwarded. */
  #targets(inbound: Inbound, mayLeave: boolean): Target[][] | undefined {
    const { routing, location, identities, accounts, counters } = this.#parts;
    const { request } = inbound;
    if (inbound.token !== undefined) {
      const target = this.#dialogTarget(inbound);
      if (target !== undefined) return [[target]];
      counters.deadFlows += 1;
      return this.#refuse(inbound, 430);
    }
    const uri = request.target;
    // A Route set that a message brings along leads to configured routes only.
    const next = request.has('route') ? request.routes[0] : undefined;
    if (next !== undefined) {
      const peer = peerOfRoute(routing, next.uri);
      if (peer === undefined || !mayLeave) return this.#refuse(inbound, mayLeave ? 404 : 403);
      return this.#toPeer(inbound, peer);
    }
    if (routing.isLocal(uri)) {
      const name = uri.user === undefined ? undefined : identities.name(uri.user);
      if (name === undefined) return this.#refuse(inbound, 404);
      const groups = userTargets(location, name, uri, inbound.now);
      if (groups.length > 0) return groups;
      const status = accounts.exists(name) || location.all(name).length > 0 ? 480 : 404;
      return request.method === 'INVITE' ? this.#missed(inbound, status) : this.#refuse(inbound, status);
    }
    // The contact of a binding, as a Refer-To names it (attended transfer): to its flow, not to the address it shows.
    const binding = mayLeave ? location.byContact(uri, inbound.now) : undefined;
    if (binding !== undefined) return [[{ flow: binding.flow, binding, path: binding.path }]];
    const peer = routing.peer(uri.host) ?? routing.peerAt(uri);
    // From outside, only local users are reached.
    if (peer === undefined) return this.#refuse(inbound, mayLeave ? 404 : 403);
    if (!mayLeave) return this.#refuse(inbound, 403);
    return this.#toPeer(inbound, peer);
  }

  #toPeer(inbound: Inbound, peer: Peer): Target[][] | undefined {
    const flow = peer.reach(this.transports);
    if (flow === undefined) return this.#refuse(inbound, 500);
    if (flow.transport !== 'udp') this.#parts.flows.set(flow.id, flow);
    return [[{ flow, peer }]];
  }

  #answer(inbound: Inbound, status: number): false {
    this.#parts.answers.reply(inbound, status);
    return false;
  }

  #refuse(inbound: Inbound, status: number): undefined {
    this.#parts.answers.reply(inbound, status);
    return undefined;
  }

  /** Within a dialog: the other side's flow, whatever address the Request-URI and further Routes have. */
  #dialogTarget(inbound: Inbound): Target | undefined {
    const { token, request } = inbound;
    if (token === undefined) return undefined;
    const side = inbound.fromCaller ? token.callee : token.caller;
    const flow = this.#sideFlow(side, inbound.now);
    if (flow === undefined) return undefined;
    const target: Target = { flow };
    const uri = this.#contactOfGruu(request, inbound.now);
    if (uri !== undefined) target.uri = uri;
    return target;
  }

  /** RFC 5627 section 5.2: a remote target that is a GRUU of ours becomes the contact it stands for. */
  #contactOfGruu(request: Request, now: number): ByteString | undefined {
    if (!request.uri.includes(';gr')) return undefined;
    const { routing, identities, location } = this.#parts;
    const uri = request.target;
    const instance = gruuInstance(uri);
    const local = instance !== undefined && uri.user !== undefined && routing.isLocal(uri);
    const name = local ? identities.name(uri.user!) : undefined;
    if (name === undefined) return undefined;
    return location.reachable(name, now).findLast((binding) => binding.instance === instance)?.contact;
  }

  /** The way to a side as its token names it: the flow, else the one its client has registered by since. */
  #sideFlow(side: TokenSide, now: number): Flow | undefined {
    const { flows, location, routing } = this.#parts;
    if (side.flow !== undefined) {
      const flow = flows.get(side.flow);
      if (flow?.open) return flow;
    }
    if (side.binding !== undefined) {
      const binding = location.find(side.binding, now);
      if (binding !== undefined) return binding.flow;
    }
    if (side.udp !== undefined) return this.transports.udpFlow(side.udp, side.udp.localPort);
    return side.route === undefined ? undefined : routing.peer(side.route)?.reach(this.transports);
  }

  // --- Forwarder

  copyFor(context: ResponseContext, target: Target, maxBreadth: number, retry?: BranchMedia): BranchCopy {
    const { forwarding, tokens, gateway } = this.#parts;
    const { inbound, request, call } = context;
    const copy = {
      flow: target.flow,
      uri: target.uri,
      path: target.path,
      maxBreadth,
      recordRoute: undefined as string | undefined,
    };
    const media =
      retry ??
      (call === undefined ? this.#exchange(inbound) : gateway?.invite(call, inbound, target, calleeSide(target)));
    let user: string | undefined;
    if (inbound.token === undefined && FORMS_DIALOG.has(request.method)) {
      const caller = call?.callerSide ?? this.#callerSide(inbound).side;
      const token: FlowToken = { caller, callee: calleeSide(target), callerTag: tagHash(request.from.tag ?? '') };
      if (call !== undefined) token.call = call.id;
      if (media?.endsWithUs) token.relayed = true;
      user = tokens.sign(token, request.callId);
      copy.recordRoute = `<${forwarding.uri(target.flow, user)}>`;
    }
    const forwarded = forwarding.copy(request, copy, inbound.loopHash);
    if (target.peer?.trusted && inbound.identity !== undefined) this.#assert(forwarded, inbound.identity);
    return { request: forwarded, recordRoute: copy.recordRoute, media };
  }

  /** Within a dialog: its media, where that is relayed. With a BYE it is over. */
  #exchange(inbound: Inbound): BranchMedia | undefined {
    const call = this.#call(inbound);
    const { calls, gateway } = this.#parts;
    const { request, fromCaller, token } = inbound;
    if (call === undefined) {
      if (!token?.relayed || !RENEWS.has(request.method)) return undefined;
      return new LostMedia(request, (bye) => this.sendInDialog(fromCaller ? token.callee : token.caller, bye));
    }
    const media = gateway?.exchange(call, inbound);
    if (request.method === 'BYE') {
      const tag = fromCaller ? request.to.tag : request.from.tag;
      calls.dialogEnded(call, tag ?? '', fromCaller ? 'caller' : 'callee', reasonText(request.get('reason')));
    }
    return media;
  }

  upstream(context: ResponseContext, response: Response, branch: Branch | undefined): void {
    const { call } = context;
    if (call !== undefined && response.status >= 200) this.#final(context, call, response, branch);
    else if (call !== undefined && response.status > 100) this.#parts.calls.rings(call);
    if (branch === undefined) return;
    // RFC 3325 section 5: what a stranger asserts goes no further.
    if (!branch.target.peer?.trusted) stripAsserted(response);
    // RFC 3261 section 16.7 step 8: each side gets the Record-Route by which it reaches us.
    const { recordRoute } = branch;
    if (recordRoute === undefined || !response.has('record-route')) return;
    const { forwarding } = this.#parts;
    const user = recordRoute.slice(recordRoute.indexOf(':') + 1, recordRoute.indexOf('@'));
    const upstream = `<${forwarding.uri(context.flow, user)}>`;
    if (upstream === recordRoute) return;
    const fields = response.all('record-route').map((value) => replaceRoute(value, user, upstream));
    response.set('record-route', fields.join(', '));
  }

  #final(context: ResponseContext, call: Call, response: Response, branch: Branch | undefined): void {
    const { calls } = this.#parts;
    const { status, reason, to } = response;
    if (status < 300) {
      calls.answered(call, to.tag ?? '', branch && calleeSide(branch.target));
      return;
    }
    if (context.cancelled) calls.refused(call, status, 'caller', reasonText(context.cancelReason));
    else calls.refused(call, status, branch === undefined ? 'server' : 'callee', reason);
  }

  over({ call }: ResponseContext): void {
    if (call !== undefined && call.answered === undefined) this.#parts.calls.end(call, 'server', undefined);
  }

  unreachable(target: Target): void {
    const { binding } = target;
    this.#parts.counters.deadFlows += 1;
    if (binding !== undefined && !binding.flow.open) this.#parts.location.remove(binding);
  }

  /** `known`: where what is learned of it is kept. */
  #callerSide(inbound: Inbound): { side: TokenSide; known: Binding | Peer | undefined } {
    const { flow, state, peer } = inbound;
    const side = flowSide(flow);
    if (peer !== undefined) side.route = peer.domain;
    let binding: Binding | undefined;
    if (flow.transport !== 'udp') binding = state.bindings.at(-1);
    else {
      const name = this.#parts.identities.localName(inbound.request.from.uri);
      const { address, port } = flow.remote;
      if (name !== undefined)
        binding = this.#parts.location
          .all(name)
          .find(({ flow: { remote } }) => remote.address === address && remote.port === port);
    }
    if (binding !== undefined) side.binding = binding.id;
    return { side, known: binding ?? peer };
  }

  // --- what goes no further than here

  #strip(inbound: Inbound): void {
    const { request } = inbound;
    removeOwnCredentials(request, this.#parts.realm);
    if (!inbound.peer?.trusted) stripAsserted(request);
  }

  /** RFC 3325 section 5 and 7: who it is, for those who are trusted, unless the user asked for privacy. */
  #assert(request: Request, identity: Identity): void {
    const privacy = request.has('privacy') ? (request.get('privacy') ?? '').toLowerCase() : '';
    if (/(?:^|[;\s])(?:id|user)(?:$|[;\s])/.test(privacy)) return;
    request.set('p-asserted-identity', `<sip:${encodeURIComponent(identity.name)}@${this.#parts.realm}>`);
  }

  /** RFC 5393 section 5.3.3. */
  #breadth(request: Request): number {
    const most = this.limits.branches;
    const value = request.get('max-breadth');
    if (value === undefined) return most;
    return /^\d{1,9}$/.test(value) ? Math.min(most, Number(value)) : most;
  }
}

/** The one `<...>` with that user part becomes another; the rest of the field stays, however it is written. */
function replaceRoute(value: ByteString, user: string, route: ByteString): ByteString {
  const at = value.indexOf(`${user}@`);
  const from = at < 0 ? -1 : value.lastIndexOf('<', at);
  const to = at < 0 ? -1 : value.indexOf('>', at);
  return from < 0 || to < 0 ? value : value.slice(0, from) + route + value.slice(to + 1);
}

function calleeSide(target: Target): TokenSide {
  const side = flowSide(target.flow);
  if (target.binding !== undefined) side.binding = target.binding.id;
  if (target.peer !== undefined) side.route = target.peer.domain;
  return side;
}

function flowSide(flow: Flow): TokenSide {
  if (flow.transport !== 'udp') return { flow: flow.id };
  return { udp: { localPort: flow.local.port, address: flow.remote.address, port: flow.remote.port } };
}

function peerOfRoute(routing: Routing, text: ByteString): Peer | undefined {
  const uri = tryUri(text);
  return uri === undefined ? undefined : (routing.peer(uri.host) ?? routing.peerAt(uri));
}

/** Nobody waits for the answer to a request that ends a dialog. */
const UNANSWERED: ClientUser = { onResponse() {}, onTimeout() {}, onTransportError() {} };
