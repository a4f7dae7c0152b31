// Message waiting (RFC 3842 section 5.1): how many messages wait for their owner.
import type { ByteString } from '../../../../protocol/byte-string.ts';

export const MESSAGE_SUMMARY_TYPE = 'application/simple-message-summary';

/** `account`: the URI to fetch them from. */
export function writeMessageSummary(account: string, waiting: number): ByteString {
  const lines = [`Messages-Waiting: ${waiting > 0 ? 'yes' : 'no'}`, `Message-Account: ${account}`];
  if (waiting > 0) lines.push(`Text-Message: ${waiting}/0`);
  return `${lines.join('\r\n')}\r\n`;
}
