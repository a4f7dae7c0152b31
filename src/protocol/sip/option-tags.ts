import { spelledName } from './field-name.ts';
import { isToken, malformed } from './lexis.ts';
import type { Message } from './message.ts';

/** Fields that list option tags (RFC 3261 section 19.2) or other tokens. */
export type TokenListName =
  | 'require'
  | 'proxy-require'
  | 'supported'
  | 'unsupported'
  | 'allow'
  | 'allow-events'
  | 'content-encoding'
  | 'recv-info';

/** The tokens of a list header over all its fields; option tags in lower case, methods as they are. */
export function tokens(message: Message, name: TokenListName): string[] {
  return message.values(name).map((value) => {
    if (!isToken(value)) throw malformed(spelledName(name));
    return name === 'allow' || name === 'recv-info' ? value : value.toLowerCase();
  });
}

/** Whether the peer lists the option tag in Supported or Require (who requires it supports it). */
export function supports(message: Message, tag: string): boolean {
  return tokens(message, 'supported').includes(tag) || tokens(message, 'require').includes(tag);
}

/** What is required but not in `known`: the content of Unsupported in a 420 (RFC 3261 sections 8.2.2.3 and 16.3 item 5). */
export function unsupportedTags(
  message: Message,
  name: 'require' | 'proxy-require',
  known: readonly string[],
): string[] {
  return tokens(message, name).filter((tag) => !known.includes(tag));
}
