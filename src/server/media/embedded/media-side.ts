// One dialog side as its descriptions say it: where it is received here, and under which keys. Everything is made once and
// stays, so that the same question has the same answer (src/protocol/sdp/leg.ts).
import { randomBytes, randomInt } from 'node:crypto';
import type { IceCredentials } from '../../../protocol/ice/credentials.ts';
import { createCredentials } from '../../../protocol/ice/credentials.ts';
import type { Codec } from '../../../protocol/sdp/codec.ts';
import { SDES_SUITES, type SdesSuite } from '../../../protocol/sdp/crypto-attribute.ts';
import type { Fingerprint } from '../../../protocol/sdp/dtls-attributes.ts';
import { MID_EXTENSION } from '../../../protocol/sdp/header-extension.ts';
import type { Leg, LegTransport, SdesKey } from '../../../protocol/sdp/leg.ts';
import type { MediaStream } from '../../../protocol/sdp/media-stream.ts';
import { TRANSCODED_FOR_BROWSERS, TRANSCODED_FOR_PHONES } from '../../../protocol/sdp/transcoding.ts';
import { profileOfSuite } from '../../../protocol/srtp/profile.ts';
import { primitives } from '../../../transport/primitives.ts';
import type { MediaParty } from '../engine.ts';
import type { NamedSource, SidePlan, TransportPlan } from '../relay/plan.ts';

/** Those that protocol/srtp has. */
const SUITES = (Object.keys(SDES_SUITES) as SdesSuite[]).filter((suite) => profileOfSuite(suite) !== undefined);

/** The port that all WebRTC legs share, in plans. */
export const SHARED_SOCKET = 'mux';

/** Where one section of a phone is received. */
export interface PhoneTransport {
  /** The sockets' names in plans; RTCP's has `c` behind it. */
  socket: string;
  /** The even port; RTCP's is the next one. */
  port: number;
}

/** One dialog side. `candidates` and `phoneAddress` are asked once it has to be described. */
export interface MediaSideOptions {
  party: MediaParty;
  /** Who pays for its ports. */
  account: string | undefined;
  fingerprint: Fingerprint;
  /** Where WebRTC legs are received: the default destination first. */
  candidates: () => LegTransport;
  /** What a phone is told of this machine. */
  phoneAddress: () => string;
  /** Whether one more call may be transcoded. */
  mayTranscode: () => boolean;
  /** ICE credentials of a WebRTC leg were made, and checks with this fragment may come. */
  onFragment: (fragment: string) => void;
  /** There have been so many restarts since that nobody can still mean it. */
  onForgotten: (fragment: string) => void;
}

/** Kept of ICE credentials: two are in use at most (RFC 8445 section 9), some more are offered and refused. */
const MOST_GENERATIONS = 8;

export class MediaSide {
  readonly leg: Leg;
  readonly party: MediaParty;
  readonly account: string | undefined;
  /** By section, where sockets are bound: a phone's (phone-ports.ts). */
  readonly ports: (PhoneTransport | undefined)[] = [];
  /** Branches that have it: one, but for the caller's side and that of a branch which forked further. */
  holders = 0;
  private readonly options: MediaSideOptions;
  /** By number; the latest ones. */
  private readonly generations = new Map<number, IceCredentials>();
  private readonly keys: (readonly SdesKey[])[] = [];
  private readonly sources: Required<NamedSource>[] = [];
  /** RFC 7022 section 4.2: for one session. */
  private readonly cname = randomBytes(12).toString('base64');
  private place: LegTransport | undefined;
  private transcoding = false;

  constructor(options: MediaSideOptions) {
    this.options = options;
    const { party, fingerprint } = options;
    this.party = party;
    this.account = options.account;
    const common = {
      sessionId: String(randomBytes(8).readBigUInt64BE() >> 2n),
      transport: (index: number) => this.transport(index),
      fingerprint,
    };
    const ice = (generation: number) => this.credentials(generation);
    this.leg =
      party.profile === 'webrtc'
        ? {
            ...common,
            type: 'webrtc',
            ice,
            setup: 'active',
            stream: randomBytes(12).toString('hex'),
            source: (index) => this.source(index),
            headerExtensions: [MID_EXTENSION],
            transcode: () => this.transcode(TRANSCODED_FOR_BROWSERS),
          }
        : {
            ...common,
            type: 'phone',
            profile: party.profile,
            // A phone with ICE sends nothing without candidates, and others pass them over.
            ...(party.ice !== false && { ice }),
            setup: 'passive',
            sdes: (index) => this.sdes(index),
            transcode: () => this.transcode(TRANSCODED_FOR_PHONES),
          };
  }

  /** Of checks that come to the shared port. */
  get fragments(): string[] {
    return [...this.generations.values()].map(({ ufrag }) => ufrag);
  }

  /** What the relaying thread is told, of the sections as a translation has them at this side. */
  plan(streams: readonly MediaStream[]): SidePlan {
    const { type } = this.leg;
    const { address } = this.party;
    const indices = [...new Set(streams.filter(({ live }) => live).map(({ transportIndex }) => transportIndex))];
    // A browser bundles whatever it is offered. Before its answer says so, the first section's transport is that of all.
    const used = type === 'webrtc' ? indices.slice(0, 1) : indices;
    const transports = used.map((index) => this.transportPlan(index)).filter((plan) => plan !== undefined);
    const sources = streams.map((_, index) => (type === 'webrtc' ? this.source(index) : undefined));
    return { type, address, transports, sources };
  }

  /** Once allowed it stays: a codec that was offered is not taken back. */
  private transcode(codecs: readonly Codec[]): readonly Codec[] {
    this.transcoding ||= this.options.mayTranscode();
    return this.transcoding ? codecs : [];
  }

  private transportPlan(index: number): TransportPlan | undefined {
    const [generation, local] = [...this.generations].at(-1) ?? [0, undefined];
    const ice = local && { ice: { generation, local } };
    if (this.leg.type === 'webrtc') return { index, socket: SHARED_SOCKET, ...ice };
    const ports = this.ports[index];
    return ports && { index, socket: ports.socket, rtcpSocket: rtcpSocketOf(ports), ...ice };
  }

  private transport(index: number): LegTransport {
    if (this.leg.type === 'webrtc') {
      this.place ??= this.options.candidates();
      return this.place;
    }
    // A section without ports is rejected; its address may still be that of the session.
    return { address: this.options.phoneAddress(), port: this.ports[index]?.port ?? 0 };
  }

  private credentials(generation: number): IceCredentials {
    const { generations } = this;
    const known = generations.get(generation);
    if (known !== undefined) return known;
    const made = createCredentials(primitives);
    generations.set(generation, made);
    const webrtc = this.leg.type === 'webrtc';
    if (webrtc) this.options.onFragment(made.ufrag);
    for (const [number, { ufrag }] of generations) {
      if (generations.size <= MOST_GENERATIONS) break;
      generations.delete(number);
      if (webrtc) this.options.onForgotten(ufrag);
    }
    return made;
  }

  /** RFC 4568 section 6.1: a master key and its salt for each suite. */
  private sdes(index: number): readonly SdesKey[] {
    this.keys[index] ??= SUITES.map((suite) => ({ suite, key: randomBytes(SDES_SUITES[suite]).toString('base64') }));
    return this.keys[index];
  }

  /** RFC 3550 section 8.1: an SSRC at random, and not zero, which means none. */
  private source(index: number): NamedSource {
    this.sources[index] ??= { ssrc: randomInt(1, 2 ** 32), cname: this.cname, repair: randomInt(1, 2 ** 32) };
    return this.sources[index];
  }
}

export function rtcpSocketOf({ socket }: PhoneTransport): string {
  return `${socket}c`;
}
