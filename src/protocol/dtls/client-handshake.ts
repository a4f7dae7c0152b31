// RFC 5246 section 7.3 and RFC 6347 section 4.2: the client's handshake as a table.
import { parseCertificateRequest, serializeDigitallySigned } from './certificate-message.ts';
import { CERTIFICATE_TYPES, CIPHER_SUITES, GROUPS, SIGNATURE_SCHEMES } from './cipher-suite.ts';
import { type ClientHello, parseHelloVerifyRequest, serializeClientHello } from './client-hello.ts';
import { DtlsError } from './dtls-error.ts';
import {
  checkPointFormats,
  checkRenegotiationInfo,
  EMPTY_RENEGOTIATION_INFO,
  ExtensionType,
  hasExtendedMasterSecret,
  UNCOMPRESSED_POINTS,
} from './extensions.ts';
import { type HandshakeMessage, HandshakeType } from './handshake-message.ts';
import { parseServerKeyExchange, serializeClientKeyExchange } from './key-exchange.ts';
import { concat, numbers, vector } from './octets.ts';
import { DTLS_1_2 } from './record-layer.ts';
import { parseServerHello, type ServerHello } from './server-hello.ts';
import type { Handshake, Session } from './session.ts';
import { parseUseSrtp, selectProfile, serializeUseSrtp } from './srtp-profile.ts';

/** What is awaited. */
type State =
  | 'serverHello'
  | 'certificate'
  | 'serverKeyExchange'
  | 'certificateRequest'
  | 'serverHelloDone'
  | 'finished'
  | 'done';

type Step = (handshake: ClientHandshake, message: HandshakeMessage) => void;

/**
 * Laws: each state takes exactly the messages listed; a step checks everything before it changes anything. No
 * CertificateRequest, no session: authentication is mutual (RFC 5763 section 5).
 */
const TABLE: Record<State, Partial<Record<number, [Step, State]>>> = {
  serverHello: {
    [HandshakeType.helloVerifyRequest]: [helloVerifyRequest, 'serverHello'],
    [HandshakeType.serverHello]: [serverHello, 'certificate'],
  },
  certificate: { [HandshakeType.certificate]: [certificate, 'serverKeyExchange'] },
  serverKeyExchange: { [HandshakeType.serverKeyExchange]: [serverKeyExchange, 'certificateRequest'] },
  certificateRequest: {
    [HandshakeType.certificateRequest]: [certificateRequest, 'serverHelloDone'],
    [HandshakeType.serverHelloDone]: [noCertificateRequest, 'certificateRequest'],
  },
  serverHelloDone: { [HandshakeType.serverHelloDone]: [serverHelloDone, 'finished'] },
  finished: { [HandshakeType.finished]: [finished, 'done'] },
  done: {},
};

/** Extensions a ServerHello may have: those that `start` offers. */
const ANSWERABLE: readonly number[] = [
  ExtensionType.supportedGroups,
  ExtensionType.ecPointFormats,
  ExtensionType.useSrtp,
  ExtensionType.extendedMasterSecret,
  ExtensionType.renegotiationInfo,
];

export class ClientHandshake implements Handshake {
  readonly session: Session;
  state: State = 'serverHello';
  hello: ClientHello | undefined;
  cipherSuite = 0;
  serverPoint: { group: number; point: Uint8Array } | undefined;

  constructor(session: Session) {
    this.session = session;
  }

  get done(): boolean {
    return this.state === 'done';
  }

  get awaitsAnswer(): boolean {
    return !this.done;
  }

  start(): void {
    const { crypto, settings } = this.session;
    this.hello = {
      version: DTLS_1_2,
      random: crypto.random(32),
      sessionId: new Uint8Array(),
      cookie: new Uint8Array(),
      cipherSuites: Object.values(CIPHER_SUITES),
      compressionMethods: new Uint8Array(1),
      extensions: new Map([
        [ExtensionType.extendedMasterSecret, new Uint8Array()],
        [ExtensionType.renegotiationInfo, EMPTY_RENEGOTIATION_INFO],
        [ExtensionType.supportedGroups, vector(2, numbers(GROUPS.map((group) => group.id)))],
        [ExtensionType.ecPointFormats, UNCOMPRESSED_POINTS],
        [ExtensionType.signatureAlgorithms, vector(2, numbers(Object.values(SIGNATURE_SCHEMES)))],
        [ExtensionType.useSrtp, serializeUseSrtp(settings.srtpProfiles)],
      ]),
    };
    this.session.send(HandshakeType.clientHello, serializeClientHello(this.hello));
  }

  receive(message: HandshakeMessage): void {
    const transition = TABLE[this.state][message.type];
    if (!transition) throw new DtlsError('DTLS_UNEXPECTED_MESSAGE');
    transition[0](this, message);
    this.state = transition[1];
  }
}

/** The same hello once more, with the cookie. A second request would be a loop. */
function helloVerifyRequest(handshake: ClientHandshake, message: HandshakeMessage): void {
  const { session, hello } = handshake;
  const cookie = parseHelloVerifyRequest(message.body);
  if (cookie.length === 0 || hello!.cookie.length > 0) throw new DtlsError('DTLS_COOKIE');
  handshake.hello = { ...hello!, cookie: new Uint8Array(cookie) };
  session.forgetTranscript();
  session.send(HandshakeType.clientHello, serializeClientHello(handshake.hello));
}

function serverHello(handshake: ClientHandshake, message: HandshakeMessage): void {
  const { session } = handshake;
  const hello = parseServerHello(message.body);
  if (hello.version !== DTLS_1_2) throw new DtlsError('DTLS_VERSION');
  if (!handshake.hello!.cipherSuites.includes(hello.cipherSuite)) throw new DtlsError('DTLS_NO_CIPHER_SUITE');
  if (hello.compressionMethod !== 0) throw new DtlsError('DTLS_ILLEGAL_PARAMETER', 'compression');
  for (const type of hello.extensions.keys()) {
    if (!ANSWERABLE.includes(type)) throw new DtlsError('DTLS_EXTENSION');
  }
  checkRenegotiationInfo(hello.extensions);
  checkPointFormats(hello.extensions);
  const extended = hasExtendedMasterSecret(hello.extensions);
  if (!extended && session.settings.extendedMasterSecret === 'required') {
    throw new DtlsError('DTLS_NO_EXTENDED_MASTER_SECRET');
  }
  const profile = chosenProfile(session, hello);
  session.srtpProfile = profile;
  session.usesExtendedMasterSecret = extended;
  session.randoms = { client: handshake.hello!.random, server: hello.random };
  handshake.cipherSuite = hello.cipherSuite;
  session.record(message);
}

/** RFC 5764 section 4.1.1: the server answers with exactly one of the offered profiles, and our MKI, which is none. */
function chosenProfile(session: Session, hello: ServerHello): NonNullable<Session['srtpProfile']> {
  const body = hello.extensions.get(ExtensionType.useSrtp);
  if (!body) throw new DtlsError('DTLS_NO_SRTP_PROFILE');
  const { profiles, mki } = parseUseSrtp(body);
  const profile = selectProfile(session.settings.srtpProfiles, profiles);
  if (!profile || profiles.length !== 1 || mki.length > 0) throw new DtlsError('DTLS_ILLEGAL_PARAMETER', 'use_srtp');
  return profile;
}

function certificate({ session, cipherSuite }: ClientHandshake, message: HandshakeMessage): void {
  session.receiveCertificate(message.body, cipherSuite);
  session.record(message);
}

function serverKeyExchange(handshake: ClientHandshake, message: HandshakeMessage): void {
  const { session } = handshake;
  const { group, point, parameters, signed } = parseServerKeyExchange(message.body);
  if (!GROUPS.some((known) => known.id === group)) throw new DtlsError('DTLS_ILLEGAL_PARAMETER', 'group');
  session.checkSignature(concat(session.randoms!.client, session.randoms!.server, parameters), signed);
  handshake.serverPoint = { group, point };
  session.record(message);
}

function certificateRequest({ session }: ClientHandshake, message: HandshakeMessage): void {
  const { certificateTypes, signatureSchemes } = parseCertificateRequest(message.body);
  const { keyType } = session.settings.certificate;
  if (
    !certificateTypes.includes(CERTIFICATE_TYPES[keyType]) ||
    !signatureSchemes.includes(SIGNATURE_SCHEMES[keyType])
  ) {
    throw new DtlsError('DTLS_NO_SIGNATURE_SCHEME');
  }
  session.record(message);
}

function noCertificateRequest(): void {
  throw new DtlsError('DTLS_NO_CERTIFICATE');
}

/** Our second flight: Certificate, ClientKeyExchange, CertificateVerify, ChangeCipherSpec, Finished. */
function serverHelloDone({ session, serverPoint }: ClientHandshake, message: HandshakeMessage): void {
  if (message.body.length > 0) throw new DtlsError('DTLS_MALFORMED');
  const group = GROUPS.find((known) => known.id === serverPoint!.group)!;
  const pair = session.crypto.generateKeyPair(group.name);
  const shared = pair.derive(serverPoint!.point);
  if (!shared) throw new DtlsError('DTLS_ILLEGAL_PARAMETER', 'point');
  session.record(message);
  session.sendCertificate();
  session.send(HandshakeType.clientKeyExchange, serializeClientKeyExchange(pair.publicKey));
  session.deriveKeys(shared);
  const signed = session.sign(session.transcriptOctets());
  session.send(HandshakeType.certificateVerify, serializeDigitallySigned(signed));
  session.sendFinished('client');
}

function finished({ session }: ClientHandshake, message: HandshakeMessage): void {
  session.checkFinished('server', message.body);
  session.record(message);
}
