// RFC 5280 section 4.1: a self-signed certificate for DTLS, ECDSA on P-256. Written by hand since node:crypto reads
// certificates but makes none; WebRTC looks at nothing but its key and its fingerprint (docs/adr/0010).
import { generateKeyPairSync, type KeyObject, randomBytes, sign } from 'node:crypto';
import type { LocalCertificate } from '../../protocol/dtls/crypto-port.ts';
import { localCertificate } from './dtls-crypto.ts';

const INTEGER = 0x02;
const BIT_STRING = 0x03;
const OBJECT_IDENTIFIER = 0x06;
const UTF8_STRING = 0x0c;
const UTC_TIME = 0x17;
const SEQUENCE = 0x30;
const SET = 0x31;
const VERSION_TAG = 0xa0;

/** ecdsa-with-SHA256, 1.2.840.10045.4.3.2 (RFC 5758 section 3.2), and commonName, 2.5.4.3. */
const ECDSA_WITH_SHA256 = Buffer.from('2a8648ce3d040302', 'hex');
const COMMON_NAME = Buffer.from('550403', 'hex');

const DAY = 86_400_000;

/** Tag, definite length, content (X.690 section 8.1). */
function der(tag: number, ...parts: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const length: number[] = [];
  for (let rest = content.length; rest > 0; rest = Math.floor(rest / 256)) length.unshift(rest % 256);
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length, ...length]), content]);
}

/** YYMMDDHHMMSSZ, good until 2049. */
function utcTime(at: number): Buffer {
  return der(UTC_TIME, Buffer.from(`${new Date(at).toISOString().replace(/[-:T]/g, '').slice(2, 14)}Z`, 'latin1'));
}

function bitString(octets: Uint8Array): Buffer {
  return der(BIT_STRING, Buffer.from([0]), octets);
}

/** A fresh key and its certificate, as `localCertificate` wants them: both can be handed to another thread. */
export function generateKeyAndCertificate(
  now: number,
  days = 365,
  commonName = 'chappe',
): { der: Uint8Array; privateKey: KeyObject } {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  const algorithm = der(SEQUENCE, der(OBJECT_IDENTIFIER, ECDSA_WITH_SHA256));
  const attribute = der(SEQUENCE, der(OBJECT_IDENTIFIER, COMMON_NAME), der(UTF8_STRING, Buffer.from(commonName)));
  const name = der(SEQUENCE, der(SET, attribute));
  const serial = randomBytes(16);
  serial[0] = (serial[0]! & 0x3f) | 0x40; // positive, and no leading zero to be left out
  const toBeSigned = der(
    SEQUENCE,
    der(VERSION_TAG, der(INTEGER, Buffer.from([2]))), // v3
    der(INTEGER, serial),
    algorithm,
    name,
    der(SEQUENCE, utcTime(now - DAY), utcTime(now + days * DAY)),
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
  );
  return { der: der(SEQUENCE, toBeSigned, algorithm, bitString(sign('sha256', toBeSigned, privateKey))), privateKey };
}

/** A fresh key and its certificate, valid from the day before (peers' clocks differ) for `days`. `now` in Unix milliseconds. */
export function generateCertificate(now: number, days = 365, commonName = 'chappe'): LocalCertificate {
  const made = generateKeyAndCertificate(now, days, commonName);
  return localCertificate(made.der, made.privateKey);
}
