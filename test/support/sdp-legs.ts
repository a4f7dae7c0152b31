// Legs with fixed addresses, ports and keys, so that a translation can be read and compared.
import type { PhoneLeg, PhoneProfile, WebRtcLeg } from '../../src/protocol/sdp/leg.ts';

const FINGERPRINT = {
  hash: 'sha-256',
  value: Array.from({ length: 32 }, (_, i) => (i + 0xa0).toString(16).toUpperCase()).join(':'),
};

/** The gateway's one UDP port. */
export function webrtcLeg(more: Partial<WebRtcLeg> = {}): WebRtcLeg {
  return {
    type: 'webrtc',
    sessionId: '1001',
    stream: 'chappe',
    transport: () => ({ address: '198.51.100.1', port: 3478 }),
    ice: (generation) => ({ ufrag: `WebU${generation}`, password: `WebPassword0123456789${generation}` }),
    fingerprint: FINGERPRINT,
    ...more,
  };
}

/** A port pair for each section. */
export function phoneLeg(profile: PhoneProfile = 'RTP/AVP', more: Partial<PhoneLeg> = {}): PhoneLeg {
  return {
    type: 'phone',
    sessionId: '2002',
    profile,
    transport: (index) => ({ address: '198.51.100.2', port: 30_000 + 2 * index }),
    fingerprint: FINGERPRINT,
    sdes: (index) => [
      { suite: 'AEAD_AES_128_GCM', key: `${'G'.repeat(37)}${index}==`.slice(0, 40) },
      { suite: 'AES_CM_128_HMAC_SHA1_80', key: `${'C'.repeat(39)}${index}` },
    ],
    ...more,
  };
}
