import { createRequest, createResponse } from '../../src/protocol/sip/create.ts';
import type { Request, Response } from '../../src/protocol/sip/message.ts';

/** A request from alice to bob with every mandatory field. */
export function request(
  method: string,
  extra: [string, string][] = [],
  via = 'SIP/2.0/UDP a.test;branch=z9hG4bK1',
): Request {
  return createRequest(method, 'sip:bob@b.test', [
    ['Via', via],
    ['Max-Forwards', '70'],
    ['From', '<sip:alice@a.test>;tag=a1'],
    ['To', '<sip:bob@b.test>'],
    ['Call-ID', 'call-1'],
    ['CSeq', `7 ${method}`],
    ...extra,
  ]);
}

export function response(to: Request, status: number, toTag = 'b1'): Response {
  return createResponse(to, status, undefined, status > 100 ? { toTag } : {});
}
