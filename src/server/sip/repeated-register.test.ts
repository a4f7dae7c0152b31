import { expect, test } from 'vitest';
import type { Request } from '../../protocol/sip/message.ts';
import { parseMessage } from '../../protocol/sip/parse.ts';
import { makeResponse, statelessTag } from './answer.ts';
import { RepeatedRegister } from './repeated-register.ts';

const FIELDS = 'Contact: <sip:a@a.invalid>;expires=60\r\nService-Route: <sip:192.0.2.1;lr>\r\n';

function register(branch: string, fromTag: string, cseq: string, more = ''): string {
  return `REGISTER sip:example.test SIP/2.0\r\nVia: SIP/2.0/WS A.invalid;branch=${branch}\r\nTo: <sip:a@example.test>\r\nFrom: <sip:a@example.test>;tag=${fromTag}\r\nCall-ID: call\r\nCSeq: ${cseq} REGISTER\r\n${more}Contact: <sip:a@a.invalid>\r\nContent-Length: 0\r\n\r\n`;
}

function learned(text: string): RepeatedRegister | undefined {
  const request = parseMessage(text) as Request;
  const response = makeResponse(request, 200, undefined).serialize();
  return RepeatedRegister.of(request, `${response.slice(0, -2)}${FIELDS}\r\n`, statelessTag(request), FIELDS);
}

const usual = learned(register('z9hG4bK1', 'from', '1'))!;

test('The next is known by its text, and answered with its own values', () => {
  const repetition = usual.read(register('z9hG4bKother', 'tag', '02'))!;
  expect(repetition).toEqual({ branch: 'z9hG4bKother', fromTag: 'tag', digits: '02', sequence: 2 });
  expect(usual.answer(repetition, 'to', FIELDS)).toBe(
    `SIP/2.0 200 OK\r\nVia: SIP/2.0/WS A.invalid;branch=z9hG4bKother\r\nTo: <sip:a@example.test>;tag=to\r\nFrom: <sip:a@example.test>;tag=tag\r\nCall-ID: call\r\nCSeq: 02 REGISTER\r\nContent-Length: 0\r\n${FIELDS}\r\n`,
  );
  expect([usual.callId, usual.sentBy]).toEqual(['call', 'a.invalid']);
});

test('What differs in anything else is another request', () => {
  const same = register('z9hG4bKx', 'from', '2');
  expect(usual.read(same)).toBeDefined();
  for (let i = 0; i < same.length; i++) {
    const at = same.slice(i);
    if (/^(?:[\w]*;?\r\nTo|[a-z]*\r\nCall|\d* REGISTER)/.test(at)) continue; // within what may differ
    expect(usual.read(`${same.slice(0, i)}\0${same.slice(i + 1)}`)).toBeUndefined();
    expect(usual.read(`${same.slice(0, i)}${at.slice(1)}`)).toBeUndefined();
  }
  expect(usual.read(`${same}x`)).toBeUndefined();
  expect(usual.read('')).toBeUndefined();
});

test('A value that is not of the usual form is for the parser', () => {
  const values: Array<[string, string, string]> = [
    ['z9hG4bK', 'from', '2'],
    ['other', 'from', '2'],
    ['z9hG4bK1;x', 'from', '2'],
    ['z9hG4bK"1"', 'from', '2'],
    [`z9hG4bK${'x'.repeat(200)}`, 'from', '2'],
    ['z9hG4bK1', '', '2'],
    ['z9hG4bK1', 'a;tag=b', '2'],
    ['z9hG4bK1', 'x'.repeat(200), '2'],
    ['z9hG4bK1', 'a\r\nX: y', '2'],
    ['z9hG4bK1', 'from', ''],
    ['z9hG4bK1', 'from', '-2'],
    ['z9hG4bK1', 'from', '2 '],
    ['z9hG4bK1', 'from', '2147483648'],
    ['z9hG4bK1', 'from', '00000000002'],
  ];
  for (const [branch, tag, cseq] of values) expect(usual.read(register(branch, tag, cseq))).toBeUndefined();
});

test('A REGISTER whose values cannot be told apart, or that is too long to keep, is not learned', () => {
  expect(learned(register('z9hG4bK1', 'call', '1', 'X: y=call\r\n'))).toBeUndefined();
  expect(learned(register('z9hG4bK1', 'from', '1', 'X: y=z9hG4bK1\r\n'))).toBeUndefined();
  expect(learned(register('z9hG4bK1', 'from', '1', `X: ${'y'.repeat(2_000)}\r\n`))).toBeUndefined();
  expect(learned(register('z9hG4bK1', 'from', '1').replace(';tag=from', ''))).toBeUndefined();
  expect(learned(register('z9hG4bK1', 'from', '1', 'X: y\r\n'))).toBeDefined();
});
