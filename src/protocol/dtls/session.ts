// What the client's and the server's handshake share: transcript, the flight being made, keys, and the proofs of the peer.
import { type DigitallySigned, parseCertificate, serializeCertificate } from './certificate-message.ts';
import { CIPHER_SUITES, SIGNATURE_SCHEMES } from './cipher-suite.ts';
import type { CookieSettings } from './client-hello.ts';
import type { DtlsCrypto, KeyType, LocalCertificate } from './crypto-port.ts';
import { DtlsError } from './dtls-error.ts';
import type { FlightPart } from './flight.ts';
import { type HandshakeMessage, HandshakeType, serializeMessage } from './handshake-message.ts';
import {
  extendedMasterSecret,
  plainMasterSecret,
  type Randoms,
  srtpKeyingMaterial,
  verifyData,
  writeKeys,
} from './key-schedule.ts';
import { concat } from './octets.ts';
import type { Epoch, WriteKey } from './record-layer.ts';
import type { SrtpProfile } from './srtp-profile.ts';

export interface SessionSettings {
  crypto: DtlsCrypto;
  certificate: LocalCertificate;
  /** Digests of the certificates that the signalling announced, any of which will do; undefined while it has announced none. */
  fingerprints: readonly Uint8Array[] | undefined;
  /** In order of preference. */
  srtpProfiles: readonly SrtpProfile[];
  /** RFC 7627 section 5.2: `preferred` also takes peers that know nothing of it. */
  extendedMasterSecret: 'required' | 'preferred';
  /** Server only: ask for a cookie first (RFC 6347 section 4.2.1). */
  cookie?: CookieSettings | undefined;
}

export class Session {
  readonly settings: SessionSettings;
  readonly crypto: DtlsCrypto;
  fingerprints: readonly Uint8Array[] | undefined;
  randoms: Randoms | undefined;
  srtpProfile: SrtpProfile | undefined;
  usesExtendedMasterSecret = false;
  peerCertificate: Uint8Array | undefined;
  peerKeyType: KeyType | undefined;
  /** Set once both sides' keys are known. */
  keys: { client: WriteKey; server: WriteKey } | undefined;
  private master: Uint8Array | undefined;
  private transcript: Uint8Array[] = [];
  private flight: FlightPart[] = [];
  private nextSequence = 0;

  constructor(settings: SessionSettings) {
    this.settings = settings;
    this.crypto = settings.crypto;
    this.fingerprints = settings.fingerprints;
  }

  /** RFC 6347 section 4.2.6: every message counts, as if it had come in one piece. */
  record(message: HandshakeMessage): void {
    this.transcript.push(serializeMessage(message));
  }

  /** The same section: a first ClientHello and the HelloVerifyRequest that answered it do not count. */
  forgetTranscript(): void {
    this.transcript = [];
  }

  transcriptOctets(): Uint8Array {
    return concat(...this.transcript);
  }

  /** Adds a message of ours to transcript and flight. */
  send(type: number, body: Uint8Array, epoch: Epoch = 0): void {
    const message = { type, sequence: this.nextSequence++, epoch, body };
    this.record(message);
    this.flight.push({ message });
  }

  sendCertificate(): void {
    this.send(HandshakeType.certificate, serializeCertificate(this.settings.certificate.der));
  }

  /** The end of our last flight: ChangeCipherSpec, and Finished under the new keys. */
  sendFinished(sender: 'client' | 'server'): void {
    this.flight.push({ changeCipherSpec: true });
    this.send(HandshakeType.finished, this.finished(sender), 1);
  }

  takeFlight(): FlightPart[] {
    const flight = this.flight;
    this.flight = [];
    return flight;
  }

  /** A signature of ours over these octets, under the scheme that our key has. */
  sign(octets: Uint8Array): DigitallySigned {
    const { certificate } = this.settings;
    return { scheme: SIGNATURE_SCHEMES[certificate.keyType], signature: certificate.sign(octets) };
  }

  /** The peer's Certificate: the announced one, or none; a server's must fit the cipher suite. */
  receiveCertificate(body: Uint8Array, cipherSuite?: number): void {
    const der = parseCertificate(body);
    if (!der) throw new DtlsError('DTLS_NO_CERTIFICATE');
    if (this.fingerprints) this.checkFingerprint(der, this.fingerprints);
    const keyType = this.crypto.certificateKey(der);
    if (!keyType) throw new DtlsError('DTLS_BAD_CERTIFICATE');
    if (cipherSuite !== undefined && CIPHER_SUITES[keyType] !== cipherSuite) {
      throw new DtlsError('DTLS_BAD_CERTIFICATE', 'not for this cipher suite');
    }
    this.peerCertificate = new Uint8Array(der);
    this.peerKeyType = keyType;
  }

  checkFingerprint(der: Uint8Array, fingerprints: readonly Uint8Array[]): void {
    const { crypto } = this;
    const matches = fingerprints.some((expected) => {
      const actual = crypto.digest(der, expected.length);
      return actual !== undefined && crypto.equal(expected, actual);
    });
    if (!matches) throw new DtlsError('DTLS_FINGERPRINT');
  }

  /** The proof that the peer holds its certificate's key. */
  checkSignature(octets: Uint8Array, { scheme, signature }: DigitallySigned): void {
    if (!this.peerCertificate || !this.peerKeyType) throw new Error('DTLS: a signature before the certificate');
    if (scheme !== SIGNATURE_SCHEMES[this.peerKeyType]) {
      throw new DtlsError('DTLS_ILLEGAL_PARAMETER', 'signature scheme');
    }
    if (!this.crypto.verify(this.peerCertificate, octets, signature)) throw new DtlsError('DTLS_BAD_SIGNATURE');
  }

  /** From the shared secret, once the transcript ends with ClientKeyExchange. */
  deriveKeys(shared: Uint8Array): void {
    const { crypto } = this;
    const randoms = this.randoms!;
    this.master = this.usesExtendedMasterSecret
      ? extendedMasterSecret(crypto, shared, crypto.sha256(this.transcriptOctets()))
      : plainMasterSecret(crypto, shared, randoms);
    this.keys = writeKeys(crypto, this.master, randoms);
  }

  checkFinished(sender: 'client' | 'server', body: Uint8Array): void {
    if (!this.crypto.equal(this.finished(sender), body)) throw new DtlsError('DTLS_BAD_FINISHED');
  }

  /** The exporter's octets, after which nothing secret but the keys is left. */
  conclude(): Uint8Array {
    const material = srtpKeyingMaterial(this.crypto, this.master!, this.randoms!, this.srtpProfile!);
    this.master = undefined;
    this.transcript = [];
    return material;
  }

  private finished(sender: 'client' | 'server'): Uint8Array {
    return verifyData(this.crypto, this.master!, sender, this.crypto.sha256(this.transcriptOctets()));
  }
}

/** The table-driven half of an endpoint: what DtlsEndpoint sees of a client's or a server's handshake. */
export interface Handshake {
  readonly session: Session;
  readonly done: boolean;
  /** Whether a flight of ours is to be repeated until the peer goes on. */
  readonly awaitsAnswer: boolean;
  start(): void;
  /** Throws DtlsError, and has then changed nothing: the message may have been a stranger's. */
  receive(message: HandshakeMessage): void;
}
