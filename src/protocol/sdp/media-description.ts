// RFC 8866 section 5.14: an "m=" line and what belongs to it, with what the session level says for all of them.
import type { ByteString } from '../byte-string.ts';
import { type Candidate, parseCandidate } from './candidate.ts';
import { type Codec, parsePayloadType, parseRtpmap, splitPayloadType, staticCodec } from './codec.ts';
import { type Connection, isUnspecified, parseConnection } from './connection.ts';
import { type CryptoAttribute, parseCrypto } from './crypto-attribute.ts';
import { type Direction, directionFrom, directionOf, sends } from './direction.ts';
import { type Fingerprint, parseFingerprint, parseSetup, type Setup } from './dtls-attributes.ts';
import { type HeaderExtension, parseHeaderExtension } from './header-extension.ts';
import { type IceCredentials, iceCredentials } from './ice.ts';
import { type Line, LineBlock } from './line.ts';
import { parseRtcpFeedback } from './rtcp-feedback.ts';
import { malformed } from './sdp-error.ts';
import { parseProfile, type RtpProfile } from './transport-profile.ts';

export interface MediaLine {
  /** `audio`, `video`, `application`, `image`, ... */
  kind: string;
  port: number;
  /** Written `port/count`; 1 when it is not. */
  portCount: number;
  proto: string;
  formats: readonly string[];
}

/** COMPAT: several spaces, or one at the end, come from a few phones. */
export function parseMediaLine(value: ByteString, mostFormats: number): MediaLine {
  const words = value.trim().split(/[ \t]+/, mostFormats + 4);
  const [kind = '', portText = '', proto = '', ...formats] = words;
  const port = /^(\d{1,5})(?:\/(\d{1,5}))?$/.exec(portText);
  if (!/^[0-9A-Za-z!#$%&'*+.^_`{|}~-]{1,32}$/.test(kind) || !port || Number(port[1]) > 65_535) throw malformed('m=');
  if (!/^[0-9A-Za-z/+._-]{1,64}$/.test(proto) || formats.length === 0) throw malformed('m=');
  return { kind, port: Number(port[1]), portCount: Number(port[2] ?? 1), proto, formats };
}

export function serializeMediaLine({ kind, port, portCount, proto, formats }: MediaLine): ByteString {
  const count = portCount === 1 ? '' : `/${portCount}`;
  return `${kind} ${port}${count} ${proto} ${formats.join(' ')}`;
}

/** Of one format: browsers have 6. What `*` says is written once for each format, so it must not be much. */
const MOST_FEEDBACK = 16;

export class MediaDescription extends LineBlock implements MediaLine {
  readonly kind: string;
  readonly port: number;
  readonly portCount: number;
  readonly proto: string;
  readonly formats: readonly string[];
  readonly session: LineBlock;
  private parsedCodecs: readonly Codec[] | undefined;
  private parsedFeedback: Map<number | '*', string[]> | undefined;

  /** `lines` are those after the "m=" line. */
  constructor(media: MediaLine, lines: readonly Line[], session: LineBlock) {
    super(lines);
    this.kind = media.kind;
    this.port = media.port;
    this.portCount = media.portCount;
    this.proto = media.proto;
    this.formats = media.formats;
    this.session = session;
  }

  /** The value that holds here: the section's own, or else the session's. */
  inherited(name: string): ByteString | undefined {
    return this.attribute(name) ?? this.session.attribute(name);
  }

  /** Port 0 and not `bundle-only` (RFC 3264 section 6; RFC 9143 section 6). */
  get rejected(): boolean {
    return this.port === 0 && !this.bundleOnly;
  }

  get bundleOnly(): boolean {
    return this.has('bundle-only');
  }

  get mid(): string | undefined {
    return this.attribute('mid')?.trim();
  }

  get profile(): RtpProfile | undefined {
    return parseProfile(this.proto);
  }

  /** Undefined where neither level has one. */
  get connection(): Connection | undefined {
    const value = this.value('c') ?? this.session.value('c');
    return value === undefined ? undefined : parseConnection(value);
  }

  /**
   * RFC 3264 section 8.4: an address of zeros is the old way to say "send me nothing". With ICE it only means that
   * candidates come later.
   */
  get direction(): Direction {
    const direction = directionOf(this) ?? directionOf(this.session) ?? 'sendrecv';
    const held = this.ice === undefined && isUnspecified(this.connection?.address ?? '');
    return held ? directionFrom(sends(direction), false) : direction;
  }

  get ice(): IceCredentials | undefined {
    return iceCredentials(this, this.session);
  }

  /** Those that can be read. */
  get candidates(): Candidate[] {
    return this.attributes('candidate')
      .map(parseCandidate)
      .filter((candidate) => candidate !== undefined);
  }

  /** Every fingerprint that holds here (RFC 8122 section 5.1: any of the strongest hash may match). */
  get fingerprints(): Fingerprint[] {
    const own = this.attributes('fingerprint');
    return (own.length > 0 ? own : this.session.attributes('fingerprint'))
      .map(parseFingerprint)
      .filter((fingerprint) => fingerprint !== undefined);
  }

  get setup(): Setup | undefined {
    return parseSetup(this.inherited('setup'));
  }

  /** The crypto attributes that can be understood, in the order of preference. */
  get cryptos(): CryptoAttribute[] {
    return this.attributes('crypto')
      .map(parseCrypto)
      .filter((crypto) => crypto !== undefined);
  }

  get rtcpMux(): boolean {
    return this.has('rtcp-mux') || this.has('rtcp-mux-only');
  }

  /** Where RTCP goes (RFC 3605), else the port after RTP's. */
  get rtcp(): { port: number; address?: string } {
    const value = this.attribute('rtcp');
    const match = value === undefined ? null : /^(\d{1,5})(?:\s+(IN\s+IP[46]\s+\S+))?\s*$/.exec(value);
    if (!match || Number(match[1]) > 65_535) return { port: this.port === 0 ? 0 : this.port + 1 };
    const port = Number(match[1]);
    return match[2] === undefined ? { port } : { port, address: parseConnection(match[2]).address };
  }

  get headerExtensions(): HeaderExtension[] {
    return [...this.session.attributes('extmap'), ...this.attributes('extmap')]
      .map(parseHeaderExtension)
      .filter((extension) => extension !== undefined);
  }

  /**
   * The formats of an RTP section, in the order of the "m=" line; those whose rtpmap is missing or unreadable are left
   * out, since nobody can know what they are.
   */
  get codecs(): readonly Codec[] {
    this.parsedCodecs ??= this.profile ? this.readCodecs() : [];
    return this.parsedCodecs;
  }

  private readCodecs(): Codec[] {
    const maps = new Map<number, Codec>();
    for (const value of this.attributes('rtpmap')) {
      const codec = parseRtpmap(value);
      if (codec && !maps.has(codec.payloadType)) maps.set(codec.payloadType, codec);
    }
    const formats = new Map<string, ByteString>();
    for (const value of this.attributes('fmtp')) {
      const [format, parameters] = splitPayloadType(value);
      const before = formats.get(format);
      formats.set(format, before === undefined ? parameters : `${before};${parameters}`);
    }
    const codecs = new Map<number, Codec>();
    for (const format of this.formats) {
      const payloadType = parsePayloadType(format);
      if (payloadType === undefined) throw malformed('payload type');
      const codec = maps.get(payloadType) ?? staticCodec(payloadType);
      if (!codec || codecs.has(payloadType)) continue;
      const parameters = formats.get(format);
      codecs.set(payloadType, parameters === undefined ? codec : { ...codec, format: parameters });
    }
    return [...codecs.values()];
  }

  /** The feedback that holds for a payload type, that for `*` included; of more than anybody speaks the first. */
  feedback(payloadType: number): readonly string[] {
    if (this.parsedFeedback === undefined) {
      this.parsedFeedback = new Map();
      for (const value of this.attributes('rtcp-fb')) {
        const entry = parseRtcpFeedback(value);
        if (!entry) continue;
        const list = this.parsedFeedback.get(entry.payloadType);
        if (list === undefined) this.parsedFeedback.set(entry.payloadType, [entry.feedback]);
        else if (list.length < MOST_FEEDBACK) list.push(entry.feedback);
      }
    }
    return [...(this.parsedFeedback.get('*') ?? []), ...(this.parsedFeedback.get(payloadType) ?? [])];
  }
}
