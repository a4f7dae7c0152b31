// What a DTLS endpoint is made of, and what it tells.
import type { Output } from '../machine.ts';
import type { DtlsErrorCode } from './dtls-error.ts';
import type { Retransmission } from './flight.ts';
import type { ReassemblyLimits } from './reassembly.ts';
import type { SessionSettings } from './session.ts';
import type { SrtpProfile } from './srtp-profile.ts';

export interface DtlsLimits extends ReassemblyLimits {
  /** Protected records that came before their keys were known, and their octets together. */
  heldRecords: number;
  heldOctets: number;
  /** Wrong signatures, points and certificates in the clear before the handshake is given up: each costs us a curve operation. */
  refusals: number;
}

export interface DtlsOptions extends Omit<SessionSettings, 'extendedMasterSecret' | 'srtpProfiles'> {
  role: 'client' | 'server';
  /** Default: SRTP_AEAD_AES_128_GCM, then SRTP_AES128_CM_HMAC_SHA1_80. */
  srtpProfiles?: readonly SrtpProfile[];
  /** Default `required`. */
  extendedMasterSecret?: SessionSettings['extendedMasterSecret'];
  /** The longest datagram sent, in octets. Default 1200. */
  mtu?: number;
  /** Default: RFC 6347's 1 s, doubled up to 60 s. */
  retransmission?: Partial<Retransmission>;
  /** Milliseconds from `start` to `connected`. Default 30 s. */
  deadline?: number;
  /**
   * Milliseconds that an alert or a wrong message in the clear is given to be proved a stranger's: if the handshake has not
   * gone on by then it fails for that reason. 0 fails at once. Default 3 s.
   */
  patience?: number;
  limits?: Partial<DtlsLimits>;
}

export const DEFAULT_LIMITS: DtlsLimits = {
  message: 16_384,
  messagesAhead: 8,
  octetsAhead: 32_768,
  heldRecords: 8,
  heldOctets: 8192,
  refusals: 16,
};

export type DtlsTimer = 'retransmit' | 'patience' | 'deadline';

export type DtlsEvent =
  | {
      type: 'connected';
      srtpProfile: SrtpProfile;
      /** RFC 5764 section 4.2; `splitKeyingMaterial` says whose keys are where. */
      keyingMaterial: Uint8Array;
      /** DER. */
      peerCertificate: Uint8Array;
      /** Its SHA-256. */
      fingerprint: Uint8Array;
    }
  /** By close(), or by the peer's authenticated close_notify. */
  | { type: 'closed' }
  /** `alert` is the peer's own, for DTLS_PEER_ALERT. */
  | { type: 'failed'; code: DtlsErrorCode; alert?: number };

export type DtlsOutput = Output<Uint8Array, DtlsTimer, DtlsEvent>;
