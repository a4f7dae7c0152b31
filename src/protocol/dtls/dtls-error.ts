// RFC 5246 section 7.2: each reason for which a handshake is refused, and the alert that tells the peer.
import { ProtocolError } from '../errors.ts';
import { Alert } from './alert.ts';

const REASONS = {
  DTLS_MALFORMED: [Alert.decodeError, 'A message is not what its length or structure says'],
  DTLS_UNEXPECTED_MESSAGE: [Alert.unexpectedMessage, 'A message out of its order'],
  DTLS_VERSION: [Alert.protocolVersion, 'The peer does not speak DTLS 1.2'],
  DTLS_NO_CIPHER_SUITE: [Alert.handshakeFailure, 'No cipher suite in common'],
  DTLS_NO_GROUP: [Alert.handshakeFailure, 'No key exchange group in common'],
  DTLS_NO_SIGNATURE_SCHEME: [Alert.handshakeFailure, 'No signature scheme in common'],
  DTLS_NO_SRTP_PROFILE: [Alert.handshakeFailure, 'No SRTP protection profile in common'],
  DTLS_NO_EXTENDED_MASTER_SECRET: [Alert.handshakeFailure, 'The peer does not use the extended master secret'],
  DTLS_RENEGOTIATION_INFO: [Alert.handshakeFailure, 'renegotiation_info is not empty in a first handshake'],
  DTLS_EXTENSION: [Alert.unsupportedExtension, 'An extension that was not offered'],
  DTLS_ILLEGAL_PARAMETER: [Alert.illegalParameter, 'A parameter that was not offered or makes no sense'],
  DTLS_COOKIE: [Alert.illegalParameter, 'The cookie is not ours'],
  DTLS_BAD_CERTIFICATE: [Alert.badCertificate, 'The certificate cannot be used'],
  DTLS_NO_CERTIFICATE: [Alert.handshakeFailure, 'The peer has shown no certificate, or asked for none'],
  DTLS_FINGERPRINT: [Alert.badCertificate, 'The certificate is not the one that was signalled'],
  DTLS_BAD_SIGNATURE: [Alert.decryptError, 'A signature is wrong: the peer does not hold the key of its certificate'],
  DTLS_BAD_FINISHED: [Alert.decryptError, 'Finished does not match: the handshake was tampered with'],
  DTLS_PEER_ALERT: [undefined, 'The peer refused'],
  DTLS_TIMEOUT: [Alert.handshakeFailure, 'The handshake was not done in time'],
} as const satisfies Record<string, readonly [number | undefined, string]>;

export type DtlsErrorCode = keyof typeof REASONS;

/** The peer broke DTLS, or offers nothing that we accept. Never quotes what the peer sent. */
export class DtlsError extends ProtocolError {
  declare readonly code: DtlsErrorCode;
  /** The alert description that answers it; undefined when none does. */
  readonly alert: number | undefined;

  constructor(code: DtlsErrorCode, detail?: string) {
    super(code, detail === undefined ? `${REASONS[code][1]}.` : `${REASONS[code][1]}: ${detail}.`);
    this.alert = REASONS[code][0];
  }
}
