// One dialog side of a translated session: what we write there, and what must stay the same from one description to the
// next (RFC 3264 section 8): o=, mids, the bundle's transport, ICE generations, DTLS roles, the phone's profile.
import type { ByteString } from '../byte-string.ts';
import { familyOf, serializeConnection, serializeOrigin } from './connection.ts';
import { type CryptoAttribute, isPlainCrypto } from './crypto-attribute.ts';
import { answerSetup } from './dtls-attributes.ts';
import { serializeGroup } from './group.ts';
import type { Leg, PhoneLeg, WebRtcLeg } from './leg.ts';
import { attributeLine, attributeName, type Line, LineBlock } from './line.ts';
import { MediaDescription } from './media-description.ts';
import type { SectionContent } from './section-content.ts';
import { SessionDescription, serializeDescription } from './session-description.ts';
import { parseProfile } from './transport-profile.ts';
import { offeredCrypto, type PhonePlacing, writePhoneSection } from './write-phone.ts';
import { WEBRTC_PROFILE, writeWebRtcSection } from './write-webrtc.ts';

/** A section that is not carried: port 0, in its place (RFC 3264 section 6). */
export interface RejectedSection {
  rejected: true;
  kind: string;
  proto: string;
  formats: readonly string[];
}

export function rejectedAs({ kind, proto, formats }: MediaDescription): RejectedSection {
  return { rejected: true, kind, proto, formats };
}

export type OutgoingSection = SectionContent | RejectedSection;

interface Agreed {
  mids: readonly string[];
  /** Positions that were bundled in the last answer. */
  bundled: ReadonlySet<number>;
  /** The position whose transport the bundle has. */
  bundleIndex: number | undefined;
  generation: number;
  remoteUfrag: string | undefined;
  /** Our DTLS role, by the position whose transport it is, and the fingerprint that it was agreed with. */
  roles: ReadonlyMap<number, { role: 'active' | 'passive'; fingerprint: string }>;
  /** The phone's profiles, by position. */
  protos: ReadonlyMap<number, string>;
}

const NOTHING: Agreed = {
  mids: [],
  bundled: new Set(),
  bundleIndex: undefined,
  generation: 0,
  remoteUfrag: undefined,
  roles: new Map(),
  protos: new Map(),
};

export class OfferAnswer {
  readonly leg: Leg;
  private version = 0;
  private body: ByteString = '';
  private agreed: Agreed = NOTHING;

  constructor(leg: Leg) {
    this.leg = leg;
  }

  /** The same side for another early dialog of a forked call. */
  fork(leg: Leg = this.leg): OfferAnswer {
    const copy = new OfferAnswer(leg);
    copy.version = this.version;
    copy.body = this.body;
    copy.agreed = this.agreed;
    return copy;
  }

  /** The caller may have its dialogs in one session: what differs from what that side wrote last has the next version. */
  countOn({ version, body }: OfferAnswer): void {
    this.version = version;
    this.body = body;
  }

  /** What was agreed, to come back to when an offer is refused. o= only ever counts up. */
  get state(): unknown {
    return this.agreed;
  }

  restore(state: unknown): void {
    this.agreed = state as Agreed;
  }

  receiveOffer(offer: SessionDescription): void {
    this.noteRemote(offer, true);
  }

  /**
   * COMPAT: baresip 1 answers `setup:actpass` in a dialog that it began. As long as the association stays, the roles do
   * (RFC 8842 section 5.3), so the answer means those.
   */
  settleRoles(answer: SessionDescription): SessionDescription {
    const media = answer.media.map((section, index) => {
      const known = section.setup === 'actpass' ? this.agreed.roles.get(this.transportIndex(index)) : undefined;
      if (known === undefined || known.fingerprint !== fingerprintOf(section)) return section;
      const others = section.lines.filter((line) => attributeName(line) !== 'setup');
      const setup = attributeLine('setup', known.role === 'active' ? 'passive' : 'active');
      return new MediaDescription(section, [...others, setup], section.session);
    });
    return new SessionDescription(answer.lines, media);
  }

  /** The peer's answer to what `writeOffer` wrote. */
  receiveAnswer(answer: SessionDescription, offer: SessionDescription): void {
    this.noteRemote(answer, false);
    if (this.leg.type === 'webrtc') this.noteBundle(answer, offer);
    const roles = new Map(this.agreed.roles);
    for (const [index, section] of answer.media.entries()) {
      if (section.rejected || section.fingerprints.length === 0) continue;
      // RFC 5763 section 5: an answer without setup is active.
      const role = section.setup === 'passive' ? 'active' : 'passive';
      roles.set(this.transportIndex(index), { role, fingerprint: fingerprintOf(section) });
    }
    this.agreed = { ...this.agreed, roles };
  }

  writeOffer(sections: readonly OutgoingSection[], sessionLines: readonly Line[]): SessionDescription {
    const { leg } = this;
    if (leg.type === 'phone')
      return this.finish(
        sections.map((section, index) =>
          'rejected' in section ? rejected(section) : this.offerToPhone(leg, section, index),
        ),
        sessionLines,
      );
    const mids = sections.map((_, index) => this.midOf(index));
    const live = sections.flatMap((section, index) => ('rejected' in section ? [] : [index]));
    const tag = live.find((index) => this.agreed.bundled.has(index)) ?? live[0];
    this.agreed = { ...this.agreed, mids, bundleIndex: this.agreed.bundleIndex ?? tag };
    const media = sections.map((section, index) => {
      const mid = mids[index] as string;
      if ('rejected' in section) return rejected(forBrowser(section), mid);
      // RFC 9143 section 7.2: the first offer has the others for the bundle alone; later they share its transport.
      const bundling = index === tag ? 'tagged' : this.agreed.bundled.has(index) ? 'shared' : 'only';
      const proto = this.agreed.protos.get(index) ?? WEBRTC_PROFILE;
      return this.toBrowser(leg, section, { index, mid, proto, bundling, setup: 'actpass', bundle: true });
    });
    return this.finish(media, sessionLines, [
      mids[tag as number] as string,
      ...live.filter((index) => index !== tag).map((index) => mids[index] as string),
    ]);
  }

  writeAnswer(
    offer: SessionDescription,
    sections: readonly OutgoingSection[],
    sessionLines: readonly Line[],
  ): SessionDescription {
    const { leg } = this;
    if (leg.type === 'phone')
      return this.finish(
        sections.map((section, index) => {
          const offered = offer.media[index] as MediaDescription;
          return 'rejected' in section ? rejected(section) : this.answerToPhone(leg, section, index, offered);
        }),
        sessionLines,
      );
    return this.answerToBrowser(leg, offer, sections, sessionLines);
  }

  private midOf(index: number): string {
    const known = this.agreed.mids[index];
    if (known !== undefined && known !== '') return known;
    let mid = String(index);
    while (this.agreed.mids.includes(mid)) mid += 'x';
    return mid;
  }

  private get sessionAddress(): string {
    return this.leg.transport(this.agreed.bundleIndex ?? 0).address;
  }

  private transportIndex(index: number): number {
    return this.agreed.bundled.has(index) ? (this.agreed.bundleIndex ?? index) : index;
  }

  private noteRemote(description: SessionDescription, offer: boolean): void {
    const { agreed } = this;
    const ufrag = description.media.find((section) => !section.rejected && section.ice)?.ice?.ufrag;
    const restart = offer && agreed.remoteUfrag !== undefined && ufrag !== undefined && ufrag !== agreed.remoteUfrag;
    const protos = new Map(agreed.protos);
    for (const [index, { proto, rejected }] of description.media.entries())
      if (offer && !rejected && parseProfile(proto)) protos.set(index, proto);
    this.agreed = {
      ...agreed,
      protos,
      remoteUfrag: ufrag ?? agreed.remoteUfrag,
      generation: agreed.generation + (restart ? 1 : 0),
    };
    if (offer && this.leg.type === 'webrtc')
      this.agreed = { ...this.agreed, mids: description.media.map((section) => section.mid ?? '') };
  }

  private noteBundle(answer: SessionDescription, offer: SessionDescription): void {
    const bundle = new Set(answer.bundle);
    const bundled = new Set<number>();
    for (const [index, section] of answer.media.entries()) {
      const mid = section.mid ?? offer.media[index]?.mid;
      if (!section.rejected && mid !== undefined && bundle.has(mid)) bundled.add(index);
    }
    this.agreed = { ...this.agreed, bundled };
  }

  private toBrowser(
    leg: WebRtcLeg,
    content: SectionContent,
    how: {
      index: number;
      mid: string;
      proto: string;
      bundling: 'tagged' | 'shared' | 'only';
      setup: 'active' | 'passive' | 'actpass';
      bundle: boolean;
    },
  ): MediaDescription {
    const transport = leg.transport(how.bundle ? (this.agreed.bundleIndex ?? how.index) : how.index);
    return writeWebRtcSection(leg, content, { ...how, transport, ice: leg.ice(this.agreed.generation) });
  }

  private answerToBrowser(
    leg: WebRtcLeg,
    offer: SessionDescription,
    sections: readonly OutgoingSection[],
    sessionLines: readonly Line[],
  ): SessionDescription {
    const positions = new Map(offer.media.map((section, index) => [section.mid ?? '', index]));
    const offeredTag = offer.media[positions.get(offer.bundle[0] ?? '') ?? -1];
    const usable = sections.map((section, index): OutgoingSection => {
      const offered = offer.media[index] as MediaDescription;
      const inBundle = offered.mid !== undefined && offer.bundle.includes(offered.mid);
      const transport = offered.ice === undefined && inBundle ? offeredTag : offered;
      const encrypted = transport?.ice !== undefined && transport.fingerprints.length > 0;
      return 'rejected' in section || encrypted ? section : rejectedAs(offered);
    });
    const bundle = offer.bundle
      .map((mid) => positions.get(mid))
      .filter((index) => index !== undefined && !('rejected' in (usable[index] as OutgoingSection))) as number[];
    const tag = bundle[0];
    // This leg has one transport: what is not bundled with its first section would be agreed on, and never heard.
    const only = tag === undefined ? usable.findIndex((section) => !('rejected' in section)) : -1;
    this.agreed = {
      ...this.agreed,
      bundled: new Set(bundle),
      bundleIndex: this.agreed.bundleIndex ?? tag,
    };
    const roles = new Map(this.agreed.roles);
    const media = usable.map((section, index) => {
      const offered = offer.media[index] as MediaDescription;
      const mid = offered.mid ?? '';
      const inBundle = this.agreed.bundled.has(index);
      if ('rejected' in section || (!inBundle && index !== only)) return rejected(rejectedAs(offered), mid);
      const transport = offered.fingerprints.length === 0 && offeredTag ? offeredTag : offered;
      const at = this.transportIndex(index);
      const setup = this.answerRole(at, transport, leg.setup ?? 'active');
      roles.set(at, { role: setup, fingerprint: fingerprintOf(transport) });
      const bundling = !inBundle || index === tag ? 'tagged' : 'shared';
      return this.toBrowser(leg, section, { index, mid, proto: offered.proto, bundling, setup, bundle: inBundle });
    });
    this.agreed = { ...this.agreed, roles };
    return this.finish(
      media,
      sessionLines,
      bundle.map((index) => offer.media[index]?.mid as string),
    );
  }

  /** RFC 8842 section 5.3: as long as the association stays, so do the roles. */
  private answerRole(at: number, offered: MediaDescription, preferred: 'active' | 'passive'): 'active' | 'passive' {
    const known = this.agreed.roles.get(at);
    const same = known !== undefined && known.fingerprint === fingerprintOf(offered);
    return answerSetup(offered.setup, same ? known.role : preferred);
  }

  private offerToPhone(leg: PhoneLeg, content: SectionContent, index: number): MediaDescription {
    const proto = this.agreed.protos.get(index) ?? leg.profile;
    const profile = parseProfile(proto);
    const keys = profile?.secure && !profile.dtls ? (leg.sdes?.(index) ?? []) : [];
    const security: PhonePlacing['security'] =
      keys.length > 0
        ? { type: 'sdes', crypto: offeredCrypto(keys) }
        : profile?.secure
          ? { type: 'dtls', setup: 'actpass' }
          : { type: 'none' };
    const mux = leg.mux ?? security.type === 'dtls';
    return writePhoneSection(leg, content, {
      proto,
      sessionAddress: this.sessionAddress,
      transport: leg.transport(index),
      mux: mux ? 'offered' : 'no',
      ice: leg.ice?.(this.agreed.generation),
      security,
    });
  }

  private answerToPhone(
    leg: PhoneLeg,
    content: SectionContent,
    index: number,
    offered: MediaDescription,
  ): MediaDescription {
    const security = this.phoneSecurity(leg, index, offered);
    if (!security) return rejected(rejectedAs(offered));
    if (security.type === 'dtls') {
      const roles = new Map(this.agreed.roles);
      roles.set(index, { role: security.setup as 'active' | 'passive', fingerprint: fingerprintOf(offered) });
      this.agreed = { ...this.agreed, roles };
    }
    return writePhoneSection(leg, content, {
      proto: offered.proto,
      sessionAddress: this.sessionAddress,
      transport: leg.transport(index),
      mux: offered.rtcpMux ? 'agreed' : 'no',
      // RFC 8839 section 4.2.2: no ICE in an answer to an offer without.
      ice: offered.ice ? leg.ice?.(this.agreed.generation) : undefined,
      security,
    });
  }

  /** How the phone's own offer is kept secret; undefined: it wants SRTP and brings no key that can be used here. */
  private phoneSecurity(leg: PhoneLeg, index: number, offered: MediaDescription): PhonePlacing['security'] | undefined {
    // RFC 4568 section 5: crypto belongs to secure profiles; under RTP/AVP (baresip's `srtp`) it is passed over.
    if (!offered.profile?.secure) return { type: 'none' };
    const keys = offered.profile.dtls ? [] : (leg.sdes?.(index) ?? []);
    // RFC 4568 section 5.1.2: the first that is acceptable, with its tag and our own key.
    for (const crypto of offered.cryptos) {
      const own = keys.find(({ suite }) => suite === crypto.suite);
      if (!own || !isPlainCrypto(crypto)) continue;
      const answer: CryptoAttribute = { tag: crypto.tag, suite: own.suite, key: own.key, parameters: [] };
      return { type: 'sdes', crypto: [answer] };
    }
    if (offered.fingerprints.length === 0 || !leg.fingerprint) return undefined;
    return { type: 'dtls', setup: this.answerRole(index, offered, leg.setup ?? 'passive') };
  }

  /** Session level, and o= with its version (RFC 3264 section 8: one more for each change, the same without one). */
  private finish(
    media: readonly MediaDescription[],
    passed: readonly Line[],
    bundle: readonly (string | undefined)[] = [],
  ): SessionDescription {
    const { leg } = this;
    const address = this.sessionAddress;
    const ice = media.some((section) => section.has('ice-ufrag'));
    const mids = bundle.filter((mid) => mid !== undefined);
    const rest: Line[] = [
      { type: 's', value: '-' },
      // RFC 8866 section 5.7: for sections without their own, which are those of port 0.
      { type: 'c', value: serializeConnection(address) },
      ...passed.filter(({ type }) => type === 'b'),
      { type: 't', value: '0 0' },
      ...(mids.length > 0 ? [attributeLine('group', serializeGroup({ semantics: 'BUNDLE', mids }))] : []),
      ...(ice ? [attributeLine('ice-lite')] : []),
      ...passed.filter(({ type }) => type === 'a'),
    ];
    const body = serializeDescription(new SessionDescription(rest, media));
    if (body !== this.body) this.version++;
    this.body = body;
    const origin = serializeOrigin({
      username: '-',
      sessionId: leg.sessionId,
      version: String(this.version),
      family: familyOf(address),
      address,
    });
    const lines: Line[] = [{ type: 'v', value: '0' }, { type: 'o', value: origin }, ...rest];
    const session = new LineBlock(lines);
    return new SessionDescription(
      lines,
      media.map((section) => new MediaDescription(section, section.lines, session)),
    );
  }
}

/** COMPAT: Firefox 153 refuses a whole description for `m=image 0 udptl t38`; of a section at port 0 only the place counts. */
function forBrowser(section: RejectedSection): RejectedSection {
  const known = parseProfile(section.proto) ? /^(audio|video)$/ : /^application$/;
  if (known.test(section.kind)) return section;
  return { rejected: true, kind: 'audio', proto: WEBRTC_PROFILE, formats: ['0'] };
}

function rejected(section: RejectedSection, mid = ''): MediaDescription {
  const lines = [...(mid === '' ? [] : [attributeLine('mid', mid)]), attributeLine('inactive')];
  const { kind, proto, formats } = section;
  return new MediaDescription({ kind, port: 0, portCount: 1, proto, formats }, lines, new LineBlock([]));
}

function fingerprintOf(section: MediaDescription): string {
  return section.fingerprints.map(({ hash, value }) => `${hash} ${value}`).join(',');
}
