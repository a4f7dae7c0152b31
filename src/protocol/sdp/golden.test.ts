// Translations of the captures, to be read line by line. Stateful behaviour is in session-translation.test.ts.
import { expect, test } from 'vitest';
import { phoneLeg, webrtcLeg } from '../../../test/support/sdp-legs.ts';
import { sdpVector } from '../../../test/support/sdp-vectors.ts';
import type { Codec } from './codec.ts';
import type { Leg } from './leg.ts';
import { SessionTranslation } from './session-translation.ts';
import { TRANSCODED_FOR_BROWSERS } from './transcoding.ts';

/** What fits into one datagram: RFC 3261 section 18.1.1. */
const FEW: { codecs: (codec: Codec) => boolean } = {
  codecs: ({ name, format }) => !/^(AV1|VP9)$/.test(name) && (name !== 'H264' || /mode=1.*42e01f/.test(format ?? '')),
};

function offered(name: string, caller: Leg, callee: Leg): string {
  return lines(new SessionTranslation({ caller, callee }).offer('caller', sdpVector(name)).text);
}

function answered(offer: string, answer: string, caller: Leg, callee: Leg): string {
  const translation = new SessionTranslation({ caller, callee });
  translation.offer('caller', sdpVector(offer));
  return lines(translation.answer('callee', sdpVector(answer)).text);
}

function lines(text: string): string {
  expect(text.replaceAll('\r\n', '')).not.toMatch(/[\r\n]/);
  return text.replaceAll('\r\n', '\n').trimEnd();
}

test('Chromium offers audio to a plain phone', () => {
  expect(offered('chromium-audio-offer', webrtcLeg(), phoneLeg('RTP/AVP'))).toMatchInlineSnapshot(`
    "v=0
    o=- 2002 1 IN IP4 198.51.100.2
    s=-
    c=IN IP4 198.51.100.2
    t=0 0
    m=audio 30000 RTP/AVP 111 9 0 8 13 110 126
    a=rtpmap:111 opus/48000/2
    a=fmtp:111 minptime=10;useinbandfec=1
    a=rtpmap:9 G722/8000
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:13 CN/8000
    a=rtpmap:110 telephone-event/48000
    a=fmtp:110 0-15
    a=rtpmap:126 telephone-event/8000
    a=fmtp:126 0-15
    a=sendrecv"
  `);
});

test('Chromium gets the answer of a plain phone', () => {
  expect(
    answered('chromium-audio-offer', 'written-asterisk-answer', webrtcLeg(), phoneLeg('RTP/AVP')),
  ).toMatchInlineSnapshot(`
    "v=0
    o=- 1001 1 IN IP4 198.51.100.1
    s=-
    c=IN IP4 198.51.100.1
    t=0 0
    a=group:BUNDLE 0
    a=ice-lite
    m=audio 3478 UDP/TLS/RTP/SAVPF 0 8 126
    c=IN IP4 198.51.100.1
    a=mid:0
    a=ice-ufrag:WebU0
    a=ice-pwd:WebPassword01234567890
    a=candidate:1 1 udp 2130706431 198.51.100.1 3478 typ host
    a=end-of-candidates
    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF
    a=setup:active
    a=rtcp-mux
    a=sendrecv
    a=msid:chappe chappe-0
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:126 telephone-event/8000
    a=fmtp:126 0-16
    a=ptime:20
    a=maxptime:150"
  `);
});

test('Chromium offers audio and video to a phone with SDES: its own ports, no feedback, no repair, CM_80 before GCM', () => {
  expect(offered('chromium-audio-video-offer', webrtcLeg(), phoneLeg('RTP/SAVP', FEW))).toMatchInlineSnapshot(`
    "v=0
    o=- 2002 1 IN IP4 198.51.100.2
    s=-
    c=IN IP4 198.51.100.2
    t=0 0
    m=audio 30000 RTP/SAVP 111 9 0 8 13 110 126
    a=rtpmap:111 opus/48000/2
    a=fmtp:111 minptime=10;useinbandfec=1
    a=rtpmap:9 G722/8000
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:13 CN/8000
    a=rtpmap:110 telephone-event/48000
    a=fmtp:110 0-15
    a=rtpmap:126 telephone-event/8000
    a=fmtp:126 0-15
    a=sendrecv
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC0
    a=crypto:2 AEAD_AES_128_GCM inline:GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG0==
    m=video 30002 RTP/SAVP 96 108
    a=rtpmap:96 VP8/90000
    a=rtpmap:108 H264/90000
    a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
    a=sendrecv
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC1
    a=crypto:2 AEAD_AES_128_GCM inline:GGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGGG1=="
  `);
});

test('Chromium offers audio and video to an AVPF phone: feedback without congestion control, repair kept', () => {
  expect(offered('chromium-audio-video-offer', webrtcLeg(), phoneLeg('RTP/AVPF', FEW))).toMatchInlineSnapshot(`
    "v=0
    o=- 2002 1 IN IP4 198.51.100.2
    s=-
    c=IN IP4 198.51.100.2
    t=0 0
    m=audio 30000 RTP/AVPF 111 63 9 0 8 13 110 126
    a=rtpmap:111 opus/48000/2
    a=fmtp:111 minptime=10;useinbandfec=1
    a=rtpmap:63 red/48000/2
    a=fmtp:63 111/111
    a=rtpmap:9 G722/8000
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:13 CN/8000
    a=rtpmap:110 telephone-event/48000
    a=fmtp:110 0-15
    a=rtpmap:126 telephone-event/8000
    a=fmtp:126 0-15
    a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
    a=sendrecv
    a=rtcp-rsize
    m=video 30002 RTP/AVPF 96 97 108 109 118 119 120
    a=rtpmap:96 VP8/90000
    a=rtcp-fb:96 ccm fir
    a=rtcp-fb:96 nack
    a=rtcp-fb:96 nack pli
    a=rtpmap:97 rtx/90000
    a=fmtp:97 apt=96
    a=rtpmap:108 H264/90000
    a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
    a=rtcp-fb:108 ccm fir
    a=rtcp-fb:108 nack
    a=rtcp-fb:108 nack pli
    a=rtpmap:109 rtx/90000
    a=fmtp:109 apt=108
    a=rtpmap:118 red/90000
    a=rtpmap:119 rtx/90000
    a=fmtp:119 apt=118
    a=rtpmap:120 ulpfec/90000
    a=extmap:13 urn:3gpp:video-orientation
    a=sendrecv
    a=rtcp-rsize"
  `);
});

test('Firefox offers audio to a phone with DTLS and ICE', () => {
  const ice = () => ({ ufrag: 'PhoneU', password: 'PhonePassword0123456789' });
  expect(offered('firefox-audio-offer', webrtcLeg(), phoneLeg('UDP/TLS/RTP/SAVPF', { ice }))).toMatchInlineSnapshot(`
    "v=0
    o=- 2002 1 IN IP4 198.51.100.2
    s=-
    c=IN IP4 198.51.100.2
    t=0 0
    a=ice-lite
    m=audio 30000 UDP/TLS/RTP/SAVPF 109 9 0 8 101
    a=rtpmap:109 opus/48000/2
    a=fmtp:109 maxplaybackrate=48000;stereo=1;useinbandfec=1
    a=rtpmap:9 G722/8000
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=extmap:1 urn:ietf:params:rtp-hdrext:ssrc-audio-level
    a=extmap:2/recvonly urn:ietf:params:rtp-hdrext:csrc-audio-level
    a=sendrecv
    a=rtcp:30001
    a=rtcp-mux
    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF
    a=setup:actpass
    a=ice-ufrag:PhoneU
    a=ice-pwd:PhonePassword0123456789
    a=candidate:1 1 udp 2130706431 198.51.100.2 30000 typ host
    a=candidate:1 2 udp 2130706430 198.51.100.2 30001 typ host
    a=end-of-candidates"
  `);
});

test('Chromium offers a microphone, two videos and a data channel: all in their places, the data channel rejected', () => {
  expect(offered('chromium-screen-data-offer', webrtcLeg(), phoneLeg('RTP/AVP', FEW))).toMatchInlineSnapshot(`
    "v=0
    o=- 2002 1 IN IP4 198.51.100.2
    s=-
    c=IN IP4 198.51.100.2
    t=0 0
    m=audio 30000 RTP/AVP 111 9 0 8 13 110 126
    a=rtpmap:111 opus/48000/2
    a=fmtp:111 minptime=10;useinbandfec=1
    a=rtpmap:9 G722/8000
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:13 CN/8000
    a=rtpmap:110 telephone-event/48000
    a=fmtp:110 0-15
    a=rtpmap:126 telephone-event/8000
    a=fmtp:126 0-15
    a=sendrecv
    m=video 30002 RTP/AVP 96 108
    a=rtpmap:96 VP8/90000
    a=rtpmap:108 H264/90000
    a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
    a=sendrecv
    m=video 30004 RTP/AVP 96 108
    a=rtpmap:96 VP8/90000
    a=rtpmap:108 H264/90000
    a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f
    a=sendrecv
    m=application 0 UDP/DTLS/SCTP webrtc-datachannel
    a=inactive"
  `);
});

test('a plain baresip offers to a browser', () => {
  expect(offered('baresip-1.0-avp-offer', phoneLeg(), webrtcLeg())).toMatchInlineSnapshot(`
    "v=0
    o=- 1001 1 IN IP4 198.51.100.1
    s=-
    c=IN IP4 198.51.100.1
    t=0 0
    a=group:BUNDLE 0
    a=ice-lite
    m=audio 3478 UDP/TLS/RTP/SAVPF 0 8 101
    c=IN IP4 198.51.100.1
    a=mid:0
    a=ice-ufrag:WebU0
    a=ice-pwd:WebPassword01234567890
    a=candidate:1 1 udp 2130706431 198.51.100.1 3478 typ host
    a=end-of-candidates
    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF
    a=setup:actpass
    a=rtcp-mux
    a=sendrecv
    a=msid:chappe chappe-0
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=label:1
    a=minptime:20
    a=ptime:20"
  `);
});

test('a baresip with SDES gets the answer of Chromium: its own numbers, tag and profile', () => {
  expect(
    answered('baresip-1.0-srtp-mand-offer', 'chromium-audio-answer', phoneLeg(), webrtcLeg()),
  ).toMatchInlineSnapshot(`
    "v=0
    o=- 2002 1 IN IP4 198.51.100.2
    s=-
    c=IN IP4 198.51.100.2
    t=0 0
    m=audio 30000 RTP/SAVP 0 8 101
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=sendrecv
    a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCC0"
  `);
});

test('a baresip with DTLS gets the answer of Firefox: we are passive', () => {
  expect(answered('baresip-1.0-dtls-offer', 'firefox-audio-answer', phoneLeg(), webrtcLeg())).toMatchInlineSnapshot(`
    "v=0
    o=- 2002 1 IN IP4 198.51.100.2
    s=-
    c=IN IP4 198.51.100.2
    t=0 0
    m=audio 30000 UDP/TLS/RTP/SAVPF 0 8 101
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=sendrecv
    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF
    a=setup:passive"
  `);
});

test('a baresip with ICE and DTLS gets candidates for both components', () => {
  const ice = () => ({ ufrag: 'PhoneU', password: 'PhonePassword0123456789' });
  expect(
    answered('baresip-1.0-ice-dtls-offer', 'chromium-audio-answer', phoneLeg('RTP/AVP', { ice }), webrtcLeg()),
  ).toMatchInlineSnapshot(`
    "v=0
    o=- 2002 1 IN IP4 198.51.100.2
    s=-
    c=IN IP4 198.51.100.2
    t=0 0
    a=ice-lite
    m=audio 30000 UDP/TLS/RTP/SAVPF 0 8 101
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=sendrecv
    a=rtcp:30001
    a=rtcp-rsize
    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF
    a=setup:passive
    a=ice-ufrag:PhoneU
    a=ice-pwd:PhonePassword0123456789
    a=candidate:1 1 udp 2130706431 198.51.100.2 30000 typ host
    a=candidate:1 2 udp 2130706430 198.51.100.2 30001 typ host
    a=end-of-candidates"
  `);
});

test('a baresip with optional SRTP under RTP/AVP is answered in plain RTP', () => {
  expect(answered('baresip-1.0-srtp-offer', 'chromium-audio-answer', phoneLeg(), webrtcLeg())).toMatchInlineSnapshot(`
    "v=0
    o=- 2002 1 IN IP4 198.51.100.2
    s=-
    c=IN IP4 198.51.100.2
    t=0 0
    m=audio 30000 RTP/AVP 0 8 101
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=sendrecv"
  `);
});

test('an AVPF phone offers audio and video with the same numbers: they are told apart in the bundle', () => {
  expect(offered('written-asterisk-avpf-video-offer', phoneLeg(), webrtcLeg())).toMatchInlineSnapshot(`
    "v=0
    o=- 1001 1 IN IP4 198.51.100.1
    s=-
    c=IN IP4 198.51.100.1
    t=0 0
    a=group:BUNDLE 0 1
    a=ice-lite
    m=audio 3478 UDP/TLS/RTP/SAVPF 96 0 97
    c=IN IP4 198.51.100.1
    a=mid:0
    a=ice-ufrag:WebU0
    a=ice-pwd:WebPassword01234567890
    a=candidate:1 1 udp 2130706431 198.51.100.1 3478 typ host
    a=end-of-candidates
    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF
    a=setup:actpass
    a=rtcp-mux
    a=sendrecv
    a=msid:chappe chappe-0
    a=rtpmap:96 opus/48000/2
    a=fmtp:96 useinbandfec=1
    a=rtpmap:0 PCMU/8000
    a=rtpmap:97 telephone-event/8000
    a=fmtp:97 0-16
    m=video 0 UDP/TLS/RTP/SAVPF 98 99
    c=IN IP4 198.51.100.1
    a=mid:1
    a=bundle-only
    a=ice-ufrag:WebU0
    a=ice-pwd:WebPassword01234567890
    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF
    a=setup:actpass
    a=rtcp-mux
    a=sendrecv
    a=msid:chappe chappe-1
    a=rtpmap:98 VP8/90000
    a=rtcp-fb:98 ccm fir
    a=rtcp-fb:98 nack
    a=rtcp-fb:98 nack pli
    a=rtpmap:99 H264/90000
    a=fmtp:99 packetization-mode=1;profile-level-id=42E01F
    a=rtcp-fb:99 ccm fir
    a=rtcp-fb:99 nack pli"
  `);
});

test('a Yealink on hold, the old way and the new, offers sendonly', () => {
  expect(offered('written-yealink-hold-offer', phoneLeg(), webrtcLeg())).toMatchInlineSnapshot(`
    "v=0
    o=- 1001 1 IN IP4 198.51.100.1
    s=-
    c=IN IP4 198.51.100.1
    t=0 0
    a=group:BUNDLE 0
    a=ice-lite
    m=audio 3478 UDP/TLS/RTP/SAVPF 9 0 8 18 101
    c=IN IP4 198.51.100.1
    a=mid:0
    a=ice-ufrag:WebU0
    a=ice-pwd:WebPassword01234567890
    a=candidate:1 1 udp 2130706431 198.51.100.1 3478 typ host
    a=end-of-candidates
    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF
    a=setup:actpass
    a=rtcp-mux
    a=sendonly
    a=msid:chappe chappe-0
    a=rtpmap:9 G722/8000
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:18 G729/8000
    a=fmtp:18 annexb=no
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=ptime:20"
  `);
});

test('a fax beside audio is offered to the browser as rejected', () => {
  expect(offered('written-t38-offer', phoneLeg(), webrtcLeg())).toMatchInlineSnapshot(`
    "v=0
    o=- 1001 1 IN IP4 198.51.100.1
    s=-
    c=IN IP4 198.51.100.1
    t=0 0
    a=group:BUNDLE 0
    a=ice-lite
    m=audio 3478 UDP/TLS/RTP/SAVPF 8
    c=IN IP4 198.51.100.1
    a=mid:0
    a=ice-ufrag:WebU0
    a=ice-pwd:WebPassword01234567890
    a=candidate:1 1 udp 2130706431 198.51.100.1 3478 typ host
    a=end-of-candidates
    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF
    a=setup:actpass
    a=rtcp-mux
    a=sendrecv
    a=msid:chappe chappe-0
    a=rtpmap:8 PCMA/8000
    m=audio 0 UDP/TLS/RTP/SAVPF 0
    a=mid:1
    a=inactive"
  `);
});

test('our end of the phone leg may be IPv6, and media may have other addresses than the session', () => {
  const callee = phoneLeg('RTP/AVP', {
    transport: (index) => ({ address: `2001:db8::${index + 1}`, port: 4000, rtcpPort: 5001 }),
  });
  expect(
    offered('chromium-audio-video-offer', webrtcLeg(), { ...callee, codecs: ({ name }) => /^(PCMU|VP8)$/.test(name) }),
  ).toMatchInlineSnapshot(`
    "v=0
    o=- 2002 1 IN IP6 2001:db8::1
    s=-
    c=IN IP6 2001:db8::1
    t=0 0
    m=audio 4000 RTP/AVP 0
    a=rtpmap:0 PCMU/8000
    a=sendrecv
    a=rtcp:5001
    m=video 4000 RTP/AVP 96
    c=IN IP6 2001:db8::2
    a=rtpmap:96 VP8/90000
    a=sendrecv
    a=rtcp:5001"
  `);
});

test('a WebRTC leg that ends mid and transport-wide-cc, sends one SSRC and has two addresses says so', () => {
  const callee = webrtcLeg({
    transport: () => ({ address: '198.51.100.1', port: 3478, others: [{ address: '2001:db8::1', port: 3478 }] }),
    headerExtensions: ['urn:ietf:params:rtp-hdrext:sdes:mid'],
    source: (index) => ({ ssrc: 7000 + index, cname: 'chappe' }),
  });
  expect(offered('written-cisco-trunk-offer', phoneLeg(), callee)).toMatchInlineSnapshot(`
    "v=0
    o=- 1001 1 IN IP4 198.51.100.1
    s=-
    c=IN IP4 198.51.100.1
    b=TIAS:64000
    b=AS:64
    t=0 0
    a=group:BUNDLE 0
    a=ice-lite
    m=audio 3478 UDP/TLS/RTP/SAVPF 0 101
    c=IN IP4 198.51.100.1
    a=mid:0
    a=ice-ufrag:WebU0
    a=ice-pwd:WebPassword01234567890
    a=candidate:1 1 udp 2130706431 198.51.100.1 3478 typ host
    a=candidate:2 1 udp 2130706175 2001:db8::1 3478 typ host
    a=end-of-candidates
    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF
    a=setup:actpass
    a=rtcp-mux
    a=extmap:14 urn:ietf:params:rtp-hdrext:sdes:mid
    a=sendrecv
    a=msid:chappe chappe-0
    a=rtpmap:0 PCMU/8000
    a=rtpmap:101 telephone-event/8000
    a=fmtp:101 0-15
    a=ptime:20
    a=ssrc:7000 cname:chappe"
  `);
});

test('a phone with G.722 alone offers audio to a browser, transcoding allowed', () => {
  const text = 'v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 9 101\r\n';
  const leg = webrtcLeg({ transcode: () => TRANSCODED_FOR_BROWSERS });
  const offer = `${text}a=rtpmap:101 telephone-event/8000\r\n`;
  expect(
    lines(new SessionTranslation({ caller: phoneLeg(), callee: leg }).offer('caller', offer).text),
  ).toMatchInlineSnapshot(`
    "v=0
    o=- 1001 1 IN IP4 198.51.100.1
    s=-
    c=IN IP4 198.51.100.1
    t=0 0
    a=group:BUNDLE 0
    a=ice-lite
    m=audio 3478 UDP/TLS/RTP/SAVPF 9 101 111 0 8 110
    c=IN IP4 198.51.100.1
    a=mid:0
    a=ice-ufrag:WebU0
    a=ice-pwd:WebPassword01234567890
    a=candidate:1 1 udp 2130706431 198.51.100.1 3478 typ host
    a=end-of-candidates
    a=fingerprint:sha-256 A0:A1:A2:A3:A4:A5:A6:A7:A8:A9:AA:AB:AC:AD:AE:AF:B0:B1:B2:B3:B4:B5:B6:B7:B8:B9:BA:BB:BC:BD:BE:BF
    a=setup:actpass
    a=rtcp-mux
    a=sendrecv
    a=msid:chappe chappe-0
    a=rtpmap:9 G722/8000
    a=rtpmap:101 telephone-event/8000
    a=rtpmap:111 opus/48000/2
    a=fmtp:111 minptime=10;useinbandfec=1
    a=rtpmap:0 PCMU/8000
    a=rtpmap:8 PCMA/8000
    a=rtpmap:110 telephone-event/48000"
  `);
});
