import { expect, test } from 'vitest';
import type { BrowserFinding } from './finding.ts';
import { verdict } from './verdict.ts';

const of = (subject: string, outcome: BrowserFinding['outcome'] = 'ok', title = ''): BrowserFinding => ({
  subject,
  outcome,
  title,
  meaning: `${subject}.`,
});
const signalled = of('WebSocket');
const blocked = (...names: string[]) => names.map((name) => of(`Relay over ${name}`, 'warning', `${name} is blocked`));
const title = (...findings: BrowserFinding[]) => verdict(findings).title;

test('without a WebSocket nothing else counts', () => {
  expect(title(of('WebSocket', 'problem'), of('Relay over UDP'))).toBe('Calls do not work from here');
  expect(title()).toBe('Calls do not work from here');
});

test('the best relay that works says how calls go', () => {
  expect(title(signalled, of('Relay over UDP'), ...blocked('TCP', 'TLS'))).toBe('Calls work from here');
  expect(title(signalled, ...blocked('UDP'), of('Relay over TCP'))).toBe('UDP is blocked between you and the server');
  expect(title(signalled, ...blocked('UDP', 'TCP'), of('Relay over TLS'))).toBe('Only TLS gets through to the server');
});

test('where none works: it refuses, the web alone gets through, or there is a direct way', () => {
  expect(title(signalled, of('Relay over UDP', 'problem', 'The relay refuses'))).toBe('The relay fails');
  const web = verdict([signalled, ...blocked('UDP', 'TCP'), of('Relay over WebSocket')]);
  expect(web).toMatchObject({ outcome: 'problem', title: 'No relay is reached' });
  expect(web.meaning).toContain('Nothing but the web');
  expect(verdict([signalled, of('STUN over UDP'), ...blocked('UDP', 'TCP')]).outcome).toBe('warning');
});

test('a server on this machine needs no relay', () => {
  const here = of('Relay over UDP', 'warning', 'The relay is on this machine');
  expect(verdict([signalled, here])).toMatchObject({ outcome: 'ok', title: 'Calls work on this machine' });
});

test('a microphone that is not to be had is told before the network is praised', () => {
  const denied = of('Microphone', 'problem', 'The microphone is not allowed');
  expect(verdict([signalled, of('Relay over UDP'), denied])).toEqual({
    outcome: 'problem',
    title: 'The microphone is not allowed',
    meaning: 'Microphone.',
  });
});
