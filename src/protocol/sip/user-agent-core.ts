import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { toBase64Url } from '../primitives.ts';
import { ClientExchange, type RequestUser } from './client-exchange.ts';
import { createRequest, createResponse } from './create.ts';
import { DigestClient } from './digest-client.ts';
import type { Request } from './message.ts';
import { serializeNameAddress } from './name-address.ts';
import { Outbox } from './outbox.ts';
import type { ReferServer } from './refer.ts';
import { DEFAULT_TIMERS, type TimerValues } from './timers.ts';
import { type ServerTransaction, TransactionLayer } from './transaction-layer.ts';
import { parseUri, serializeUri } from './uri.ts';
import type { Body, ExtraFields, UserAgentEvent } from './user-agent-event.ts';
import { DEFAULT_USER_AGENT_LIMITS, type UserAgentLimits, type UserAgentOptions } from './user-agent-options.ts';
import { MAGIC_COOKIE } from './via.ts';

/** What we answer to (RFC 3261 section 20.5). */
export const ALLOW = 'INVITE, ACK, CANCEL, BYE, PRACK, UPDATE, INFO, REFER, NOTIFY, MESSAGE, OPTIONS';
/** Extensions of a call that we understand, in Supported and Require. */
export const CALL_EXTENSIONS = ['100rel', 'timer', 'replaces'];

/** Who has a dialog and hears of its requests. */
export interface DialogUser {
  receive(request: Request, transaction: ServerTransaction, now: number): void;
  receiveAck(ack: Request, now: number): void;
}

export interface ReplyParts {
  readonly reason?: string | undefined;
  readonly toTag?: string;
  readonly fields?: ExtraFields | undefined;
  readonly body?: Body | undefined;
}

export interface RequestParts {
  readonly callId: string;
  readonly fromTag: string;
  readonly sequence: number;
  /** Default: the target. */
  readonly to?: ByteString;
  readonly fields?: Iterable<readonly [string, ByteString]>;
  readonly body?: Body | undefined;
}

/** What the parts of a user agent share: identity, transport, transactions, dialogs, tokens. */
export class UserAgentCore {
  readonly options: UserAgentOptions;
  readonly limits: UserAgentLimits;
  readonly timers: TimerValues;
  readonly outbox = new Outbox();
  readonly transactions: TransactionLayer;
  readonly dialogs = new Map<string, DialogUser>();
  /** REFERs of peers that wait for a decision or run. */
  readonly refers = new Map<string, ReferServer>();
  /** From of requests outside a dialog, without a tag. */
  readonly address: ByteString;
  readonly product: ByteString;
  /** Without `;ob`. */
  readonly contactUri: ByteString;
  /** From the last registration (RFC 3608); undefined: none given. */
  serviceRoute: readonly ByteString[] | undefined;
  publicGruu: ByteString | undefined;
  /** The registrar does outbound (RFC 5626 section 6). */
  outbound = false;
  private readonly sentBy: string;
  private readonly viaTransport: string;
  private readonly digest: DigestClient;
  /** What waits for the next transport. */
  private waiting: ((now: number) => void)[] = [];
  private lastId = 0;

  constructor(options: UserAgentOptions) {
    this.options = options;
    this.limits = { ...DEFAULT_USER_AGENT_LIMITS, ...options.limits };
    this.timers = options.timers ?? DEFAULT_TIMERS;
    const transport = options.transport ?? 'ws';
    this.transactions = new TransactionLayer(this.outbox, { reliable: transport !== 'udp', timers: this.timers });
    this.viaTransport = transport.toUpperCase();
    this.sentBy =
      options.sentBy ??
      `${this.token()
        .replace(/[^A-Za-z0-9]/g, 'x')
        .toLowerCase()}x.invalid`;
    // RFC 7118 section 5.2: transport=ws over TLS, too
    const parameter = transport === 'udp' ? '' : `;transport=${transport === 'wss' ? 'ws' : transport}`;
    this.contactUri = `sip:${options.contactUser ?? this.token()}@${this.sentBy}${parameter}`;
    const uri = parseUri(options.uri);
    uri.parameters.clear();
    this.address = serializeNameAddress({ display: options.displayName, uri: serializeUri(uri) });
    this.product = options.product ?? 'Chappe';
    this.digest = new DigestClient(options.primitives, '', '');
  }

  /** A number of this user agent's, for timer names. */
  nextId(): number {
    this.lastId += 1;
    return this.lastId;
  }

  /** 72 bits of randomness: a tag, a Call-ID, a branch (RFC 3261 section 19.3 wants 32 at least). */
  token(): string {
    return toBase64Url(this.options.primitives.random(9));
  }

  /** A uniform number below `bound`, which is at most 65536. */
  randomBelow(bound: number): number {
    const octets = this.options.primitives.random(4);
    const number = octets.charCodeAt(0) * 65536 + octets.charCodeAt(1) * 256 + octets.charCodeAt(2);
    return Math.floor((number / 2 ** 24) * bound);
  }

  /** A Via with a new branch. */
  via(): ByteString {
    const rport = this.viaTransport === 'UDP' ? ';rport' : '';
    return `SIP/2.0/${this.viaTransport} ${this.sentBy};branch=${MAGIC_COOKIE}${this.token()}${rport}`;
  }

  /** The Contact of dialogs: the public GRUU (RFC 5627 section 4.4), else the flow's (RFC 5626 section 4.3). */
  contact(): ByteString {
    return this.publicGruu === undefined ? `<${this.contactUri}${this.outbound ? ';ob' : ''}>` : `<${this.publicGruu}>`;
  }

  event(event: UserAgentEvent): void {
    this.outbox.event(event);
  }

  /** A request outside of a dialog (RFC 3261 section 8.1.1), over the Service-Route or the preloaded Route. */
  createRequest(method: string, target: ByteString, parts: RequestParts): Request {
    const fields: [string, ByteString][] = [['Via', this.via()]];
    const routes = method === 'REGISTER' ? this.options.routes : (this.serviceRoute ?? this.options.routes);
    for (const route of routes ?? []) fields.push(['Route', route]);
    fields.push(
      ['Max-Forwards', '70'],
      ['From', `${this.address};tag=${parts.fromTag}`],
      ['To', parts.to ?? `<${target}>`],
      ['Call-ID', parts.callId],
      ['CSeq', `${parts.sequence} ${method}`],
    );
    for (const [name, value] of parts.fields ?? []) fields.push([name, value]);
    fields.push(['User-Agent', this.product]);
    if (parts.body !== undefined) fields.push(['Content-Type', parts.body.type]);
    return createRequest(method, target, fields, parts.body?.content ?? '');
  }

  /** Sends a request, answers challenges to it, and tells its user the rest. */
  send(request: Request, user: RequestUser, now: number): ClientExchange {
    const exchange = new ClientExchange(this, request, user);
    this.authorize(request, false);
    exchange.start(now);
    return exchange;
  }

  /**
   * Adds credentials for what has been challenged before. A server's Authorization goes only to the registrar and to who
   * has just asked (`challenged`): anybody else could try passwords on it at leisure.
   */
  authorize(request: Request, challenged: boolean): void {
    const credentials = this.options.credentials?.();
    if (credentials === undefined) return;
    this.digest.renew(credentials.username, credentials.password);
    this.digest.authorize(request);
    if (!challenged && request.method !== 'REGISTER') request.remove('authorization');
  }

  /** Whether the challenge can be answered. */
  challenged(response: Parameters<DigestClient['challenged']>[0], request: Request): boolean {
    const credentials = this.options.credentials?.();
    if (credentials === undefined) return false;
    this.digest.renew(credentials.username, credentials.password);
    return this.digest.challenged(response, request);
  }

  reply(transaction: ServerTransaction, status: number, parts: ReplyParts, now: number): void {
    this.transactions.answer(transaction, this.createResponse(transaction.request, status, parts), now);
  }

  createResponse(request: Request, status: number, parts: ReplyParts): ReturnType<typeof createResponse> {
    const toTag = parts.toTag ?? (status > 100 && request.to.tag === undefined ? this.token() : undefined);
    const response = createResponse(request, status, parts.reason, toTag === undefined ? {} : { toTag });
    for (const [name, value] of parts.fields ?? []) response.append(name, value);
    response.append('Server', this.product);
    if (parts.body !== undefined) {
      response.append('Content-Type', parts.body.type);
      response.body = parts.body.content;
    }
    return response;
  }

  /** RFC 3261 section 8.2.1: 405 for what we know but do not do, 501 for what we do not know. */
  refuseMethod(transaction: ServerTransaction, now: number): void {
    const known = ['REGISTER', 'SUBSCRIBE', 'PUBLISH', 'PRACK', 'UPDATE', 'INVITE'].includes(
      transaction.request.method,
    );
    this.reply(transaction, known ? 405 : 501, { fields: [['Allow', ALLOW]] }, now);
  }

  /** Does it when there is a transport again, unless that is one of too many. */
  whenConnected(work: (now: number) => void): void {
    if (this.waiting.length < this.limits.calls) this.waiting.push(work);
  }

  connected(now: number): void {
    this.transactions.connected = true;
    for (const work of this.waiting.splice(0)) work(now);
  }

  lost(now: number): void {
    this.transactions.connected = false;
    this.transactions.transportLost(now);
  }
}

/** The body of a message, if it has one. */
export function bodyOf(message: { get(name: string): ByteString | undefined; body: ByteString }): Body | undefined {
  const content = message.body;
  return content === '' ? undefined : { type: message.get('content-type') ?? 'application/sdp', content };
}

/** The elements of a list header that is only a hint; none when it is malformed. */
export function listed(message: { values(name: string): ByteString[] }, name: string): string[] {
  try {
    return message.values(name).map((value) => value.trim());
  } catch (error) {
    if (error instanceof ProtocolError) return [];
    throw error;
  }
}
