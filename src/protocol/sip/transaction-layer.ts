import type { Output } from '../machine.ts';
import type { ClientTransactionEvent } from './client-transaction-event.ts';
import { InviteClientTransaction } from './invite-client-transaction.ts';
import { InviteServerTransaction } from './invite-server-transaction.ts';
import type { Message, Request, Response } from './message.ts';
import { NonInviteClientTransaction } from './non-invite-client-transaction.ts';
import { NonInviteServerTransaction } from './non-invite-server-transaction.ts';
import type { Outbox } from './outbox.ts';
import type { ServerTransactionEvent } from './server-transaction-event.ts';
import type { TimerValues } from './timers.ts';
import { cancelledTransactionKey, clientTransactionKey, serverTransactionKey } from './transaction-key.ts';

/** Who sent a request, and waits for its responses. */
export interface ClientTransactionUser {
  onResponse(response: Response, now: number): void;
  /** 408: no answer in time; 503: the transport failed. */
  onFailure(status: 408 | 503, now: number): void;
}

/** Who answers an INVITE. */
export interface InviteUser {
  onCancel(cancel: Request, now: number): void;
  onAck(ack: Request, now: number): void;
}

type ClientTransaction = InviteClientTransaction | NonInviteClientTransaction;
export type ServerTransaction = InviteServerTransaction | NonInviteServerTransaction;

interface ClientEntry {
  transaction: ClientTransaction;
  user: ClientTransactionUser;
}

interface ServerEntry {
  transaction: ServerTransaction;
  key: string;
  user: InviteUser | undefined;
}

/** Where what becomes of a request does not matter. */
export const NOBODY: ClientTransactionUser = { onResponse: () => {}, onFailure: () => {} };

/** The transactions of a user agent (RFC 3261 section 17): finds the one a message belongs to and runs it. */
export class TransactionLayer {
  connected = false;
  private readonly outbox: Outbox;
  private readonly reliable: boolean;
  private readonly timers: TimerValues;
  private readonly clients = new Map<string, ClientEntry>();
  private readonly servers = new Map<string, ServerEntry>();
  private readonly keys = new Map<ServerTransaction, ServerEntry>();

  constructor(outbox: Outbox, options: { reliable: boolean; timers: TimerValues }) {
    this.outbox = outbox;
    this.reliable = options.reliable;
    this.timers = options.timers;
  }

  get clientCount(): number {
    return this.clients.size;
  }

  get serverCount(): number {
    return this.servers.size;
  }

  /** Without a transport the request fails, once the command that sends it is over. */
  send(request: Request, user: ClientTransactionUser, now: number): void {
    const key = clientTransactionKey(request);
    if (!this.connected) {
      this.outbox.setTimer(`c ${key} failed`, 0, (at) => user.onFailure(503, at));
      return;
    }
    const options = { reliable: this.reliable, timers: this.timers };
    const transaction =
      request.method === 'INVITE'
        ? new InviteClientTransaction(request, options)
        : new NonInviteClientTransaction(request, options);
    const entry: ClientEntry = { transaction, user };
    this.clients.set(key, entry);
    this.runClient(key, entry, transaction.start(now), now);
  }

  /** False: the response belongs to no transaction and is dropped (RFC 3261 section 18.1.2). */
  receiveResponse(response: Response, now: number): boolean {
    const key = clientTransactionKey(response);
    const entry = this.clients.get(key);
    if (entry === undefined) return false;
    this.runClient(key, entry, entry.transaction.receive(response, now), now);
    return true;
  }

  /** True: a retransmission, or an ACK in its transaction; it needs nothing more. */
  receiveRetransmission(request: Request, now: number): boolean {
    const entry = this.servers.get(serverTransactionKey(request));
    if (entry === undefined) return false;
    this.runServer(entry, entry.transaction.receive(request, now), now);
    return true;
  }

  /** A new server transaction; `answer` responds in it. */
  accept(request: Request, now: number): ServerTransaction {
    const options = { reliable: this.reliable, timers: this.timers };
    const transaction =
      request.method === 'INVITE'
        ? new InviteServerTransaction(request, options)
        : new NonInviteServerTransaction(request, options);
    const entry: ServerEntry = { transaction, key: serverTransactionKey(request), user: undefined };
    this.servers.set(entry.key, entry);
    this.keys.set(transaction, entry);
    this.runServer(entry, transaction.start(now), now);
    return transaction;
  }

  /** Who hears of CANCEL and of the ACK for a 2xx. */
  attach(transaction: ServerTransaction, user: InviteUser): void {
    const entry = this.keys.get(transaction);
    if (entry !== undefined) entry.user = user;
  }

  answer(transaction: ServerTransaction, response: Response, now: number): void {
    const entry = this.keys.get(transaction);
    if (entry !== undefined) this.runServer(entry, transaction.respond(response, now), now);
  }

  /** The INVITE that this CANCEL wants cancelled (RFC 3261 section 9.2). */
  cancelled(cancel: Request): { transaction: ServerTransaction; user: InviteUser | undefined } | undefined {
    return this.servers.get(cancelledTransactionKey(cancel));
  }

  /** The same request on another path is answered 482 (RFC 3261 section 8.2.2.2). */
  isMerged(request: Request, own: ServerTransaction): boolean {
    for (const { transaction } of this.servers.values()) {
      const other = transaction.request;
      if (
        transaction !== own &&
        other.method === request.method &&
        other.callId === request.callId &&
        other.cseq.sequence === request.cseq.sequence &&
        other.from.tag === request.from.tag &&
        other.to.tag === undefined
      )
        return true;
    }
    return false;
  }

  /** Ends a client transaction of which nobody wants to hear any more: an INVITE in `proceeding` has no timer. */
  forget(request: Request, now: number): void {
    const key = clientTransactionKey(request);
    const entry = this.clients.get(key);
    if (entry === undefined) return;
    entry.user = NOBODY;
    this.runClient(key, entry, entry.transaction.transportError(now), now);
  }

  /** No response can come any more to what was sent. */
  transportLost(now: number): void {
    for (const [key, entry] of [...this.clients]) {
      this.runClient(key, entry, entry.transaction.transportError(now), now);
    }
  }

  private runClient(
    key: string,
    entry: ClientEntry,
    outputs: Output<Request, string, ClientTransactionEvent>[],
    now: number,
  ): void {
    for (const output of outputs) {
      if (output.type !== 'event') {
        this.carryOut('c', key, output, (name, at) => {
          this.runClient(key, entry, entry.transaction.timer(name as never, at), at);
        });
        continue;
      }
      const { event } = output;
      if (event.type === 'response') entry.user.onResponse(event.response, now);
      else if (event.type === 'terminated') this.clients.delete(key);
      else entry.user.onFailure(event.type === 'timeout' ? 408 : 503, now);
    }
  }

  private runServer(
    entry: ServerEntry,
    outputs: Output<Response, string, ServerTransactionEvent>[],
    now: number,
  ): void {
    for (const output of outputs) {
      if (output.type !== 'event') {
        this.carryOut('s', entry.key, output, (name, at) => {
          this.runServer(entry, entry.transaction.timer(name as never, at), at);
        });
        continue;
      }
      const { event } = output;
      if (event.type === 'ack') entry.user?.onAck(event.request, now);
      else if (event.type === 'terminated') {
        this.servers.delete(entry.key);
        this.keys.delete(entry.transaction);
      }
    }
  }

  private carryOut(
    side: 'c' | 's',
    key: string,
    output: Exclude<Output<Message, string, never>, { type: 'event' }>,
    fire: (name: string, now: number) => void,
  ): void {
    if (output.type === 'send') this.outbox.send(output.message.serialize());
    else if (output.type === 'clearTimer') this.outbox.clearTimer(`${side} ${key} ${output.name}`);
    else this.outbox.setTimer(`${side} ${key} ${output.name}`, output.delay, (now) => fire(output.name, now));
  }
}
