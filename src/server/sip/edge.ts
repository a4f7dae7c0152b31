// The edge: what comes off a flow is parsed, bounded and checked here, its sender is identified, and it is given to
// the registrar or the proxy. Whatever a stranger sends ends in an answer or in silence, never in a fault.
import type { ByteString } from '../../protocol/byte-string.ts';
import { ProtocolError } from '../../protocol/errors.ts';
import { hostAddress } from '../../protocol/sip/host.ts';
import type { Request, Response } from '../../protocol/sip/message.ts';
import { parseMessage, salvageRequest } from '../../protocol/sip/parse.ts';
import {
  cancelledTransactionKey,
  clientTransactionKey,
  serverTransactionKey,
} from '../../protocol/sip/transaction-key.ts';
import { validateRequest, validateResponse } from '../../protocol/sip/validate.ts';
import { serializeVia } from '../../protocol/sip/via.ts';
import type { Flow } from '../../transport/flow.ts';
import { ALLOW, type Answers, type ExtraFields, makeResponse, SUPPORTED } from './answer.ts';
import { type Authentication, type CredentialField, offersCredentials, type Refusal } from './authentication.ts';
import { flowState } from './flow-state.ts';
import type { FlowTokens } from './flow-token.ts';
import { hasExpired, type Identities } from './identity.ts';
import type { Inbound } from './inbound.ts';
import type { SipLimits } from './limits.ts';
import type { SipMessaging } from './messaging/sip-messaging.ts';
import { count, methodLabel, type SipCounters } from './metrics.ts';
import type { Outbox } from './outbox.ts';
import type { Overload } from './overload.ts';
import type { Logger, Transports } from './ports.ts';
import { preprocess } from './preprocess.ts';
import type { SipProxy } from './proxy.ts';
import { Refreshes } from './refresh.ts';
import type { RegisterAnswer, Registrar } from './registrar.ts';
import { ResponseContext } from './response-context.ts';
import type { Routing } from './routing.ts';
import { ServerTransaction, type TransactionLayer } from './transactions.ts';
import { tryUri } from './try-uri.ts';

export interface EdgeParts {
  /** The largest message in octets: the transports' bound. */
  messageBytes: number;
  limits: SipLimits;
  /** auth.required of the configuration. */
  authRequired: boolean;
  routing: Routing;
  tokens: FlowTokens;
  identities: Identities;
  authentication: Authentication;
  overload: Overload;
  transactions: TransactionLayer;
  registrar: Registrar;
  proxy: SipProxy;
  /** What the server does itself with messages and events; none: it only passes them on. */
  messaging: SipMessaging | undefined;
  answers: Answers;
  outbox: Outbox;
  counters: SipCounters;
  log: Logger;
  wallClock: () => number;
}

/** After an ACK or a CANCEL of an expired credential has passed: what the dialog gets to end before 1008. */
const LAST_WORDS = 2_000;
const POLICY_VIOLATION = 1008;

export class Edge {
  transports: Transports = { udpFlow: () => undefined };
  readonly #parts: EdgeParts;
  readonly #size: { size: number };
  readonly #refreshes: Refreshes;

  constructor(parts: EdgeParts) {
    this.#parts = parts;
    this.#size = { size: parts.messageBytes };
    this.#refreshes = new Refreshes(parts);
  }

  receive(flow: Flow, text: ByteString) {
    const state = flowState(flow);
    if (state.refresh !== undefined && this.#refreshes.take(flow, state, state.refresh, text)) return;
    let message: Request | Response;
    try {
      message = parseMessage(text, this.#size) as Request | Response;
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      return this.refuseText(flow, text, error);
    }
    if (message.kind === 'response') this.#receiveResponse(flow, message);
    else this.#receiveRequest(flow, message);
  }

  /** What is no message at all: answered where it says at least who asked (RFC 3261 section 18.3, 21.4.1, 21.4.11). */
  refuseText(flow: Flow, text: ByteString | undefined, error: ProtocolError): void {
    this.#parts.counters.malformed += 1;
    const { status, close } = error.answer;
    const request = status === undefined || text === undefined ? undefined : salvageRequest(text, this.#size);
    if (request !== undefined) this.#refuseMalformed(flow, request, error);
    if (close !== undefined && flow.transport !== 'udp') flow.close(close, error.message);
  }

  #refuseMalformed(flow: Flow, request: Request, error: ProtocolError): void {
    if (request.method === 'ACK' || !request.has('via')) return;
    const status = error.answer.status ?? 400;
    this.#parts.outbox.send(flow, makeResponse(request, status, error.message));
  }

  // --- responses

  #receiveResponse(flow: Flow, response: Response): void {
    const { counters, transactions } = this.#parts;
    count(counters.responses, `${Math.floor(response.status / 100)}xx`);
    try {
      validateResponse(response);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      counters.malformed += 1;
      return;
    }
    // RFC 6026 section 7.3: what belongs to no transaction goes no further.
    const transaction = transactions.clients.get(clientTransactionKey(response));
    if (transaction === undefined) return;
    // Nor does what comes from somebody else than was asked.
    const asked = transaction.flow;
    if (asked !== flow && (flow.transport !== asked.transport || flow.remote.address !== asked.remote.address)) return;
    if (asked !== flow && flow.transport !== 'udp' && flow.transport !== 'tcp' && flow.transport !== 'tls') return;
    try {
      transaction.receive(response);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      counters.malformed += 1;
    }
  }

  // --- requests

  #receiveRequest(flow: Flow, request: Request) {
    const { counters, transactions, overload, answers } = this.#parts;
    count(counters.requests, methodLabel(request.method));
    let inbound: Inbound;
    try {
      validateRequest(request);
      inbound = this.#inbound(flow, request);
      // RFC 3261 section 17.2.3: a retransmission, or the ACK of a final response
      const known = transactions.servers.get(inbound.key);
      // (COMPAT: some send the ACK of a 2xx with the branch of its INVITE. It is the other side's all the same.)
      if (known !== undefined && !(request.method === 'ACK' && known.state === 'accepted')) {
        if (request.method !== 'ACK') counters.retransmissions += 1;
        return known.receive(request);
      }
      if (request.method === 'CANCEL') return this.#cancel(inbound);
      const proof = preprocess(request, flow, this.#parts.routing, this.#parts.tokens);
      if (proof !== undefined) {
        inbound.token = proof.token;
        inbound.fromCaller = proof.fromCaller;
      }
      if (request.method === 'ACK') return this.#ack(inbound);
      if (proof === undefined) {
        const retryAfter = overload.refuse(flow, inbound.state, request.method, transactions.clock.now());
        if (retryAfter > 0) {
          counters.overloaded += 1;
          return answers.reply(inbound, 503, undefined, [['Retry-After', String(retryAfter)]]);
        }
      }
      if (this.#validate(inbound)) this.#identify(inbound);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      counters.malformed += 1;
      this.#refuseMalformed(flow, request, error);
    }
  }

  /** What is refused whoever sends it: in this order, RFC 3261 sections 10.3 (step 2) and 16.3. */
  #validate(inbound: Inbound): boolean {
    const { request, token } = inbound;
    if (token === undefined && this.#parts.routing.isLocal(request.target)) {
      if (request.method === 'REGISTER') {
        const unsupported = this.#parts.registrar.unsupported(request);
        if (unsupported === '') return true;
        this.#parts.answers.reply(inbound, 420, undefined, [['Unsupported', unsupported]]);
        return false;
      }
      if (request.target.user === undefined && !request.has('route')) return true;
    }
    return this.#parts.proxy.validate(inbound);
  }

  /** Where it came from (RFC 3261 section 18.2.1, RFC 3581), and what is asked of it again and again. */
  #inbound(flow: Flow, request: Request): Inbound {
    const { via } = request;
    const key = serverTransactionKey(request);
    let replyFlow = flow;
    const webSocket = flow.transport === 'ws' || flow.transport === 'wss';
    // RFC 7118 section 5.2.3: no received for a WebSocket client, unless it asks by rport.
    if (
      via.rport !== undefined ||
      (!webSocket && hostAddress(via.host) !== flow.remote.address) ||
      via.received !== undefined
    ) {
      const parameters = new Map(via.parameters);
      const { address, port } = flow.remote;
      if (!webSocket || via.rport !== undefined) parameters.set('received', address);
      else parameters.delete('received');
      if (via.rport !== undefined) parameters.set('rport', String(port));
      const { transport, host } = via;
      const value = serializeVia(
        via.port === undefined ? { transport, host, parameters } : { transport, host, port: via.port, parameters },
      );
      request.replaceFirstValue('via', value);
    }
    if (flow.transport === 'udp' && via.rport === undefined) {
      // RFC 3261 section 18.2.2: the source address, with the sent-by port
      const port = via.port ?? 5060;
      if (port !== flow.remote.port && port > 0)
        replyFlow = this.transports.udpFlow({ address: flow.remote.address, port }, flow.local.port) ?? flow;
    }
    return {
      request,
      flow,
      state: flowState(flow),
      replyFlow,
      now: this.#parts.wallClock(),
      key,
      token: undefined,
      fromCaller: false,
      loopHash: '',
      identity: undefined,
      peer: undefined,
      prolongs: undefined,
    };
  }

  /** RFC 3261 sections 9.2 and 16.10. Whoever sent the INVITE may cancel it, also when its credential has expired. */
  #cancel(inbound: Inbound) {
    const { transactions, answers } = this.#parts;
    const { request, flow, state, now } = inbound;
    const cancelled = transactions.servers.get(cancelledTransactionKey(request));
    const context = cancelled?.user;
    const expired = state.identity !== undefined && hasExpired(state.identity, now);
    if (!(context instanceof ResponseContext) || !sameSource(context.flow, flow)) {
      if (expired) return this.#forbid(inbound);
      return answers.reply(inbound, 481);
    }
    answers.reply(inbound, 200);
    context.cancel(request.get('reason'));
    if (expired) this.#closeSoon(inbound);
  }

  /** An ACK for a 2xx passes by its token; any other is for nobody. Never answered. */
  #ack(inbound: Inbound): void {
    if (inbound.token === undefined) return;
    this.#parts.proxy.receiveAck(inbound);
    const { identity } = inbound.state;
    if (identity !== undefined && hasExpired(identity, inbound.now)) this.#closeSoon(inbound);
  }

  // --- who sends it

  #identify(inbound: Inbound) {
    const { state, request, now } = inbound;
    const inDialog = inbound.token !== undefined;
    const { identity } = state;
    if (identity === undefined) {
      if (inDialog) return this.#dispatch(inbound);
      return this.#identifyStranger(inbound);
    }
    inbound.identity = identity;
    const { identities } = this.#parts;
    const renewing = request.method === 'REGISTER' && !inDialog && this.#renews(inbound);
    if (hasExpired(identity, now) && !renewing) {
      if (inDialog && request.method === 'BYE')
        return this.#dispatch(inbound, () => this.#close(inbound, 'Credential expired'));
      return this.#forbid(inbound);
    }
    if (inDialog) return this.#dispatch(inbound);
    if (!identities.matches(inbound, identity)) {
      // COMPAT: phones with several lines share one TCP or TLS connection, so an account that proved itself by digest
      // does not speak for the whole of it: the other line is asked for its own proof.
      if (isStream(inbound.flow) && identity.expires === undefined) {
        inbound.identity = undefined;
        return this.#identifyStranger(inbound);
      }
      return this.#forbid(inbound);
    }
    if (renewing) return this.#renew(inbound);
    this.#dispatch(inbound);
  }

  #identifyStranger(inbound: Inbound) {
    const { routing, authRequired, identities, answers } = this.#parts;
    const { request, flow, state } = inbound;
    const { method } = request;
    const local = routing.isLocal(request.target);
    const toServer = (method === 'REGISTER' || method === 'PUBLISH') && local;
    // A configured domain speaks for its own users.
    if (routing.peers.length > 0 && method !== 'REGISTER' && method !== 'PUBLISH') {
      const from = tryUri(request.from.uri);
      inbound.peer = from === undefined ? undefined : routing.peerSpeakingFor(flow, from.host);
      if (inbound.peer !== undefined) return this.#dispatch(inbound);
    }
    if (!authRequired) return this.#dispatch(inbound);
    if (method === 'OPTIONS' && local && request.target.user === undefined) return this.#dispatch(inbound);
    const field: CredentialField = toServer ? 'authorization' : 'proxy-authorization';
    const verdict = this.#parts.authentication.verify(inbound, field);
    if (typeof verdict === 'string') return this.#challenge(inbound, field, verdict);
    // RFC 3261 section 22: it is who it says; now, does it say so in From?
    inbound.identity = verdict.identity;
    if (flow.reliable) state.identity = verdict.identity;
    if (!identities.matches(inbound, verdict.identity)) {
      if (flow.reliable) return this.#forbid(inbound);
      this.#parts.counters.identityRefused += 1;
      return answers.reply(inbound, 403);
    }
    this.#dispatch(inbound);
  }

  #challenge(inbound: Inbound, field: CredentialField, verdict: Refusal) {
    const { answers, authentication } = this.#parts;
    const { request, now, flow } = inbound;
    if (verdict === 'throttled') {
      if (flow.reliable) answers.reply(inbound, 503, undefined, [['Retry-After', '30']]);
      return; // a scanner on UDP is not worth a datagram
    }
    // COMPAT: baresip 1 answers each new challenge with the same wrong password, 16 times in 20 ms: 403 ends that.
    if (verdict === 'invalid') return answers.reply(inbound, 403);
    const fields = authentication.challenge(request, field, now, verdict === 'stale');
    answers.reply(inbound, field === 'authorization' ? 401 : 407, undefined, fields);
  }

  /** A REGISTER on an authenticated connection that brings credentials of its own renews the connection's. */
  #renews(inbound: Inbound): boolean {
    return offersCredentials(inbound.request, 'authorization', this.#parts.authentication.realm);
  }

  #renew(inbound: Inbound) {
    const { authentication } = this.#parts;
    const { state } = inbound;
    const verdict = authentication.verify(inbound, 'authorization');
    if (typeof verdict === 'string') return this.#challenge(inbound, 'authorization', verdict);
    const { identity } = verdict;
    if (identity.name !== state.identity?.name) return this.#forbid(inbound);
    const before = state.identity.expires;
    const longer = before !== undefined && (identity.expires === undefined || identity.expires > before);
    if (longer) state.identity = identity;
    inbound.identity = state.identity;
    this.#dispatch(inbound);
  }

  /** 403, and the connection is over. */
  #forbid(inbound: Inbound): void {
    this.#parts.counters.identityRefused += 1;
    this.#parts.answers.reply(inbound, 403);
    this.#close(inbound, 'Policy Violation');
  }

  #close(inbound: Inbound, reason: string): void {
    if (inbound.flow.transport !== 'udp') inbound.flow.close(POLICY_VIOLATION, reason);
  }

  #closeSoon(inbound: Inbound): void {
    const { state } = inbound;
    if (state.closing) return;
    state.closing = true;
    this.#parts.transactions.clock.setTimer(LAST_WORDS, () => {
      state.closing = false;
      // A fresh credential may have come meanwhile.
      const { identity } = state;
      if (identity !== undefined && hasExpired(identity, this.#parts.wallClock()))
        this.#close(inbound, 'Credential expired');
    });
  }

  // --- what is wanted

  #dispatch(inbound: Inbound, whenDone?: () => void) {
    const { routing, answers, proxy, messaging, authRequired } = this.#parts;
    const { request } = inbound;
    if (inbound.token === undefined && !request.has('route') && routing.isLocal(request.target)) {
      const { method, target } = request;
      if (method === 'REGISTER') return this.#register(inbound);
      if (target.user === undefined) return this.#toServer(inbound);
      if (messaging?.receive(inbound)) return;
      if (method === 'PUBLISH' || (method === 'SUBSCRIBE' && asksTheServer(request)))
        return answers.reply(inbound, 489, undefined, this.#events());
      // RFC 3261 section 12.2.2: a request of a dialog that we know nothing of, and that names nobody here
      if (request.to.tag !== undefined && MID_DIALOG.has(method)) return answers.reply(inbound, 481);
    } else if (inbound.token === undefined && request.to.tag !== undefined && !routing.peer(request.target.host)) {
      return answers.reply(inbound, 481);
    }
    const mayLeave = inbound.identity !== undefined || (!authRequired && this.#fromHere(request));
    proxy.receive(inbound, mayLeave, whenDone);
  }

  #fromHere(request: Request): boolean {
    const from = tryUri(request.from.uri);
    return from !== undefined && this.#parts.routing.isLocalHost(from.host);
  }

  /** Requests to the server itself. */
  #toServer(inbound: Inbound) {
    const { answers } = this.#parts;
    switch (inbound.request.method) {
      case 'OPTIONS': // RFC 3261 section 11.2
        return answers.reply(inbound, 200, undefined, [
          ['Allow', ALLOW],
          ['Accept', 'application/sdp, text/plain'],
          ['Accept-Encoding', 'identity'],
          ['Accept-Language', 'en'],
          ['Supported', SUPPORTED],
        ]);
      case 'SUBSCRIBE':
      case 'PUBLISH':
        return answers.reply(inbound, 489, undefined, this.#events());
      case 'BYE':
      case 'INFO':
      case 'UPDATE':
      case 'PRACK':
      case 'NOTIFY':
        return answers.reply(inbound, 481);
      case 'INVITE':
      case 'MESSAGE':
      case 'REFER':
        return answers.reply(inbound, 404);
      default:
        return answers.reply(inbound, 405, undefined, [['Allow', ALLOW]]);
    }
  }

  /** RFC 6665 section 8.4: a 489 says which events there are. The subscription that a REFER makes passes here, no more. */
  #events(): ExtraFields {
    return [['Allow-Events', this.#parts.messaging?.notifier.events ?? 'refer']];
  }

  #register(inbound: Inbound) {
    const { registrar, identities, answers, outbox, transactions, log } = this.#parts;
    const { request, flow } = inbound;
    const aor = identities.localName(request.to.uri);
    if (aor === undefined) return answers.reply(inbound, 404);
    let answer: RegisterAnswer | Promise<RegisterAnswer>;
    try {
      answer = registrar.register(inbound, aor);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      answer = { status: error.answer.status ?? 400, reason: error.message };
    }
    // On a connection nothing is sent twice: an answer at hand needs no transaction.
    if (flow.reliable && !(answer instanceof Promise)) {
      const response = makeResponse(request, answer.status, answer.reason, answer.fields);
      outbox.send(inbound.replyFlow, response);
      return this.#refreshes.learn(inbound, aor, response, answer.fields);
    }
    const server = new ServerTransaction(transactions, inbound.key, request, inbound.replyFlow, flow.remote.address);
    server.start();
    const respond = ({ status, reason, fields }: RegisterAnswer) =>
      server.respond(makeResponse(request, status, reason, fields));
    if (answer instanceof Promise)
      answer.then(respond).catch((error: unknown) => {
        log.error({ error: String(error), callId: request.get('call-id') }, 'REGISTER failed');
      });
    else respond(answer);
  }
}

/** State that a server keeps of its user (RFC 3842, RFC 3680, RFC 3857): no phone of his could answer for it. */
const SERVER_STATE = new Set(['message-summary', 'reg', 'presence.winfo']);

function asksTheServer(request: Request): boolean {
  const event = request.get('event') ?? '';
  return SERVER_STATE.has(event.split(';', 1)[0]!.trim().toLowerCase());
}

/** Methods that mean nothing outside a dialog. */
const MID_DIALOG = new Set(['BYE', 'UPDATE', 'PRACK', 'INFO', 'NOTIFY']);

function isStream(flow: Flow): boolean {
  return flow.transport === 'tcp' || flow.transport === 'tls';
}

/** A CANCEL comes the way of its INVITE: the same connection, or for UDP the same address. */
function sameSource(a: Flow, b: Flow): boolean {
  return a === b || (a.transport === 'udp' && b.transport === 'udp' && a.remote.address === b.remote.address);
}
