// RFC 5246 section 7.2: the alert protocol.

/** AlertDescription, those that this side sends or tells apart. */
export const Alert = {
  closeNotify: 0,
  unexpectedMessage: 10,
  handshakeFailure: 40,
  badCertificate: 42,
  illegalParameter: 47,
  decodeError: 50,
  decryptError: 51,
  protocolVersion: 70,
  noRenegotiation: 100,
  unsupportedExtension: 110,
} as const;

const WARNING = 1;
const FATAL = 2;

export interface AlertMessage {
  fatal: boolean;
  description: number;
}

/** Undefined when it is none: alerts are two octets, and are never fragmented in DTLS. */
export function parseAlert(octets: Uint8Array): AlertMessage | undefined {
  const [level, description] = octets;
  if (octets.length !== 2 || description === undefined || (level !== WARNING && level !== FATAL)) return undefined;
  return { fatal: level === FATAL, description };
}

export function serializeAlert(alert: AlertMessage): Uint8Array {
  return new Uint8Array([alert.fatal ? FATAL : WARNING, alert.description]);
}
