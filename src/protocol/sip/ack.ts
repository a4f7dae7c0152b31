import { createRequest } from './create.ts';
import type { Request, Response } from './message.ts';

/** The ACK for a non-2xx final response, hop by hop within the INVITE's transaction (RFC 3261 section 17.1.1.3). */
export function createAck(invite: Request, response: Response): Request {
  return withinTransaction(invite, 'ACK', response.get('to') ?? '');
}

/**
 * A request that shares the INVITE's transaction. Equal to the INVITE's: Call-ID, From, Request-URI, CSeq number, the
 * top Via (its only one) and the Route set (17.1.1.3 for ACK, 9.1 for CANCEL).
 */
export function withinTransaction(invite: Request, method: 'ACK' | 'CANCEL', to: string): Request {
  const fields: Array<[string, string]> = [['Via', invite.values('via')[0] ?? '']];
  for (const route of invite.all('route')) fields.push(['Route', route]);
  fields.push(
    ['Max-Forwards', '70'],
    ['From', invite.get('from') ?? ''],
    ['To', to],
    ['Call-ID', invite.get('call-id') ?? ''],
    ['CSeq', `${invite.cseq.sequence} ${method}`],
  );
  return createRequest(method, invite.uri, fields);
}
