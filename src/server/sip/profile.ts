// What a party's descriptions look like, which decides whether another party could take them as they are.
import type { ByteString } from '../../protocol/byte-string.ts';
import type { PhoneProfile } from '../../protocol/sdp/leg.ts';
import type { MediaParty } from '../media/engine.ts';

export type Profile = MediaParty['profile'];

export const PHONE_PROFILES: readonly PhoneProfile[] = [
  'RTP/AVP',
  'RTP/AVPF',
  'RTP/SAVP',
  'RTP/SAVPF',
  'UDP/TLS/RTP/SAVP',
  'UDP/TLS/RTP/SAVPF',
];

/**
 * Whose description it is, at the cost of a few scans of the text: every offer is looked at, and most go on untouched.
 * WebRTC is known by ICE with DTLS (and rtcp-mux where there is RTP), whatever the profile says, as
 * `protocol/sdp/classify.ts` has it; a phone by the profile of its first section that is not refused.
 */
export function profileOf(description: ByteString): Profile {
  if (
    description.includes('\na=ice-ufrag:') &&
    description.includes('\na=fingerprint:') &&
    (description.includes('\na=rtcp-mux') || !/^m=\w+ \d+ \S*RTP\//m.test(description))
  )
    return 'webrtc';
  const proto = /^m=\w+ [1-9]\d*(?:\/\d+)? (\S*RTP\/S?AVPF?)/im.exec(description)?.[1]?.toUpperCase();
  return PHONE_PROFILES.find((profile) => profile === proto) ?? 'RTP/AVP';
}

/** Messages alone (RFC 4975 section 8): they do not go by way of the media relay, whoever the two are. */
export function isMessaging(description: ByteString): boolean {
  let messages = false;
  for (const [, kind] of description.matchAll(/^m=(\w+) [1-9]/gm)) {
    if (kind !== 'message') return false;
    messages = true;
  }
  return messages;
}

/**
 * What is known of a product by its User-Agent. COMPAT: linphone 5 describes nothing in its answer to OPTIONS, and takes a
 * page's own offer though it understands the keys in it and not the paths: nobody is heard. It takes each of the others.
 */
export function profileByName(userAgent: ByteString | undefined): Profile | undefined {
  return userAgent !== undefined && /^linphone/i.test(userAgent) ? 'RTP/AVP' : undefined;
}
