// What is kept of a password: digest HA1 (RFC 8760 section 2; RFC 3261 section 22.4) and SCRAM keys (RFC 5802 section 3).
// Neither is the password, both are as good as one for their protocol: they are kept sealed (seal.ts).
import { createHmac, hash, pbkdf2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { DigestAlgorithm } from './sip-accounts.ts';

export interface ScramKeys {
  /** Base64, all three. */
  salt: string;
  storedKey: string;
  serverKey: string;
  iterations: number;
}

export interface Material {
  realm: string;
  /** HA1 (hex) by algorithm, for each form in which a phone may write the name. */
  ha1: Record<string, Record<DigestAlgorithm, string>>;
  scram: { 'SHA-1': ScramKeys; 'SHA-256': ScramKeys };
}

/** RFC 7677 section 4 asks for 4096 at least. More would slow every sign-in, and HA1 is no slower to guess than before. */
const ITERATIONS = 10_000;
export const PASSWORD_BYTES = 1024;

const derive = promisify(pbkdf2);

/** The OpaqueString profile's mapping (RFC 8265 section 4.2.2): other spaces become U+0020, then NFC. */
export function preparePassword(password: string): string {
  return password.replace(/\p{Zs}/gu, ' ').normalize('NFC');
}

/** Why a password cannot be one; undefined when it can. */
export function passwordFault(password: string): string | undefined {
  if (password === '') return 'a password must not be empty';
  if (Buffer.byteLength(password) > PASSWORD_BYTES) return `a password has at most ${PASSWORD_BYTES} octets`;
  if (/[\x00-\x1f\x7f]/.test(password) || !password.isWellFormed())
    return 'a password must not hold control characters';
  return undefined;
}

export async function makeMaterial(name: string, password: string, realm: string): Promise<Material> {
  const prepared = preparePassword(password);
  const [sha1, sha256] = await Promise.all([scramKeys('sha1', prepared), scramKeys('sha256', prepared)]);
  const ha1: Material['ha1'] = {};
  for (const form of forms(name, realm)) ha1[form] = makeHa1(form, realm, prepared);
  return { realm, ha1, scram: { 'SHA-1': sha1, 'SHA-256': sha256 } };
}

/**
 * A digest is over the username as the phone writes it, so one canonical name needs a hash for each usual way:
 * as it is, with a capital as telephone keyboards like it, and with the domain (what Kamailio keeps as HA1b).
 */
function forms(name: string, realm: string): string[] {
  const capital = name.slice(0, 1).toUpperCase() + name.slice(1);
  return [...new Set([name, capital, name.toUpperCase(), `${name}@${realm}`])];
}

function makeHa1(username: string, realm: string, password: string): Record<DigestAlgorithm, string> {
  const text = `${username}:${realm}:${password}`;
  return { MD5: hash('md5', text, 'hex'), 'SHA-256': hash('sha256', text, 'hex') };
}

async function scramKeys(digest: 'sha1' | 'sha256', password: string, salt = randomBytes(16)): Promise<ScramKeys> {
  const length = digest === 'sha1' ? 20 : 32;
  const salted = await derive(password, salt, ITERATIONS, length, digest);
  const clientKey = createHmac(digest, salted).update('Client Key').digest();
  return {
    salt: salt.toString('base64'),
    iterations: ITERATIONS,
    storedKey: hash(digest, clientKey, 'base64'),
    serverKey: createHmac(digest, salted).update('Server Key').digest('base64'),
  };
}

/** Whether it is the password; the same work is done for an account that is not there. */
export async function isPassword(material: Material | undefined, password: string): Promise<boolean> {
  const { salt, storedKey, iterations } = material?.scram['SHA-256'] ?? NOBODY;
  const prepared = preparePassword(password);
  const salted = await derive(prepared, Buffer.from(salt, 'base64'), iterations, 32, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const same = timingSafeEqual(hash('sha256', clientKey, 'buffer'), Buffer.from(storedKey, 'base64'));
  return same && material !== undefined;
}

const NOBODY = {
  salt: randomBytes(16).toString('base64'),
  storedKey: randomBytes(32).toString('base64'),
  iterations: ITERATIONS,
};

/** Whether the material was made of this password for this realm, told by the fast hash: for accounts of the configuration. */
export function isMadeOf(material: Material, name: string, password: string, realm: string): boolean {
  const fresh = forms(name, realm);
  return (
    material.realm === realm &&
    fresh.length === Object.keys(material.ha1).length &&
    fresh.every(
      (form) => material.ha1[form]?.['SHA-256'] === makeHa1(form, realm, preparePassword(password))['SHA-256'],
    )
  );
}
