import { expect, test } from 'vitest';
import { attempts, effectivePolicy } from './media-policy.ts';
import type { Profile } from './profile.ts';

const sure = (profile: Profile) => ({ profile, certain: true });
const usually = (profile: Profile) => ({ profile, certain: false });

test('a page and a page, a phone and a phone: untouched first', () => {
  expect(attempts('auto', 'webrtc', sure('webrtc'))).toEqual(['untouched']);
  expect(attempts('auto', 'RTP/AVP', sure('RTP/AVP'))).toEqual(['untouched', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF']);
  expect(attempts('auto', 'RTP/AVP', sure('RTP/SAVP'))).toEqual(['untouched', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF']);
});

test('a page and a phone: translated at once, into what the phone speaks', () => {
  expect(attempts('auto', 'webrtc', sure('RTP/SAVP'))).toEqual([
    'RTP/SAVP',
    'RTP/AVP',
    'UDP/TLS/RTP/SAVPF',
    'untouched',
  ]);
  expect(attempts('auto', 'webrtc', sure('RTP/AVPF'))[0]).toBe('RTP/AVPF');
  expect(attempts('auto', 'RTP/AVP', sure('webrtc'))).toEqual(['webrtc']);
});

test('who is not known gets the caller’s own offer first', () => {
  expect(attempts('auto', 'webrtc', undefined)).toEqual(['untouched', 'RTP/AVP', 'RTP/SAVP', 'UDP/TLS/RTP/SAVPF']);
  expect(attempts('auto', 'RTP/SAVP', undefined)).toEqual(['untouched', 'webrtc', 'RTP/AVP', 'UDP/TLS/RTP/SAVPF']);
});

test('what is only usual is tried first, and then all that it may be', () => {
  expect(attempts('auto', 'webrtc', usually('webrtc'))).toEqual(attempts('auto', 'webrtc', undefined));
  expect(attempts('auto', 'RTP/AVP', usually('webrtc'))).toEqual([
    'webrtc',
    'untouched',
    'RTP/SAVP',
    'UDP/TLS/RTP/SAVPF',
  ]);
});

test('always never passes a description on as it is, never always does', () => {
  for (const caller of ['webrtc', 'RTP/AVP'] as const)
    for (const callee of [undefined, sure('webrtc'), sure('RTP/SAVP'), usually('webrtc')]) {
      expect(attempts('always', caller, callee)).not.toContain('untouched');
      expect(attempts('never', caller, callee)).toEqual(['untouched']);
    }
  expect(attempts('always', 'webrtc', sure('webrtc'))).toEqual(['webrtc']);
  expect(attempts('always', 'RTP/AVP', undefined)[0]).toBe('RTP/AVP');
});

test('no list is empty, long, or names anything twice', () => {
  for (const policy of ['auto', 'always', 'never'] as const)
    for (const caller of ['webrtc', 'RTP/AVP', 'RTP/SAVPF'] as const)
      for (const callee of [undefined, sure('webrtc'), sure('RTP/AVPF'), usually('webrtc'), usually('RTP/AVP')]) {
        const list = attempts(policy, caller, callee);
        expect(new Set(list).size).toBe(list.length);
        expect(list.length).toBeGreaterThan(0);
        expect(list.length).toBeLessThan(6);
      }
});

test('what is said for a domain or an account counts before what is said for all', () => {
  expect(effectivePolicy('always', [undefined, undefined])).toBe('always');
  expect(effectivePolicy('always', ['auto', undefined])).toBe('auto');
  expect(effectivePolicy('never', ['always'])).toBe('always');
  expect(effectivePolicy('auto', ['always', 'never'])).toBe('never');
  expect(effectivePolicy('auto', ['auto', 'always'])).toBe('always');
});
