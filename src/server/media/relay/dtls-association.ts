// One DTLS association of a component (RFC 5763, RFC 5764), with its timers.
import { DtlsEndpoint } from '../../../protocol/dtls/dtls-endpoint.ts';
import type { DtlsEvent, DtlsOutput, DtlsTimer } from '../../../protocol/dtls/dtls-options.ts';
import { parseFingerprint } from '../../../protocol/dtls/fingerprint.ts';
import type { Fingerprint } from '../../../protocol/sdp/dtls-attributes.ts';
import type { RelayPorts } from './ports.ts';
import { Timers } from './timers.ts';

export interface DtlsUser {
  sendDtls(datagram: Uint8Array): void;
  dtlsEvent(event: DtlsEvent): void;
}

/** A phone that calls may hear our hello before it knows our answer: it hears the next one soon (RFC 6347 has 1 s). */
const FIRST_REPETITION = 100;

export class DtlsAssociation {
  readonly role: 'client' | 'server';
  /** The fingerprints it was agreed with; undefined: it began before the peer's description came. */
  agreed: string | undefined;
  private readonly endpoint: DtlsEndpoint;
  private readonly user: DtlsUser;
  private readonly ports: RelayPorts;
  private readonly timers: Timers<DtlsTimer>;
  private begun = false;

  constructor(
    ports: RelayPorts,
    role: 'client' | 'server',
    fingerprints: readonly Fingerprint[] | undefined,
    user: DtlsUser,
  ) {
    this.role = role;
    this.user = user;
    this.ports = ports;
    this.timers = new Timers(ports.clock);
    this.agreed = fingerprints && fingerprintKey(fingerprints);
    this.endpoint = new DtlsEndpoint({
      role,
      crypto: ports.dtls,
      certificate: ports.certificate,
      fingerprints: fingerprints && fingerprintOctets(fingerprints),
      // Its keystream is made ahead of the packets (srtp/counter-mode.ts), which makes it the cheaper one.
      srtpProfiles: ['SRTP_AES128_CM_HMAC_SHA1_80', 'SRTP_AEAD_AES_128_GCM'],
      // COMPAT: phones with an old OpenSSL; nothing is resumed or renegotiated here (docs/adr/0010).
      extendedMasterSecret: 'preferred',
      retransmission: { first: FIRST_REPETITION, initial: 400 },
    });
  }

  /** The way to the peer is known. */
  start(now: number): void {
    if (this.begun) return;
    this.begun = true;
    this.carry(this.endpoint.start(now));
  }

  /** The peer's description came after its hello. */
  expect(fingerprints: readonly Fingerprint[]): void {
    this.agreed = fingerprintKey(fingerprints);
    this.carry(this.endpoint.expect(fingerprintOctets(fingerprints)));
  }

  receive(datagram: Uint8Array, now: number): void {
    this.start(now);
    this.carry(this.endpoint.receive(datagram, now));
  }

  /** Says farewell. */
  close(now: number): void {
    this.carry(this.endpoint.close(now));
    this.timers.clearAll();
  }

  private carry(outputs: readonly DtlsOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') this.user.sendDtls(output.message);
      else if (output.type === 'clearTimer') this.timers.clear(output.name);
      else if (output.type === 'event') this.user.dtlsEvent(output.event);
      else {
        const { name, delay } = output;
        this.timers.set(name, delay, () => this.carry(this.endpoint.timer(name, this.ports.clock.now())));
      }
    }
  }
}

/** The same text for the same fingerprints. */
export function fingerprintKey(fingerprints: readonly Fingerprint[]): string {
  return fingerprints.map(({ hash, value }) => `${hash} ${value}`).join(', ');
}

/** RFC 8122 section 5.1: of several hashes the strongest counts. COMPAT: phones that know SHA-1 alone. */
function fingerprintOctets(fingerprints: readonly Fingerprint[]): Uint8Array[] {
  const all = fingerprints.map(({ value }) => parseFingerprint(value)).filter((octets) => octets !== undefined);
  const strongest = Math.max(...all.map(({ length }) => length));
  return all.filter(({ length }) => length === strongest);
}
