// What two descriptions of one side mean for the media engine: where to send, which keys, which role.
import type { Candidate } from './candidate.ts';
import type { CryptoAttribute } from './crypto-attribute.ts';
import { type Direction, restrictDirection } from './direction.ts';
import type { Fingerprint } from './dtls-attributes.ts';
import type { IceCredentials } from './ice.ts';
import type { MediaDescription } from './media-description.ts';
import { badAnswer } from './sdp-error.ts';
import type { SessionDescription } from './session-description.ts';

export type StreamSecurity =
  | { type: 'none' }
  | { type: 'sdes'; send: CryptoAttribute; receive: readonly CryptoAttribute[] }
  | { type: 'dtls'; role: 'active' | 'passive' | undefined; fingerprints: readonly Fingerprint[] };

/** One section at one leg, from our view. `local` is what we wrote, `remote` what the peer wrote. */
export interface MediaStream {
  kind: string;
  live: boolean;
  /** Agreed; that of the offer as long as there is no answer. */
  direction: Direction;
  remote: { address: string; port: number; rtcpAddress: string; rtcpPort: number } | undefined;
  mux: boolean;
  feedbackProfile: boolean;
  /** RTCP feedback that the peer takes for any of its formats: `nack`, `nack pli`, `ccm fir`, ... */
  feedback: readonly string[];
  /** RFC 5888, for the header extension of RFC 9143 section 15. */
  mid: string | undefined;
  /** Undefined where one of the two does without. */
  ice:
    | { remote: IceCredentials; local: IceCredentials | undefined; candidates: readonly Candidate[]; lite: boolean }
    | undefined;
  /** Undefined as long as only we have offered. */
  security: StreamSecurity | undefined;
  /** The position whose transport carries it. */
  transportIndex: number;
  /** Agreed header extensions, by URI. */
  extensions: ReadonlyMap<string, number>;
}

/** One of the two is missing as long as there is an offer only. */
export interface Exchange {
  local?: SessionDescription;
  remote?: SessionDescription;
  offerer: 'local' | 'remote';
}

/** Throws when the answer breaks what was offered: RTP instead of SRTP, a key for no suite of ours, another role. */
export function mediaStreams(exchange: Exchange): MediaStream[] {
  const { local, remote, offerer } = exchange;
  const bundle = (offerer === 'local' ? remote : local)?.bundle ?? [];
  const written = local ?? remote;
  const tag = written?.media.findIndex(({ mid }) => mid !== undefined && mid === bundle[0]) ?? -1;
  return (written?.media ?? []).map(({ mid }, index) => {
    const bundled = tag >= 0 && mid !== undefined && bundle.includes(mid);
    return stream(exchange, index, bundled ? tag : index);
  });
}

function stream({ local, remote, offerer }: Exchange, index: number, transportIndex: number): MediaStream {
  const ours = local?.media[index];
  const theirs = remote?.media[index];
  const section = (ours ?? theirs) as MediaDescription;
  const live = section.profile !== undefined && !ours?.rejected && !theirs?.rejected;
  // A bundled section has the transport of the tagged one, whatever it repeats (RFC 9143 section 7.1.3).
  const from = remote?.media[transportIndex];
  const own = local?.media[transportIndex];
  const connection = from?.connection;
  const mux = (own?.rtcpMux ?? false) && (from?.rtcpMux ?? false);
  const answer = offerer === 'local' ? theirs : ours;
  const offered = new Set((offerer === 'local' ? ours : theirs)?.headerExtensions.map(({ uri }) => uri));
  const extensions = (answer?.headerExtensions ?? []).filter(({ uri }) => offered.has(uri));
  return {
    kind: section.kind,
    live,
    direction: live ? directionHere(ours, theirs, offerer) : 'inactive',
    remote:
      live && from && connection
        ? {
            address: connection.address,
            port: from.port,
            rtcpAddress: mux ? connection.address : (from.rtcp.address ?? connection.address),
            rtcpPort: mux ? from.port : from.rtcp.port,
          }
        : undefined,
    mux,
    feedbackProfile: section.profile?.feedback ?? false,
    feedback: [...new Set(theirs?.codecs.flatMap(({ payloadType }) => theirs.feedback(payloadType)))],
    mid: section.mid ?? theirs?.mid,
    ice:
      live && from?.ice
        ? { local: own?.ice, remote: from.ice, candidates: from.candidates, lite: remote?.iceLite ?? false }
        : undefined,
    security: live && own && from ? security(own, from, offerer) : undefined,
    transportIndex,
    extensions: new Map(extensions.map(({ uri, id }) => [uri, id])),
  };
}

const TURNED = { sendrecv: 'sendrecv', sendonly: 'recvonly', recvonly: 'sendonly', inactive: 'inactive' } as const;

function directionHere(
  ours: MediaDescription | undefined,
  theirs: MediaDescription | undefined,
  offerer: 'local' | 'remote',
): Direction {
  if (!theirs) return ours?.direction ?? 'inactive';
  if (!ours) return TURNED[theirs.direction];
  return offerer === 'remote' ? ours.direction : TURNED[restrictDirection(theirs.direction, ours.direction)];
}

function security(local: MediaDescription, remote: MediaDescription, offerer: 'local' | 'remote'): StreamSecurity {
  const secure = local.profile?.secure === true;
  if (offerer === 'local' && secure && remote.profile?.secure === false) throw badAnswer('RTP instead of SRTP');
  if (!secure) return { type: 'none' };
  if (local.fingerprints.length > 0) {
    if (remote.fingerprints.length === 0) throw badAnswer('no fingerprint');
    const setup = offerer === 'local' ? remote.setup : local.setup;
    if (offerer === 'local' && setup === 'actpass') throw badAnswer('setup:actpass');
    // RFC 5763 section 5: an answer without setup is active.
    const answererActive = setup !== 'passive';
    const role = (offerer === 'local') === answererActive ? 'passive' : 'active';
    return { type: 'dtls', role, fingerprints: remote.fingerprints };
  }
  const answer = (offerer === 'local' ? remote : local).cryptos[0];
  const offered = (offerer === 'local' ? local : remote).cryptos;
  // RFC 4568 section 5.1.3: the answer's tag and suite are those of an offered line.
  const match = answer && offered.find(({ tag, suite }) => tag === answer.tag && suite === answer.suite);
  if (!match) throw badAnswer('its crypto is none of those offered');
  return offerer === 'local'
    ? { type: 'sdes', send: match, receive: [answer] }
    : { type: 'sdes', send: answer, receive: [match] };
}
