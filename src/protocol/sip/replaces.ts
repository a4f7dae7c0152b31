import type { ByteString } from '../byte-string.ts';
import { malformed, skipSpace } from './lexis.ts';
import { parseParameters } from './parameters.ts';

/** Replaces (RFC 3891 section 6.1): the dialog to take over, as its user agent sees it: `toTag` is that one's own tag. */
export interface Replaces {
  callId: string;
  toTag: string;
  fromTag: string;
  earlyOnly: boolean;
}

export function parseReplaces(value: ByteString): Replaces {
  const from = skipSpace(value, 0);
  let semicolon = value.indexOf(';', from);
  if (semicolon === -1) semicolon = value.length;
  const callId = value.slice(from, semicolon).trimEnd();
  const parameters = parseParameters(value, semicolon, value.length, 'Replaces');
  const toTag = parameters.get('to-tag');
  const fromTag = parameters.get('from-tag');
  if (callId === '' || /[\s,]/.test(callId) || toTag === undefined || fromTag === undefined)
    throw malformed('Replaces');
  return { callId, toTag, fromTag, earlyOnly: parameters.has('early-only') };
}

export function serializeReplaces(replaces: Replaces): ByteString {
  const { callId, toTag, fromTag, earlyOnly } = replaces;
  return `${callId};to-tag=${toTag};from-tag=${fromTag}${earlyOnly ? ';early-only' : ''}`;
}
