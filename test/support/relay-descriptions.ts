// The descriptions that the peers of relay tests send: as browsers and phones write them, with what a test is about.
import { PEER_FINGERPRINT } from './relay-peer.ts';

export interface BrowserSection {
  kind: string;
  codecs: readonly string[];
  direction?: string;
  feedback?: readonly string[];
}

export interface BrowserDescription {
  setup?: 'actpass' | 'active' | 'passive';
  ufrag?: string;
  sections?: readonly BrowserSection[];
  /** Number and URI. */
  extensions?: Record<number, string>;
  bundle?: boolean;
  fingerprint?: string;
}

export const MID = 'urn:ietf:params:rtp-hdrext:sdes:mid';
export const AUDIO_LEVEL = 'urn:ietf:params:rtp-hdrext:ssrc-audio-level';

export const AUDIO: BrowserSection = {
  kind: 'audio',
  codecs: ['0 PCMU/8000', '111 opus/48000/2', '101 telephone-event/8000', '13 CN/8000'],
};
export const VIDEO: BrowserSection = {
  kind: 'video',
  codecs: ['96 VP8/90000', '97 rtx/90000'],
  feedback: ['nack', 'nack pli', 'ccm fir'],
};

export function browserDescription(options: BrowserDescription = {}): string {
  const { setup = 'actpass', ufrag = 'peer', sections = [AUDIO], extensions = {}, bundle = true } = options;
  const lines = ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0'];
  if (bundle) lines.push(`a=group:BUNDLE ${sections.map((_, index) => index).join(' ')}`);
  for (const [index, section] of sections.entries()) {
    const numbers = section.codecs.map((codec) => codec.split(' ')[0]);
    lines.push(`m=${section.kind} 9 UDP/TLS/RTP/SAVPF ${numbers.join(' ')}`, 'c=IN IP4 0.0.0.0', `a=mid:${index}`);
    lines.push(`a=ice-ufrag:${ufrag}`, 'a=ice-pwd:browserpassword0123456789');
    lines.push(`a=fingerprint:sha-256 ${options.fingerprint ?? PEER_FINGERPRINT}`, `a=setup:${setup}`);
    lines.push('a=rtcp-mux', `a=${section.direction ?? 'sendrecv'}`);
    for (const [id, uri] of Object.entries(extensions)) lines.push(`a=extmap:${id} ${uri}`);
    for (const codec of section.codecs) {
      lines.push(`a=rtpmap:${codec}`);
      const [number, name] = codec.split(' ');
      if (name?.startsWith('rtx')) lines.push(`a=fmtp:${number} apt=${Number(number) - 1}`);
      else for (const feedback of section.feedback ?? []) lines.push(`a=rtcp-fb:${number} ${feedback}`);
    }
  }
  return `${lines.join('\r\n')}\r\n`;
}

export interface PhoneDescription {
  address?: string;
  port?: number;
  profile?: string;
  direction?: string;
  codecs?: readonly string[];
  kind?: string;
  /** Further lines of its section. */
  more?: readonly string[];
}

export const PHONE_KEY = 'NzB4d1BINUAvLEw6UzF3WSJ+PSdFcGdUJShpX1Zj';

export function phoneDescription(options: PhoneDescription = {}): string {
  const { address = '192.0.2.70', port = 5004, profile = 'RTP/AVP', kind = 'audio' } = options;
  const { codecs = ['0 PCMU/8000', '101 telephone-event/8000'], direction = 'sendrecv', more = [] } = options;
  const lines = ['v=0', `o=phone 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0'];
  lines.push(`m=${kind} ${port} ${profile} ${codecs.map((codec) => codec.split(' ')[0]).join(' ')}`);
  for (const codec of codecs) lines.push(`a=rtpmap:${codec}`);
  lines.push(`a=${direction}`, ...more);
  if (/^RTP\/S/.test(profile)) lines.push(`a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:${PHONE_KEY}`);
  return `${lines.join('\r\n')}\r\n`;
}
