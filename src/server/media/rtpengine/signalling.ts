// What rtpengine is told besides the description: options of `offer` and `answer` (rtpengine, docs/ng_control_protocol.md).
import { familyOf } from '../../../protocol/sdp/connection.ts';
import { parseProfile } from '../../../protocol/sdp/transport-profile.ts';
import { plainAddress } from '../../../transport/flow.ts';
import type { MediaParty } from '../engine.ts';
import type { Writable } from './bencode.ts';

export type NgOptions = Readonly<Record<string, Writable>>;

/**
 * For every description. Plain RTP comes from where the description says or from where the first packets come; after that
 * nobody else is heard (`strict-source`), else whoever finds the port hears and is heard.
 */
function options(sender: MediaParty): Record<string, Writable> {
  const source = plainAddress(sender.address);
  return {
    // A phone's old hold, an address of zeros, is told by the direction alone.
    replace: ['origin', 'session-connection', 'zero-address'],
    flags: ['trust-address', 'strict-source', 'port-latching'],
    'received-from': [familyOf(source), source],
  };
}

/** An offer of `sender`, to be written as `recipient` wants it. */
export function offerOptions(sender: MediaParty, recipient: MediaParty): NgOptions {
  const { profile } = recipient;
  const webrtc = profile === 'webrtc';
  const { dtls = false, secure = false } = parseProfile(webrtc ? 'UDP/TLS/RTP/SAVPF' : profile) ?? {};
  const common = options(sender);
  return {
    ...common,
    flags: [...(common['flags'] as string[]), ...(webrtc ? ['generate-mid'] : [])],
    'transport-protocol': webrtc ? 'UDP/TLS/RTP/SAVPF' : profile,
    'address-family': familyOf(plainAddress(recipient.address)),
    // A phone with ICE sends nothing to an offer without candidates; others pass over them. COMPAT: rtpengine 10.5 forgets
    // the handshake that a DTLS phone is in the middle of when its answer turns the ICE down that was offered: silence.
    ICE: webrtc || (recipient.ice ?? !dtls) ? 'force' : 'remove',
    'rtcp-mux': dtls ? ['offer', 'accept'] : ['demux'],
    // The answer to the offerer comes late: its DTLS client begins when it is ready, ours would begin too early and wait.
    'DTLS-reverse': 'passive',
    ...(dtls ? { SDES: ['off'] } : secure ? { DTLS: 'off' } : {}),
  };
}

/** An answer of `sender`: profile, ICE and the rest follow the offer that it answers. */
export function answerOptions(sender: MediaParty): NgOptions {
  return options(sender);
}
