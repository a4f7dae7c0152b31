import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { PRIORITY_TYPE, sampleLongTerm, sampleRequest } from '../../../test/support/rfc5769.ts';
import { primitives } from '../../transport/primitives.ts';
import { SOFTWARE, text } from './attributes.ts';
import { appendFingerprint } from './fingerprint.ts';
import { BINDING, parseStun, serializeStun } from './message.ts';
import {
  appendIntegrity,
  checkIntegrity,
  coveredByIntegrity,
  integrityOf,
  MESSAGE_INTEGRITY_SHA256,
} from './message-integrity.ts';

const TRANSACTION = Uint8Array.from({ length: 12 }, (_, index) => index);
const plain = () =>
  serializeStun({
    class: 'request',
    method: BINDING,
    transactionId: TRANSACTION,
    attributes: [{ type: SOFTWARE, value: Uint8Array.of(1, 2, 3) }],
  });

test('the sample request of RFC 5769 section 2.1 has the integrity of its short-term password', () => {
  const message = parseStun(sampleRequest);
  const password = 'VOkJxbRl1RmTxUk/WvJxBt';
  expect(integrityOf(message)).toBe('sha1');
  expect(checkIntegrity(primitives, sampleRequest, message, password, 'sha1')).toBe(true);
  expect(checkIntegrity(primitives, sampleRequest, message, `${password}.`, 'sha1')).toBe(false);
});

test('the sample request of RFC 5769 section 2.4 has the integrity of its long-term key', () => {
  const message = parseStun(sampleLongTerm);
  const username = text(message.attributes[0]?.value as Uint8Array);
  const key = createHash('md5').update(`${username}:example.org:TheMatrIX`, 'latin1').digest('binary');
  expect(checkIntegrity(primitives, sampleLongTerm, message, key, 'sha1')).toBe(true);
  for (let at = 0; at < sampleLongTerm.length; at++) {
    const changed = sampleLongTerm.slice();
    changed[at] = (changed[at] as number) ^ 1;
    let right = false;
    try {
      right = checkIntegrity(primitives, changed, parseStun(changed), key, 'sha1');
    } catch {
      // not even a message any more
    }
    // (The padding of USERNAME and REALM is covered too.)
    expect(right, `octet ${at}`).toBe(false);
  }
});

test('an integrity that is appended is right, with either hash, and under a fingerprint', () => {
  for (const hash of ['sha1', 'sha256'] as const) {
    const signed = appendFingerprint(appendIntegrity(primitives, plain(), 'key', hash));
    const message = parseStun(signed);
    expect(integrityOf(message)).toBe(hash);
    expect(checkIntegrity(primitives, signed, message, 'key', hash)).toBe(true);
    expect(checkIntegrity(primitives, signed, message, 'kez', hash)).toBe(false);
    expect(checkIntegrity(primitives, signed, message, 'key', hash === 'sha1' ? 'sha256' : 'sha1')).toBe(false);
  }
});

test('of two integrities the stronger counts', () => {
  const both = appendIntegrity(primitives, appendIntegrity(primitives, plain(), 'a', 'sha1'), 'b', 'sha256');
  const message = parseStun(both);
  expect(integrityOf(message)).toBe('sha256');
  expect(checkIntegrity(primitives, both, message, 'b', 'sha256')).toBe(true);
  expect(coveredByIntegrity(message)).toEqual(message);
});

test('a SHA-256 integrity that was cut short is wrong', () => {
  const signed = appendIntegrity(primitives, plain(), 'key', 'sha256');
  const message = parseStun(signed);
  const value = message.attributes.at(-1)?.value.subarray(0, 16) as Uint8Array;
  message.attributes[message.attributes.length - 1] = { type: MESSAGE_INTEGRITY_SHA256, value };
  expect(checkIntegrity(primitives, signed, message, 'key', 'sha256')).toBe(false);
});

test('what somebody appends after the integrity does not count', () => {
  const signed = appendIntegrity(primitives, plain(), 'key', 'sha1');
  const forged = new Uint8Array(signed.length + 8);
  forged.set(signed);
  forged.set([PRIORITY_TYPE >> 8, PRIORITY_TYPE & 255, 0, 4, 1, 2, 3, 4], signed.length);
  forged[3] = forged.length - 20;
  const message = parseStun(forged);
  expect(message.attributes).toHaveLength(3);
  expect(coveredByIntegrity(message).attributes).toHaveLength(2);
  expect(checkIntegrity(primitives, forged, message, 'key', 'sha1')).toBe(true);
});
