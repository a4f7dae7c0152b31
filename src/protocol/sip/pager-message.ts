import type { Request } from './message.ts';
import type { ServerTransaction } from './transaction-layer.ts';
import { ALLOW, CALL_EXTENSIONS, type UserAgentCore } from './user-agent-core.ts';
import type { CallName } from './user-agent-event.ts';

/** A received MESSAGE (RFC 3428 section 7): told, and answered with 200, or 415 when its type is not understood. */
export function receiveMessage(
  core: UserAgentCore,
  request: Request,
  transaction: ServerTransaction,
  call: CallName | undefined,
  now: number,
): void {
  const type = request.get('content-type') ?? 'text/plain';
  const accepted = core.options.acceptedMessages;
  const bare = type.split(';')[0]?.trim().toLowerCase() ?? '';
  if (accepted !== undefined && request.body !== '' && !accepted.includes(bare)) {
    core.reply(transaction, 415, { fields: [['Accept', accepted.join(', ')]] }, now);
    return;
  }
  const { from, to, body } = request;
  core.event({
    type: 'message',
    from,
    to,
    body: { type, content: body },
    request,
    ...(call === undefined ? {} : { call }),
  });
  core.reply(transaction, 200, {}, now);
}

/** OPTIONS says what an INVITE could have (RFC 3261 section 11.2). */
export function receiveOptions(core: UserAgentCore, transaction: ServerTransaction, now: number): void {
  const fields: [string, string][] = [
    ['Allow', ALLOW],
    ['Accept', 'application/sdp, application/dtmf-relay, message/sipfrag'],
    ['Supported', [...CALL_EXTENSIONS, 'outbound', 'gruu', 'path'].join(', ')],
    ['Contact', core.contact()],
  ];
  core.reply(transaction, 200, { fields }, now);
}
