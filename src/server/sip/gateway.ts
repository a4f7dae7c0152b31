// When the media of a call is relayed: decided for each target of an INVITE by the caller's offer, by what is known of the
// target, and by the policy. What is known has been learned from offers, answers, and the OPTIONS probe.
import { isIPv6 } from 'node:net';
import { ProtocolError } from '../../protocol/errors.ts';
import type { Side } from '../../protocol/sdp/payload-map.ts';
import type { Request } from '../../protocol/sip/message.ts';
import type { Flow } from '../../transport/flow.ts';
import { AwaitedMedia } from './awaited-media.ts';
import type { BranchMedia } from './branch-media.ts';
import { CallMedia, type MediaParts } from './call-media.ts';
import type { Call } from './calls.ts';
import { callerOf } from './dialog-end.ts';
import type { TokenSide } from './flow-token.ts';
import type { Inbound } from './inbound.ts';
import type { MediaDialog } from './media-dialog.ts';
import { MediaExchange } from './media-exchange.ts';
import { MediaPath, type MediaTarget } from './media-path.ts';
import { attempts, effectivePolicy, type Known, type MediaPolicy } from './media-policy.ts';
import type { Probe } from './probe.ts';
import { isMessaging, type Profile, profileOf } from './profile.ts';
import type { Peer } from './routing.ts';
import { readSessionBody } from './session-body.ts';
import type { Target } from './targets.ts';

/** `media.policy`, and what accounts have of their own. Domains have it in their route. */
export interface MediaPolicies {
  general: MediaPolicy;
  accounts: ReadonlyMap<string, MediaPolicy>;
}

export class Gateway {
  policies: MediaPolicies;
  readonly #parts: MediaParts;
  readonly #probe: Probe | undefined;

  constructor(parts: MediaParts, policies: MediaPolicies, probe: Probe | undefined) {
    this.#parts = parts;
    this.policies = policies;
    this.#probe = probe;
  }

  /** The media of one branch of an INVITE that begins a call; undefined: nothing is to be done, whatever it is answered. */
  invite(call: Call, inbound: Inbound, target: Target, side: TokenSide): BranchMedia | undefined {
    return this.#invite(call, inbound, target, side, this.#probe);
  }

  #invite(
    call: Call,
    inbound: Inbound,
    target: Target,
    side: TokenSide,
    probe: Probe | undefined,
  ): BranchMedia | undefined {
    const { request } = inbound;
    if (offersMessages(request)) return undefined;
    const { callerKnown } = call;
    const known = callerKnown?.profile ?? usual(inbound.flow);
    const offer = profileOfOffer(request, known ?? 'RTP/AVP');
    if (offer !== undefined && callerKnown !== undefined && callerKnown.profile !== offer) callerKnown.profile = offer;
    const said = this.#policy(call, inbound.peer, target.peer);
    if (said === 'never') return undefined;
    const calleeKnown = target.binding ?? target.peer;
    const callee = calleeKnown?.profile;
    const caller = offer ?? known;
    const { binding } = target;
    const phones = caller !== 'webrtc' && callee !== 'webrtc';
    const policy = phones && this.#areApart(inbound.flow, target.flow) ? 'always' : said;
    if (offer !== undefined && callee === undefined && binding !== undefined && probe?.concerns(binding))
      return new AwaitedMedia(
        (then) => probe.whenKnown(binding, then),
        () => this.#invite(call, inbound, target, side, undefined),
      );
    const list = offer === undefined ? [] : attempts(policy, offer, knownOf(target));
    if (list.length === 1 && list[0] === 'untouched') return undefined;
    const described: MediaTarget = {
      address: target.flow.remote.address,
      side,
      profile: callee,
      learn(profile) {
        if (calleeKnown !== undefined) calleeKnown.profile = profile;
      },
      // A caller that has shown nothing of itself is a phone: it cannot be asked again.
      delayed: (profile) =>
        policy === 'always' || (caller === 'webrtc') !== (profile === 'webrtc') ? profile : undefined,
    };
    return new MediaPath(this.#media(call, inbound, caller), described, list);
  }

  /** A request within a dialog of the call; undefined: its media is not relayed. */
  exchange(call: Call, inbound: Inbound): BranchMedia | undefined {
    const dialog = this.#dialog(call, inbound);
    return dialog && new MediaExchange(dialog, sideOf(inbound), inbound.request);
  }

  /** The ACK for a 2xx, with an answer where the 2xx had the offer. False: there is nothing to do to it. */
  acknowledge(call: Call, inbound: Inbound, copy: Request, send: () => void): boolean {
    const dialog = this.#dialog(call, inbound);
    return (
      dialog?.order.pass((done) => {
        const side = sideOf(inbound);
        dialog.note(side, copy);
        const body = readSessionBody(copy);
        const pass = () => {
          send();
          done();
        };
        const fail = (error: ProtocolError) => {
          copy.body = '';
          pass();
          dialog.end({ cause: 488, text: 'Media Not Understood' }, error.message);
        };
        if (body === undefined) return pass();
        if (body instanceof ProtocolError) return fail(body);
        dialog.translate(side, 'answer', body.text, copy.cseq.sequence, (result) => {
          if (typeof result !== 'string') return fail(result);
          body.replace(result);
          pass();
        });
      }) ?? false
    );
  }

  #media(call: Call, inbound: Inbound, caller: Profile | undefined): CallMedia {
    if (call.media !== undefined) return call.media;
    const { request } = inbound;
    const party = { profile: caller ?? 'RTP/AVP', address: inbound.flow.remote.address };
    call.media = new CallMedia(this.#parts, call, party, request.from.tag ?? '', callerOf(request));
    return call.media;
  }

  /** A phone with IPv4 and one with IPv6 hear each other by way of us, if we have both. Pages find a way by ICE. */
  #areApart(one: Flow, other: Flow): boolean {
    const [a, b] = [one.remote.address, other.remote.address];
    const { engine } = this.#parts;
    return isIPv6(a) !== isIPv6(b) && engine.reaches(a) && engine.reaches(b);
  }

  #dialog(call: Call, { request, fromCaller }: Inbound): MediaDialog | undefined {
    if (call.media === undefined) return undefined;
    const tag = fromCaller ? request.to.tag : request.from.tag;
    return call.media.dialogs.get(tag ?? '');
  }

  #policy(call: Call, from: Peer | undefined, to: Peer | undefined): MediaPolicy {
    const { general, accounts } = this.policies;
    const of = (name: string | undefined) => (name === undefined ? undefined : accounts.get(name));
    if (accounts.size === 0 && from === undefined && to === undefined) return general;
    return effectivePolicy(general, [of(call.caller), of(call.callee), from?.media, to?.media]);
  }
}

/** Behind a domain there are many, and they differ. */
function knownOf({ binding, peer, flow }: Target): Known | undefined {
  if (binding?.profile !== undefined) return { profile: binding.profile, certain: true };
  const profile = peer?.profile ?? usual(flow);
  return profile === undefined ? undefined : { profile, certain: false };
}

function sideOf({ fromCaller }: Inbound): Side {
  return fromCaller ? 'caller' : 'callee';
}

/** Who is on a WebSocket is a page until it shows otherwise. */
function usual({ transport }: Flow): Profile | undefined {
  return transport === 'ws' || transport === 'wss' ? 'webrtc' : undefined;
}

function offersMessages(request: Request): boolean {
  const body = readSessionBody(request);
  return body !== undefined && !(body instanceof ProtocolError) && isMessaging(body.text);
}

/** undefined: it brings none. `otherwise`: what one that is encoded counts as. */
function profileOfOffer(request: Request, otherwise: Profile): Profile | undefined {
  const body = readSessionBody(request);
  // Whoever has to translate one that is encoded will say so.
  return body instanceof ProtocolError ? otherwise : body && profileOf(body.text);
}
