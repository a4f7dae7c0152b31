import { expect, test } from 'vitest';
import { STANZA_CONDITIONS, type StanzaCondition, StanzaError } from '../../../protocol/xmpp/stanza-error.ts';
import { statusOf } from './stanza-status.ts';

test('every stanza error is a final answer that asks for nothing which we could not take', () => {
  for (const condition of Object.keys(STANZA_CONDITIONS) as StanzaCondition[]) {
    const status = statusOf(new StanzaError(condition));
    expect(status).toBeGreaterThanOrEqual(400);
    expect([401, 407, 408]).not.toContain(status);
  }
  expect(statusOf(new StanzaError('resource-constraint'))).toBe(503);
  expect(statusOf(new Error('disk full'))).toBe(500);
});
