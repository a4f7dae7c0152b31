// RFC 8422 sections 5.4 and 5.7: ServerKeyExchange and ClientKeyExchange of an ephemeral elliptic curve exchange.
import { type DigitallySigned, readDigitallySigned, serializeDigitallySigned } from './certificate-message.ts';
import { DtlsError } from './dtls-error.ts';
import { OctetReader } from './octet-reader.ts';
import { concat, integer, vector } from './octets.ts';

const NAMED_CURVE = 3;

export interface ServerKeyExchange {
  /** NamedCurve */
  group: number;
  point: Uint8Array;
  /** ServerECDHParams as sent: what is signed, behind both randoms. */
  parameters: Uint8Array;
  signed: DigitallySigned;
}

export function parseServerKeyExchange(body: Uint8Array): ServerKeyExchange {
  const reader = new OctetReader(body);
  if (reader.integer(1) !== NAMED_CURVE) throw new DtlsError('DTLS_ILLEGAL_PARAMETER', 'curve type');
  const group = reader.integer(2);
  const point = reader.vector(1, 1, 255);
  const parameters = body.subarray(0, body.length - reader.left);
  return { group, point, parameters, signed: readDigitallySigned(reader) };
}

export function serializeParameters(group: number, point: Uint8Array): Uint8Array {
  return concat(integer(1, NAMED_CURVE), integer(2, group), vector(1, point));
}

export function serializeServerKeyExchange(parameters: Uint8Array, signed: DigitallySigned): Uint8Array {
  return concat(parameters, serializeDigitallySigned(signed));
}

/** The client's point. */
export function parseClientKeyExchange(body: Uint8Array): Uint8Array {
  const reader = new OctetReader(body);
  const point = reader.vector(1, 1, 255);
  reader.end();
  return point;
}

export function serializeClientKeyExchange(point: Uint8Array): Uint8Array {
  return vector(1, point);
}
