// Responses of the server's own making (RFC 3261 sections 8.2.6 and 8.2.7).
import { randomBytes } from 'node:crypto';
import type { ByteString } from '../../protocol/byte-string.ts';
import { createResponse } from '../../protocol/sip/create.ts';
import type { Request, Response } from '../../protocol/sip/message.ts';
import { tagHash } from './flow-token.ts';
import type { Inbound } from './inbound.ts';
import type { Outbox } from './outbox.ts';

export type ExtraFields = Iterable<readonly [name: string, value: ByteString]>;

export const ALLOW =
  'INVITE, ACK, CANCEL, BYE, OPTIONS, REGISTER, MESSAGE, SUBSCRIBE, NOTIFY, PUBLISH, REFER, INFO, UPDATE, PRACK';
export const SUPPORTED = 'path, outbound, gruu';

const SALT = randomBytes(8).toString('latin1');

/** The same tag for each retransmission, with nothing kept (RFC 3261 section 8.2.7). */
export function statelessTag(request: Request): string {
  try {
    const { callId, from, cseq, via } = request;
    return tagFor(callId, from.tag ?? '', cseq.sequence, via.branch ?? '');
  } catch {
    return `s${tagHash((request.get('call-id') ?? '') + SALT)}`;
  }
}

/** The same of a request's values. */
export function tagFor(callId: ByteString, fromTag: ByteString, sequence: number, branch: ByteString): string {
  return `s${tagHash(`${callId} ${fromTag} ${sequence} ${branch}${SALT}`)}`;
}

/** A response with a To tag and these fields. */
export function makeResponse(
  request: Request,
  status: number,
  reason: string | undefined,
  fields?: ExtraFields,
): Response {
  const response = createResponse(request, status, reason, status === 100 ? {} : { toTag: statelessTag(request) });
  if (fields !== undefined) for (const [name, value] of fields) response.append(name, value);
  return response;
}

/** Answers without a transaction: what is sent again is answered again, the same. An ACK is never answered. */
export class Answers {
  readonly #outbox: Outbox;

  constructor(outbox: Outbox) {
    this.#outbox = outbox;
  }

  reply(inbound: Inbound, status: number, reason?: string, fields?: ExtraFields): void {
    if (inbound.request.method === 'ACK') return;
    this.#outbox.send(inbound.replyFlow, makeResponse(inbound.request, status, reason, fields));
  }
}
