// RFC 5246 sections 7.4.2, 7.4.4 and 7.4.8: Certificate, CertificateRequest and CertificateVerify.
import { CERTIFICATE_TYPES, SIGNATURE_SCHEMES } from './cipher-suite.ts';
import { OctetReader } from './octet-reader.ts';
import { concat, integer, numbers, vector } from './octets.ts';

/** The sender's own certificate, DER; undefined when the list is empty. What follows it proves nothing here. */
export function parseCertificate(body: Uint8Array): Uint8Array | undefined {
  const reader = new OctetReader(body);
  const list = new OctetReader(reader.vector(3, 0, 0xffffff));
  reader.end();
  let own: Uint8Array | undefined;
  while (list.left > 0) {
    const certificate = list.vector(3, 1, 0xffffff);
    own ??= certificate;
  }
  return own;
}

export function serializeCertificate(der: Uint8Array): Uint8Array {
  return vector(3, vector(3, der));
}

export interface CertificateRequest {
  certificateTypes: Uint8Array;
  signatureSchemes: number[];
}

export function parseCertificateRequest(body: Uint8Array): CertificateRequest {
  const reader = new OctetReader(body);
  const certificateTypes = reader.vector(1, 1, 255);
  const signatureSchemes = reader.numbers(2, 2, 0xfffe);
  reader.vector(2, 0, 0xffff); // certificate_authorities: a self-signed certificate has none
  reader.end();
  return { certificateTypes, signatureSchemes };
}

export function serializeCertificateRequest(): Uint8Array {
  return concat(
    vector(1, Uint8Array.from(Object.values(CERTIFICATE_TYPES))),
    vector(2, numbers(Object.values(SIGNATURE_SCHEMES))),
    integer(2, 0),
  );
}

export interface DigitallySigned {
  scheme: number;
  signature: Uint8Array;
}

/** RFC 5246 section 4.7: the end of a message, so nothing may follow. */
export function readDigitallySigned(reader: OctetReader): DigitallySigned {
  const scheme = reader.integer(2);
  const signature = reader.vector(2, 1, 0xffff);
  reader.end();
  return { scheme, signature };
}

export function serializeDigitallySigned({ scheme, signature }: DigitallySigned): Uint8Array {
  return concat(integer(2, scheme), vector(2, signature));
}
