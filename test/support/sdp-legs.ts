// Legs with fixed addresses, ports and keys, so that a translation can be read and compared.
import type { PhoneLeg, PhoneProfile, WebRtcLeg } from '../../src/protocol/sdp/leg.ts';
import { parseDescription } from '../../src/protocol/sdp/session-description.ts';

export const PHONE_PROFILES: readonly PhoneProfile[] = [
  'RTP/AVP',
  'RTP/AVPF',
  'RTP/SAVP',
  'RTP/SAVPF',
  'UDP/TLS/RTP/SAVP',
  'UDP/TLS/RTP/SAVPF',
];

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

/** A phone that takes everything it is offered, in its own way. */
export function phoneAnswer(offer: string, change: (text: string) => string = (text) => text): string {
  const sections = parseDescription(offer).media.map((section, index) => {
    const lines = [
      `m=${section.kind} ${section.port && 5000 + 2 * index} ${section.proto} ${section.formats.join(' ')}`,
    ];
    for (const line of section.lines) if (/^(rtpmap|fmtp|rtcp-fb):/.test(line.value)) lines.push(`a=${line.value}`);
    const crypto = section.cryptos[0];
    if (crypto) lines.push(`a=crypto:${crypto.tag} ${crypto.suite} inline:NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj`);
    if (section.has('fingerprint')) lines.push(`a=fingerprint:${section.attribute('fingerprint')}`, 'a=setup:active');
    return lines.join('\r\n');
  });
  const head = ['v=0', 'o=phone 1 1 IN IP4 192.0.2.70', 's=-', 'c=IN IP4 192.0.2.70', 't=0 0'];
  return change(`${[...head, ...sections].join('\r\n')}\r\n`);
}
