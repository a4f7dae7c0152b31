// What is passed on to rtpengine of a description that a stranger wrote. rtpengine 10.5 parses in C: thousands of formats or
// candidates, or a connection line with a hostile address, have crashed or silenced it, and every port it is asked for is
// taken from all calls. So a description is read here first, refused when it is out of all proportion, and written anew
// without the lines that nobody understands as what they claim to be.
import { isIP } from 'node:net';
import type { ByteString } from '../../../protocol/byte-string.ts';
import { parseCandidate } from '../../../protocol/sdp/candidate.ts';
import { parseRtpmap } from '../../../protocol/sdp/codec.ts';
import { isUnspecified, serializeConnection } from '../../../protocol/sdp/connection.ts';
import { parseCrypto, SDES_SUITES } from '../../../protocol/sdp/crypto-attribute.ts';
import { parseFingerprint, parseSetup } from '../../../protocol/sdp/dtls-attributes.ts';
import { DESCRIPTION_LIMITS, type DescriptionLimits } from '../../../protocol/sdp/limits.ts';
import { attributeName, type Line } from '../../../protocol/sdp/line.ts';
import { MediaDescription } from '../../../protocol/sdp/media-description.ts';
import { malformed, notAcceptable, tooMany } from '../../../protocol/sdp/sdp-error.ts';
import {
  parseDescription,
  SessionDescription,
  serializeDescription,
} from '../../../protocol/sdp/session-description.ts';

/** rtpengine takes two ports a section, and more for a bundle that it breaks up: no telephone call has more sections. */
const BOUNDS: DescriptionLimits = { ...DESCRIPTION_LIMITS, lines: 1024, media: 16, formats: 64, candidates: 64 };
/** Chromium's longest line (an fmtp of H.265) has 300. */
const LINE_BYTES = 1024;

/**
 * The description as it may be given to rtpengine; `source` is where it came from. Throws ProtocolError: SDP_SYNTAX, SDP_TOO_MANY (400), SDP_NOT_ACCEPTABLE
 * (488) where rtpengine could not carry it.
 */
export function carefulDescription(text: ByteString, size: number, source: string): SessionDescription {
  const description = parseDescription(text, { ...BOUNDS, size });
  for (const { lines } of [description, ...description.media])
    for (const line of lines) if (line.value.length > LINE_BYTES) throw tooMany('octets in a line');
  const live = description.media.filter((section) => section.port !== 0);
  for (const section of live) checkPlace(section);
  return new SessionDescription(
    description.lines.filter(isUnderstood),
    description.media.map(
      (section) =>
        new MediaDescription(
          isCarried(section) ? section : { ...mediaLine(section), port: 0 },
          [...placeOf(section, source), ...section.lines.filter((line) => line.type !== 'c' && isUnderstood(line))],
          section.session,
        ),
    ),
  );
}

/**
 * What rtpengine has written, for the other side: bounded as well, and its SDES suites in our order (rtpengine puts
 * AEAD_AES_256_GCM first, with which baresip cannot decrypt), without those that nobody else has.
 */
export function fromRtpengine(text: ByteString): ByteString {
  const description = parseDescription(text);
  if (!description.media.some((section) => section.has('crypto'))) return text;
  const media = description.media.map(
    (section) => new MediaDescription(mediaLine(section), orderSuites(section.lines), section.session),
  );
  return serializeDescription(new SessionDescription(description.lines, media));
}

const SUITES = Object.keys(SDES_SUITES);

function orderSuites(lines: readonly Line[]): Line[] {
  const suiteOf = (line: Line): number => SUITES.indexOf(line.value.split(' ', 2)[1] ?? '');
  const cryptos = lines.filter((line) => attributeName(line) === 'crypto');
  const known = cryptos.filter((line) => suiteOf(line) >= 0).sort((a, b) => suiteOf(a) - suiteOf(b));
  return [...lines.filter((line) => !cryptos.includes(line)), ...(known.length > 0 ? known : cryptos)];
}

/** rtpengine relays RTP, and whatever else is datagrams without a handshake of its own: no SCTP in DTLS, nothing on TCP. */
function isCarried({ profile, proto }: MediaDescription): boolean {
  return profile !== undefined ? !/^TCP/i.test(proto) : /^udptl$/i.test(proto);
}

function checkPlace(section: MediaDescription): void {
  // RFC 8866 section 5.14: `port/count` asks for as many pairs; nobody has sent it in a call.
  if (section.portCount !== 1) throw notAcceptable('Several ports in one media description');
  const { address } = section.connection ?? {};
  if (address !== undefined && !isReachable(address))
    throw notAcceptable('A connection address that is no unicast IP address');
}

/**
 * The section's own connection line. With ICE an address of zeros only says that candidates are still being gathered
 * (RFC 8840 section 4.1.3), while rtpengine, where it has no ICE for the other side, takes it for "hold".
 */
function placeOf(section: MediaDescription, source: string): Line[] {
  const value = section.value('c');
  const { address } = section.connection ?? {};
  if (address !== undefined && isUnspecified(address) && section.ice !== undefined)
    return [{ type: 'c', value: serializeConnection(source) }];
  return value === undefined ? [] : [{ type: 'c', value }];
}

/** A unicast address, or the one that means "hold". */
function isReachable(address: string): boolean {
  if (isIP(address) === 0) return false;
  if (isUnspecified(address)) return true;
  return isIP(address) === 4 ? Number(address.split('.')[0]) < 224 && address[0] !== '0' : !/^ff/i.test(address);
}

const NUMBER = /^\d{1,5}$/;

/** Attributes that rtpengine acts on: the line goes when it is not what RFC says. All others are copied by it unread. */
const UNDERSTOOD: Readonly<Record<string, (value: ByteString) => boolean>> = {
  candidate: (value) => isIP(parseCandidate(value)?.address ?? '') !== 0, // names (mDNS) are of use to nobody but their network
  crypto: (value) => parseCrypto(value) !== undefined,
  fingerprint: (value) => parseFingerprint(value) !== undefined,
  setup: (value) => parseSetup(value) !== undefined,
  rtpmap: (value) => (parseRtpmap(value)?.clockRate ?? 0) > 0,
  fmtp: (value) => /^\d{1,3}[ \t]/.test(value),
  ptime: (value) => NUMBER.test(value.trim()) && Number(value) > 0 && Number(value) <= 1000,
  maxptime: (value) => NUMBER.test(value.trim()) && Number(value) > 0 && Number(value) <= 1000,
  rtcp: (value) => /^\d{1,5}( IN IP[46] [0-9a-fA-F.:]{2,45})?\s*$/.test(value) && Number.parseInt(value, 10) <= 65_535,
  'ice-ufrag': (value) => /^[!-~]{4,256}$/.test(value),
  'ice-pwd': (value) => /^[!-~]{22,256}$/.test(value),
  ssrc: (value) => /^\d{1,10}( |$)/.test(value),
  'remote-candidates': () => false, // we are told by the checks themselves
  rtpengine: () => false, // its own mark against loops: whoever writes it would switch the relay off
};

function isUnderstood(line: Line): boolean {
  const name = attributeName(line);
  if (name === undefined) return true;
  if (!/^[!-~]+$/.test(name)) throw malformed('a=');
  const understands = Object.hasOwn(UNDERSTOOD, name) ? UNDERSTOOD[name] : undefined;
  return understands === undefined || understands(line.value.slice(name.length + 1));
}

function mediaLine({ kind, port, portCount, proto, formats }: MediaDescription) {
  return { kind, port, portCount, proto, formats };
}
