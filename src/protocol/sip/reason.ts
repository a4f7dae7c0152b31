import type { ByteString } from '../byte-string.ts';
import { parseNumber, quote, unquote } from './lexis.ts';
import type { Message } from './message.ts';
import { parseTokenWithParameters } from './parameters.ts';

/** One Reason value (RFC 3326): why a request (BYE, CANCEL) is sent. */
export interface Reason {
  /** SIP, Q.850, preemption, ... */
  protocol: string;
  cause?: number;
  text?: ByteString;
}

export function reasons(message: Message): Reason[] {
  return message.values('reason').map((value) => {
    const { token, parameters } = parseTokenWithParameters(value, 'Reason');
    const reason: Reason = { protocol: token };
    const cause = parseNumber(parameters.get('cause') ?? '', 65535);
    if (cause !== undefined) reason.cause = cause;
    const text = parameters.get('text');
    if (text !== undefined) reason.text = unquote(text);
    return reason;
  });
}

export function serializeReason(reason: Reason): ByteString {
  const cause = reason.cause === undefined ? '' : `;cause=${reason.cause}`;
  return `${reason.protocol}${cause}${reason.text === undefined ? '' : `;text=${quote(reason.text)}`}`;
}
