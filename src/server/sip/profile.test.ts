import { expect, test } from 'vitest';
import { SDP_VECTORS, sdpVector } from '../../../test/support/sdp-vectors.ts';
import { classify } from '../../protocol/sdp/classify.ts';
import { parseDescription } from '../../protocol/sdp/session-description.ts';
import { isMessaging, PHONE_PROFILES, profileOf } from './profile.ts';

test('every capture is taken for what a whole parser says it is', () => {
  for (const name of SDP_VECTORS) {
    const text = sdpVector(name);
    const { webrtc, profile } = classify(parseDescription(text));
    const known = PHONE_PROFILES.find((known) => known === profile);
    expect([name, profileOf(text)]).toEqual([name, webrtc ? 'webrtc' : (known ?? 'RTP/AVP')]);
  }
});

test('a page that wants no more than a data channel is a page', () => {
  const lines = [
    'v=0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'a=ice-ufrag:x',
    'a=fingerprint:sha-256 AB',
  ];
  expect(profileOf(`${lines.join('\r\n')}\r\n`)).toBe('webrtc');
});

test('a section that is refused says nothing, and rubbish is plain RTP', () => {
  expect(profileOf('v=0\r\nm=video 0 RTP/SAVPF 96\r\nm=audio 4000/2 rtp/savp 0\r\n')).toBe('RTP/SAVP');
  for (const text of ['', 'm=', 'm=audio', 'm=audio 1 RTP/XYZ 0', 'm=image 4368 udptl t38', '\0\xff'])
    expect(profileOf(text)).toBe('RTP/AVP');
  const long = `m=audio ${'1'.repeat(60_000)}`;
  expect(profileOf(long)).toBe('RTP/AVP');
});

test('messages alone are not for the media relay', () => {
  expect(isMessaging('v=0\r\nm=message 2855 TCP/MSRP *\r\na=path:msrp://r:2855/x;tcp\r\n')).toBe(true);
  expect(isMessaging('v=0\r\nm=audio 0 RTP/AVP 0\r\nm=message 2855 TCP/MSRP *\r\n')).toBe(true);
  expect(isMessaging('v=0\r\nm=audio 4000 RTP/AVP 0\r\nm=message 2855 TCP/MSRP *\r\n')).toBe(false);
  expect(isMessaging('v=0\r\nm=message 0 TCP/MSRP *\r\n')).toBe(false);
});
