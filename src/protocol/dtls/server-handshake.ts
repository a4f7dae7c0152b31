// RFC 5246 section 7.3 and RFC 6347 section 4.2: the server's handshake as a table.
import { readDigitallySigned, serializeCertificateRequest } from './certificate-message.ts';
import { CIPHER_SUITES, GROUPS, SIGNATURE_SCHEMES } from './cipher-suite.ts';
import { type ClientHello, cookieFor, parseClientHello, serializeHelloVerifyRequest } from './client-hello.ts';
import type { KeyPair } from './crypto-port.ts';
import { DtlsError } from './dtls-error.ts';
import {
  checkPointFormats,
  checkRenegotiationInfo,
  EMPTY_RENEGOTIATION_INFO,
  type Extensions,
  ExtensionType,
  hasExtendedMasterSecret,
  readNumberList,
  UNCOMPRESSED_POINTS,
} from './extensions.ts';
import { type HandshakeMessage, HandshakeType } from './handshake-message.ts';
import { parseClientKeyExchange, serializeParameters, serializeServerKeyExchange } from './key-exchange.ts';
import { OctetReader } from './octet-reader.ts';
import { concat } from './octets.ts';
import { DTLS_1_2 } from './record-layer.ts';
import { serializeServerHello } from './server-hello.ts';
import type { Handshake, Session } from './session.ts';
import { parseUseSrtp, type SrtpProfile, selectProfile, serializeUseSrtp } from './srtp-profile.ts';

/** What is awaited. */
type State = 'clientHello' | 'certificate' | 'clientKeyExchange' | 'certificateVerify' | 'finished' | 'done';

/** A step may name another state than the table's. */
type Step = (handshake: ServerHandshake, message: HandshakeMessage) => State | undefined;

/** Laws: each state takes exactly one message; a step checks everything before it changes anything. */
const TABLE: Record<State, Partial<Record<number, [Step, State]>>> = {
  clientHello: { [HandshakeType.clientHello]: [clientHello, 'certificate'] },
  certificate: { [HandshakeType.certificate]: [certificate, 'clientKeyExchange'] },
  clientKeyExchange: { [HandshakeType.clientKeyExchange]: [clientKeyExchange, 'certificateVerify'] },
  certificateVerify: { [HandshakeType.certificateVerify]: [certificateVerify, 'finished'] },
  finished: { [HandshakeType.finished]: [finished, 'done'] },
  done: {},
};

/** TLS_EMPTY_RENEGOTIATION_INFO_SCSV (RFC 5746 section 3.3). */
const RENEGOTIATION_SCSV = 0x00ff;

export class ServerHandshake implements Handshake {
  readonly session: Session;
  state: State = 'clientHello';
  keyPair: KeyPair | undefined;

  constructor(session: Session) {
    this.session = session;
  }

  get done(): boolean {
    return this.state === 'done';
  }

  /** A HelloVerifyRequest is never repeated by itself: nothing is kept for a hello without a cookie. */
  get awaitsAnswer(): boolean {
    return this.state !== 'clientHello' && !this.done;
  }

  start(): void {}

  receive(message: HandshakeMessage): void {
    const transition = TABLE[this.state][message.type];
    if (!transition) throw new DtlsError('DTLS_UNEXPECTED_MESSAGE');
    this.state = transition[0](this, message) ?? transition[1];
  }
}

interface Choice {
  group: (typeof GROUPS)[number];
  profile: SrtpProfile;
  extended: boolean;
}

/** What both sides can do. supported_versions is not looked at: whoever offers DTLS 1.3 names 1.2 as its legacy version. */
function choose(session: Session, hello: ClientHello): Choice {
  const { settings } = session;
  const { extensions } = hello;
  // DTLS counts its versions downwards: 1.2 is 0xfefd, what is newer is less.
  if (hello.version >> 8 !== 0xfe || hello.version > DTLS_1_2) throw new DtlsError('DTLS_VERSION');
  if (!hello.cipherSuites.includes(CIPHER_SUITES[settings.certificate.keyType])) {
    throw new DtlsError('DTLS_NO_CIPHER_SUITE');
  }
  if (!hello.compressionMethods.includes(0)) throw new DtlsError('DTLS_ILLEGAL_PARAMETER', 'compression');
  checkRenegotiationInfo(extensions);
  checkPointFormats(extensions);
  const schemes = readNumberList(extensions, ExtensionType.signatureAlgorithms);
  // None means SHA-1 (RFC 5246 section 7.4.1.4.1), which this side does not sign with.
  if (!schemes?.includes(SIGNATURE_SCHEMES[settings.certificate.keyType])) {
    throw new DtlsError('DTLS_NO_SIGNATURE_SCHEME');
  }
  const extended = hasExtendedMasterSecret(extensions);
  if (!extended && settings.extendedMasterSecret === 'required') throw new DtlsError('DTLS_NO_EXTENDED_MASTER_SECRET');
  return { group: chooseGroup(extensions), profile: chooseProfile(session, extensions), extended };
}

function chooseGroup(extensions: Extensions): Choice['group'] {
  const offered = readNumberList(extensions, ExtensionType.supportedGroups);
  // RFC 8422 section 4: without the extension the server is free to choose; every peer knows P-256.
  const group = GROUPS.find(({ id, name }) => (offered ? offered.includes(id) : name === 'secp256r1'));
  if (!group) throw new DtlsError('DTLS_NO_GROUP');
  return group;
}

function chooseProfile(session: Session, extensions: Extensions): SrtpProfile {
  const body = extensions.get(ExtensionType.useSrtp);
  const profile = body && selectProfile(session.settings.srtpProfiles, parseUseSrtp(body).profiles);
  if (!profile) throw new DtlsError('DTLS_NO_SRTP_PROFILE');
  return profile;
}

function clientHello(handshake: ServerHandshake, message: HandshakeMessage): State | undefined {
  const { session } = handshake;
  const hello = parseClientHello(message.body);
  const { cookie } = session.settings;
  if (cookie) {
    const expected = cookieFor(session.crypto, cookie, hello);
    if (hello.cookie.length === 0) {
      session.send(HandshakeType.helloVerifyRequest, serializeHelloVerifyRequest(expected));
      session.forgetTranscript();
      return 'clientHello';
    }
    if (!session.crypto.equal(expected, hello.cookie)) throw new DtlsError('DTLS_COOKIE');
  }
  const choice = choose(session, hello);
  session.randoms = { client: hello.random, server: session.crypto.random(32) };
  session.srtpProfile = choice.profile;
  session.usesExtendedMasterSecret = choice.extended;
  session.record(message);
  sendServerFlight(handshake, hello, choice);
  return undefined;
}

/** ServerHello, Certificate, ServerKeyExchange, CertificateRequest, ServerHelloDone. */
function sendServerFlight(handshake: ServerHandshake, hello: ClientHello, { group, profile, extended }: Choice): void {
  const { session } = handshake;
  const { keyType } = session.settings.certificate;
  const randoms = session.randoms!;
  const extensions = new Map([[ExtensionType.useSrtp as number, serializeUseSrtp([profile])]]);
  if (extended) extensions.set(ExtensionType.extendedMasterSecret, new Uint8Array());
  if (hello.extensions.has(ExtensionType.renegotiationInfo) || hello.cipherSuites.includes(RENEGOTIATION_SCSV)) {
    extensions.set(ExtensionType.renegotiationInfo, EMPTY_RENEGOTIATION_INFO);
  }
  if (hello.extensions.has(ExtensionType.ecPointFormats)) {
    extensions.set(ExtensionType.ecPointFormats, UNCOMPRESSED_POINTS);
  }
  const answer = {
    version: DTLS_1_2,
    random: randoms.server,
    sessionId: new Uint8Array(), // no session is ever resumed
    cipherSuite: CIPHER_SUITES[keyType],
    compressionMethod: 0,
    extensions,
  };
  session.send(HandshakeType.serverHello, serializeServerHello(answer));
  session.sendCertificate();
  const pair = session.crypto.generateKeyPair(group.name);
  const parameters = serializeParameters(group.id, pair.publicKey);
  const signed = session.sign(concat(randoms.client, randoms.server, parameters));
  session.send(HandshakeType.serverKeyExchange, serializeServerKeyExchange(parameters, signed));
  session.send(HandshakeType.certificateRequest, serializeCertificateRequest());
  session.send(HandshakeType.serverHelloDone, new Uint8Array());
  handshake.keyPair = pair;
}

function certificate({ session }: ServerHandshake, message: HandshakeMessage): undefined {
  session.receiveCertificate(message.body);
  session.record(message);
}

function clientKeyExchange({ session, keyPair }: ServerHandshake, message: HandshakeMessage): undefined {
  const shared = keyPair!.derive(parseClientKeyExchange(message.body));
  if (!shared) throw new DtlsError('DTLS_ILLEGAL_PARAMETER', 'point');
  session.record(message);
  session.deriveKeys(shared);
}

function certificateVerify({ session }: ServerHandshake, message: HandshakeMessage): undefined {
  session.checkSignature(session.transcriptOctets(), readDigitallySigned(new OctetReader(message.body)));
  session.record(message);
}

function finished({ session }: ServerHandshake, message: HandshakeMessage): undefined {
  session.checkFinished('client', message.body);
  session.record(message);
  session.sendFinished('server');
}
