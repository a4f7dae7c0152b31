import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { contactUri, dialogId } from './dialog.ts';
import type { Request, Response } from './message.ts';
import { tokens } from './option-tags.ts';
import { parseMessage, salvageRequest } from './parse.ts';
import { SessionIntervalTooSmall } from './session-timer.ts';
import type { ServerTransaction } from './transaction-layer.ts';
import { parseUri } from './uri.ts';
import type { UserAgentCore } from './user-agent-core.ts';
import { validateRequest, validateResponse } from './validate.ts';

/** Requests outside a dialog. */
export type ReceiveRequest = (request: Request, transaction: ServerTransaction, now: number) => void;

/**
 * From the transport to whom it concerns: transaction, dialog, or the user agent itself (RFC 3261 sections 8.2, 18.1.2 and
 * 18.2.1). Whatever breaks the protocol ends here, with its answer.
 */
export class Reception {
  private readonly core: UserAgentCore;
  private readonly outside: ReceiveRequest;

  constructor(core: UserAgentCore, outside: ReceiveRequest) {
    this.core = core;
    this.outside = outside;
  }

  receive(text: ByteString, now: number): void {
    try {
      const message = parseMessage(text, { size: this.core.limits.messageSize });
      if (message.kind === 'response') this.receiveResponse(message, now);
      else this.receiveRequest(message, now);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.core.event({ type: 'malformed', code: error.code, message: error.message, text });
      const request = salvageRequest(text);
      if (request !== undefined && request.method !== 'ACK') this.refuse(request, error);
    }
  }

  private receiveResponse(response: Response, now: number): void {
    validateResponse(response);
    // More than our own Via: it is not for us (section 8.1.3.3)
    if (response.vias.length !== 1) return;
    checkResponse(response);
    this.core.transactions.receiveResponse(response, now);
  }

  private receiveRequest(request: Request, now: number): void {
    const { core } = this;
    validateRequest(request);
    checkRequest(request);
    if (core.transactions.receiveRetransmission(request, now)) return;
    const dialog =
      request.to.tag === undefined
        ? undefined
        : core.dialogs.get(dialogId(request.callId, request.to.tag, request.from.tag ?? ''));
    if (request.method === 'ACK') {
      dialog?.receiveAck(request, now);
      return;
    }
    if (core.transactions.serverCount >= core.limits.serverTransactions) {
      core.outbox.send(core.createResponse(request, 503, { fields: [['Retry-After', '10']] }).serialize());
      return;
    }
    const transaction = core.transactions.accept(request, now);
    try {
      if (request.method === 'CANCEL') this.receiveCancel(request, transaction, now);
      else if (dialog !== undefined) dialog.receive(request, transaction, now);
      else if (request.to.tag !== undefined) core.reply(transaction, 481, {}, now);
      else this.outside(request, transaction, now);
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      const fields: [string, string][] = [];
      if (error instanceof SessionIntervalTooSmall) fields.push(['Min-SE', String(error.least)]);
      else core.event({ type: 'malformed', code: error.code, message: error.message, text: request.serialize() });
      core.reply(transaction, error.answer.status ?? 400, { reason: error.message, fields }, now);
    }
  }

  /** RFC 3261 section 9.2. */
  private receiveCancel(cancel: Request, transaction: ServerTransaction, now: number): void {
    const cancelled = this.core.transactions.cancelled(cancel);
    if (cancelled === undefined) {
      this.core.reply(transaction, 481, {}, now);
      return;
    }
    this.core.reply(transaction, 200, {}, now);
    cancelled.user?.onCancel(cancel, now);
  }

  /** Without a transaction: what the request is cannot be relied upon. */
  private refuse(request: Request, error: ProtocolError): void {
    try {
      const response = this.core.createResponse(request, error.answer.status ?? 400, { reason: error.message });
      this.core.outbox.send(response.serialize());
    } catch (second) {
      // Not even a To to answer with
      if (!(second instanceof ProtocolError)) throw second;
    }
  }
}

/** What a dialog will need later, checked before anything changes. Throws 400. */
function checkRequest(request: Request): void {
  if (request.method === 'INVITE' || (request.method === 'UPDATE' && request.has('contact'))) contactUri(request);
  else if (request.has('contact')) void request.contacts;
  for (const route of request.recordRoutes) parseUri(route.uri, 'Record-Route');
  void request.expires;
  void tokens(request, 'supported');
  void tokens(request, 'require');
}

function checkResponse(response: Response): void {
  const { method } = response.cseq;
  if (method === 'REGISTER' || response.status >= 300) return;
  const accepted = response.status >= 200;
  if (accepted && method === 'INVITE') contactUri(response);
  else if ((method === 'INVITE' || method === 'UPDATE') && response.has('contact')) contactUri(response);
  for (const route of response.recordRoutes) parseUri(route.uri, 'Record-Route');
}
