// RFC 5763 and RFC 8842 section 5: which DTLS association a component has, by what descriptions say and hellos begin.
import type { DtlsEvent } from '../../../protocol/dtls/dtls-options.ts';
import type { SrtpProfile } from '../../../protocol/dtls/srtp-profile.ts';
import type { Fingerprint } from '../../../protocol/sdp/dtls-attributes.ts';
import { DtlsAssociation, fingerprintKey } from './dtls-association.ts';
import type { RelayPorts } from './ports.ts';

export interface DtlsAgreementUser {
  sendDtls(datagram: Uint8Array): void;
  keyed(profile: SrtpProfile, role: 'client' | 'server', material: Uint8Array): void;
  /** The peer has said farewell. */
  closed(): void;
  failed(reason: string): void;
}

export class DtlsAgreement {
  private readonly ports: RelayPorts;
  private readonly user: DtlsAgreementUser;
  private association: DtlsAssociation | undefined;

  constructor(ports: RelayPorts, user: DtlsAgreementUser) {
    this.ports = ports;
    this.user = user;
  }

  /** Both descriptions are there. The association stays as long as the peer's certificate does. */
  agree(role: 'client' | 'server', fingerprints: readonly Fingerprint[]): void {
    const { association } = this;
    if (association?.agreed !== undefined && association.agreed === fingerprintKey(fingerprints)) return;
    if (association !== undefined && association.agreed === undefined && association.role === role) {
      association.expect(fingerprints);
      return;
    }
    this.drop();
    this.association = this.open(role, fingerprints);
  }

  /** The way to the peer is known: who is active says hello, who is passive waits so long and no longer. */
  start(): void {
    if (this.association?.agreed !== undefined) this.association.start(this.ports.clock.now());
  }

  /** A hello may come before its sender's description: only who was offered `actpass` begins. */
  receive(datagram: Uint8Array, now: number): void {
    this.association ??= this.open('server', undefined);
    this.association.receive(datagram, now);
  }

  /** Keys that it gave serve until there are others. */
  drop(): void {
    const { association } = this;
    this.association = undefined;
    association?.close(this.ports.clock.now());
  }

  private open(role: 'client' | 'server', fingerprints: readonly Fingerprint[] | undefined): DtlsAssociation {
    const association: DtlsAssociation = new DtlsAssociation(this.ports, role, fingerprints, {
      sendDtls: (datagram) => this.user.sendDtls(datagram),
      dtlsEvent: (event) => {
        if (association === this.association) this.receiveEvent(event, role);
      },
    });
    return association;
  }

  private receiveEvent(event: DtlsEvent, role: 'client' | 'server'): void {
    if (event.type === 'connected') this.user.keyed(event.srtpProfile, role, event.keyingMaterial);
    else if (event.type === 'closed') this.user.closed();
    else this.user.failed(event.alert === undefined ? event.code : `${event.code} ${event.alert}`);
  }
}
