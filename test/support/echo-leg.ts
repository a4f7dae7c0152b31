// A WebRTC peer made of the cores that the gateway will be made of, on one UDP socket: ICE-lite, DTLS, SRTP, RTCP. It says
// back what it hears. Driven here as a server would drive it, but for one call and with a socket of its own.
import { createSocket, type Socket } from 'node:dgram';
import { DtlsEndpoint } from '../../src/protocol/dtls/dtls-endpoint.ts';
import type { DtlsOptions, DtlsOutput, DtlsTimer } from '../../src/protocol/dtls/dtls-options.ts';
import { parseFingerprint, serializeFingerprint } from '../../src/protocol/dtls/fingerprint.ts';
import { splitKeyingMaterial } from '../../src/protocol/dtls/srtp-profile.ts';
import { candidatePriority, serializeCandidate } from '../../src/protocol/ice/candidate.ts';
import { CheckRouter } from '../../src/protocol/ice/check-router.ts';
import { createCredentials } from '../../src/protocol/ice/credentials.ts';
import { LiteAgent } from '../../src/protocol/ice/lite-agent.ts';
import type { IceOutput, IcePath } from '../../src/protocol/ice/lite-options.ts';
import { isRtcp, packetClass } from '../../src/protocol/rtp/demultiplex.ts';
import { sequenceNumber, setSsrc, ssrc, timestamp } from '../../src/protocol/rtp/header.ts';
import { removeExtension } from '../../src/protocol/rtp/header-extension.ts';
import { ReceptionStatistics } from '../../src/protocol/rtp/reception-statistics.ts';
import { parseCompound, type RtcpPacket, serializeCompound } from '../../src/protocol/rtp/rtcp/compound.ts';
import { SrtpReceiver } from '../../src/protocol/srtp/receiver.ts';
import { SrtpSender } from '../../src/protocol/srtp/sender.ts';
import { generateCertificate } from '../../src/server/media/certificate.ts';
import { nodeDtlsCrypto } from '../../src/server/media/dtls-crypto.ts';
import { nodeSrtpCrypto } from '../../src/server/media/srtp-crypto.ts';
import { primitives } from '../../src/transport/primitives.ts';

const OUR_SSRC = 0xc0ffee;
const CLOCK = 48_000;

export class EchoLeg {
  readonly agent = new LiteAgent({ primitives, local: createCredentials(primitives) });
  /** Everything that was told, as `ice selected`. */
  readonly story: string[] = [];
  /** Of the peer's RTCP. */
  readonly heard: RtcpPacket[] = [];
  statistics: ReceptionStatistics | undefined;
  /** Packets that were refused, by the reason of refusal.ts. */
  readonly refusals = new Map<number, number>();
  private readonly router = new CheckRouter();
  private readonly socket: Socket;
  private readonly options: Partial<DtlsOptions>;
  private readonly certificate = generateCertificate(Date.now());
  private readonly timers = new Map<string, NodeJS.Timeout>();
  private dtls: DtlsEndpoint | undefined;
  private receiver: SrtpReceiver | undefined;
  private sender: SrtpSender | undefined;

  private constructor(socket: Socket, options: Partial<DtlsOptions>) {
    this.socket = socket;
    this.options = options;
    this.router.add(this.agent);
    socket.on('message', (datagram, { address, port }) => this.receive(datagram, { local: 'udp', address, port }));
  }

  static async open(options: Partial<DtlsOptions>, address: string): Promise<EchoLeg> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, address, resolve));
    return new EchoLeg(socket, options);
  }

  /** The answer to an offer of one Opus stream; the second offer of a call is an ICE restart. */
  answer(offer: string): string {
    const value = (attribute: string): string => new RegExp(`^a=${attribute}:(\\S+)`, 'm').exec(offer)?.[1] ?? '';
    if (this.dtls) {
      this.agent.restart(createCredentials(primitives));
      this.router.add(this.agent);
    }
    this.agent.expect(value('ice-ufrag'));
    const { crypto, certificate } = { crypto: nodeDtlsCrypto, certificate: this.certificate };
    const fingerprints = [parseFingerprint(/^a=fingerprint:sha-256 (\S+)/m.exec(offer)?.[1] ?? '')!];
    this.dtls ??= new DtlsEndpoint({ role: 'server', crypto, certificate, fingerprints, ...this.options });
    const { address, port } = this.socket.address();
    const opus = /^a=rtpmap:(\d+) opus/m.exec(offer)?.[1];
    const candidate = { foundation: '1', component: 1, transport: 'udp', priority: candidatePriority('host', 1) };
    return [
      ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=ice-lite', `a=group:BUNDLE ${value('mid')}`],
      `m=audio ${port} UDP/TLS/RTP/SAVPF ${opus}`,
      ...[`c=IN IP4 ${address}`, `a=mid:${value('mid')}`, 'a=sendrecv', 'a=rtcp-mux', `a=rtpmap:${opus} opus/48000/2`],
      `a=ice-ufrag:${this.agent.local.ufrag}`,
      `a=ice-pwd:${this.agent.local.password}`,
      `a=fingerprint:sha-256 ${serializeFingerprint(nodeDtlsCrypto.sha256(certificate.der))}`,
      'a=setup:passive',
      `a=candidate:${serializeCandidate({ ...candidate, address, port, type: 'host', extensions: [] })}`,
      '',
    ].join('\r\n');
  }

  close(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.socket.close();
  }

  private receive(datagram: Buffer, path: IcePath): void {
    const now = performance.now();
    const kind = packetClass(datagram);
    if (kind === 'stun') {
      const agent = this.router.route(datagram);
      if (agent) this.carryIce(agent.receive(datagram, path, now));
    } else if (!this.agent.isValid(path)) {
      this.story.push(`stranger ${kind}`);
    } else if (kind === 'dtls' && this.dtls) {
      this.carryDtls(this.dtls.receive(datagram, now));
    } else if (kind === 'rtp' && this.receiver && this.sender) {
      if (isRtcp(datagram)) this.receiveRtcp(datagram, now);
      else this.receiveRtp(datagram, now);
    }
  }

  private receiveRtp(datagram: Buffer, now: number): void {
    const length = this.receiver!.unprotect(datagram, datagram.length);
    if (length < 0) {
      this.count(length);
      return;
    }
    this.statistics ??= new ReceptionStatistics(ssrc(datagram));
    this.statistics.receive(sequenceNumber(datagram), timestamp(datagram), (now * CLOCK) / 1000);
    // A datagram's buffer ends with the datagram: the tag's room is where the received one was.
    const bare = removeExtension(datagram, length);
    setSsrc(datagram, OUR_SSRC);
    this.send(datagram.subarray(0, this.sender!.protect(datagram, bare)));
  }

  private receiveRtcp(datagram: Buffer, now: number): void {
    const length = this.receiver!.unprotectRtcp(datagram, datagram.length);
    if (length < 0) {
      this.count(length);
      return;
    }
    const packets = parseCompound(datagram, length) ?? [];
    this.heard.push(...packets);
    for (const packet of packets) {
      if (packet.type !== 'SR' || !this.statistics) continue;
      this.statistics.senderReport(packet.ntpSeconds, packet.ntpFraction, now);
      const report = serializeCompound([
        { type: 'RR', ssrc: OUR_SSRC, reports: [this.statistics.report(now)] },
        { type: 'SDES', chunks: [{ ssrc: OUR_SSRC, items: [{ type: 1, text: 'echo' }] }] },
      ]);
      const buffer = Buffer.alloc(report.length + 20);
      buffer.set(report);
      this.send(buffer.subarray(0, this.sender!.protectRtcp(buffer, report.length)));
    }
  }

  private count(refusal: number): void {
    this.refusals.set(refusal, (this.refusals.get(refusal) ?? 0) + 1);
  }

  private send(octets: Uint8Array, path = this.agent.selected): void {
    if (path) this.socket.send(octets, path.port, path.address);
  }

  private carryIce(outputs: readonly IceOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') this.send(output.message.octets, output.message.path);
      else if (output.type === 'setTimer') {
        this.setTimer(output.name, output.delay, () => this.carryIce(this.agent.timer('consent', performance.now())));
      } else if (output.type === 'event') {
        this.story.push(`ice ${output.event.type}`);
        if (output.event.type === 'selected' && this.dtls) this.carryDtls(this.dtls.start(performance.now()));
      }
    }
  }

  private carryDtls(outputs: readonly DtlsOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') this.send(output.message);
      else if (output.type === 'clearTimer') clearTimeout(this.timers.get(output.name));
      else if (output.type === 'setTimer') {
        const name: DtlsTimer = output.name;
        this.setTimer(name, output.delay, () => this.carryDtls(this.dtls!.timer(name, performance.now())));
      } else {
        this.story.push(`dtls ${output.event.type}`);
        if (output.event.type !== 'connected') continue;
        const { srtpProfile: profile, keyingMaterial } = output.event;
        const { local, remote } = splitKeyingMaterial(profile, 'server', keyingMaterial);
        this.sender = new SrtpSender({ crypto: nodeSrtpCrypto, profile, master: local });
        this.receiver = new SrtpReceiver({ crypto: nodeSrtpCrypto, profile, master: remote });
      }
    }
  }

  private setTimer(name: string, delay: number, fire: () => void): void {
    clearTimeout(this.timers.get(name));
    this.timers.set(name, setTimeout(fire, delay));
  }
}
