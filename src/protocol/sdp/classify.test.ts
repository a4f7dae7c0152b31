import { expect, test } from 'vitest';
import { SDP_VECTORS, sdpVector } from '../../../test/support/sdp-vectors.ts';
import { classify } from './classify.ts';
import { parseDescription } from './session-description.ts';

function marks(name: string): string {
  const { profile, kinds, ...flags } = classify(parseDescription(sdpVector(name)));
  const set = Object.entries(flags).flatMap(([flag, on]) => (on ? [flag] : []));
  return `${kinds.join('+')} ${profile}: ${set.join(' ')}`;
}

test('who wrote a description is known by ICE, DTLS and rtcp-mux, not by the profile', () => {
  expect(marks('chromium-audio-offer')).toBe('audio UDP/TLS/RTP/SAVPF: webrtc ice mux dtls');
  expect(marks('chromium-audio-video-answer')).toBe('audio+video UDP/TLS/RTP/SAVPF: webrtc ice bundle mux dtls');
  expect(marks('chromium-screen-data-offer')).toBe(
    'audio+video+video+application UDP/TLS/RTP/SAVPF: webrtc ice bundle mux dtls',
  );
  expect(marks('firefox-audio-video-offer')).toBe('audio+video UDP/TLS/RTP/SAVPF: webrtc ice bundle mux dtls');
  expect(marks('baresip-1.0-avp-offer')).toBe('audio RTP/AVP: ');
  expect(marks('baresip-1.0-ice-offer')).toBe('audio RTP/AVP: ice');
  expect(marks('baresip-1.0-srtp-mand-offer')).toBe('audio RTP/SAVP: sdes');
  expect(marks('baresip-1.0-dtls-offer')).toBe('audio UDP/TLS/RTP/SAVPF: dtls');
  // A browser would refuse it: no rtcp-mux.
  expect(marks('baresip-1.0-ice-dtls-offer')).toBe('audio UDP/TLS/RTP/SAVPF: ice dtls');
  expect(marks('written-snom-best-effort-offer')).toBe('audio RTP/AVP: ');
  expect(marks('written-asterisk-avpf-video-offer')).toBe('audio+video RTP/AVPF: ');
});

test('every capture of a browser is WebRTC, none of a phone is', () => {
  for (const name of SDP_VECTORS)
    expect([name, classify(parseDescription(sdpVector(name))).webrtc]).toEqual([
      name,
      /^(chromium|firefox)/.test(name),
    ]);
});
