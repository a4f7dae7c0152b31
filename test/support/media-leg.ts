// The least that a browser takes for a WebRTC peer: ICE-lite on one UDP socket of this machine with a DTLS endpoint behind it.
// A test's stand-in for the gateway: one call, host candidate, no consent, no retransmitted answers.
import { createCipheriv, createDecipheriv, createHmac, randomBytes } from 'node:crypto';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { DtlsEndpoint } from '../../src/protocol/dtls/dtls-endpoint.ts';
import type { DtlsEvent, DtlsOptions, DtlsOutput, DtlsTimer } from '../../src/protocol/dtls/dtls-options.ts';
import { parseFingerprint, serializeFingerprint } from '../../src/protocol/dtls/fingerprint.ts';
import { type SrtpKeys, type SrtpProfile, splitKeyingMaterial } from '../../src/protocol/dtls/srtp-profile.ts';
import { XOR_MAPPED_ADDRESS, xorAddress } from '../../src/protocol/stun/attributes.ts';
import { appendFingerprint } from '../../src/protocol/stun/fingerprint.ts';
import { BINDING, looksLikeStun, parseStun, serializeStun } from '../../src/protocol/stun/message.ts';
import { generateCertificate } from '../../src/server/media/certificate.ts';
import { nodeDtlsCrypto } from '../../src/server/media/dtls-crypto.ts';

export class MediaLeg {
  readonly events: DtlsEvent[] = [];
  /** Datagrams of the browser's, by their first octet (RFC 7983). */
  readonly dtls: Uint8Array[] = [];
  readonly rtp: Uint8Array[] = [];
  private readonly socket: Socket;
  private readonly role: 'client' | 'server';
  private readonly options: Partial<DtlsOptions>;
  private readonly certificate = generateCertificate(Date.now());
  private readonly ufrag = randomBytes(4).toString('hex');
  private readonly password = randomBytes(16).toString('hex');
  private readonly timers = new Map<DtlsTimer, NodeJS.Timeout>();
  private endpoint: DtlsEndpoint | undefined;
  private pair: RemoteInfo | undefined;

  private constructor(socket: Socket, role: 'client' | 'server', options: Partial<DtlsOptions>) {
    this.socket = socket;
    this.role = role;
    this.options = options;
    socket.on('message', (datagram, from) => this.receive(datagram, from));
  }

  static async open(
    role: 'client' | 'server',
    options: Partial<DtlsOptions> = {},
    address = '127.0.0.1',
  ): Promise<MediaLeg> {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, address, resolve));
    return new MediaLeg(socket, role, options);
  }

  /** The answer to an offer of one audio stream. */
  answer(offer: string): string {
    const fingerprint = /^a=fingerprint:sha-256 (\S+)/m.exec(offer)?.[1] ?? '';
    this.endpoint = new DtlsEndpoint({
      role: this.role,
      crypto: nodeDtlsCrypto,
      certificate: this.certificate,
      fingerprints: [parseFingerprint(fingerprint)!],
      ...this.options,
    });
    const { address, port } = this.socket.address();
    const opus = /^a=rtpmap:(\d+) opus/m.exec(offer)?.[1];
    return [
      'v=0',
      'o=- 1 1 IN IP4 127.0.0.1',
      's=-',
      't=0 0',
      'a=ice-lite',
      `a=group:BUNDLE ${/^a=mid:(\S+)/m.exec(offer)?.[1]}`,
      `m=audio ${port} UDP/TLS/RTP/SAVPF ${opus}`,
      `c=IN IP4 ${address}`,
      `a=mid:${/^a=mid:(\S+)/m.exec(offer)?.[1]}`,
      'a=recvonly',
      'a=rtcp-mux',
      `a=rtpmap:${opus} opus/48000/2`,
      `a=ice-ufrag:${this.ufrag}`,
      `a=ice-pwd:${this.password}`,
      `a=fingerprint:sha-256 ${serializeFingerprint(nodeDtlsCrypto.sha256(this.certificate.der))}`,
      `a=setup:${this.role === 'client' ? 'active' : 'passive'}`,
      `a=candidate:1 1 udp 2130706431 ${address} ${port} typ host`,
      'a=end-of-candidates',
      '',
    ].join('\r\n');
  }

  /** Hangs up, and leaves once its farewell is out. */
  close(): void {
    const outputs = this.endpoint?.close(performance.now()) ?? [];
    this.carry(outputs.filter((output) => output.type !== 'send'));
    const farewell = outputs.find((output) => output.type === 'send');
    if (!farewell || !this.pair) this.socket.close();
    else this.socket.send(farewell.message, this.pair.port, this.pair.address, () => this.socket.close());
  }

  private receive(datagram: Uint8Array, from: RemoteInfo): void {
    if (looksLikeStun(datagram)) this.check(datagram, from);
    else if (datagram[0]! >= 128) this.rtp.push(datagram);
    else if (datagram[0]! >= 20 && this.endpoint && this.pair) {
      this.dtls.push(datagram);
      this.carry(this.endpoint.receive(datagram, performance.now()));
    }
  }

  private check(datagram: Uint8Array, from: RemoteInfo): void {
    const request = parseStun(datagram);
    if (request.class !== 'request' || request.method !== BINDING) return;
    const mapped = xorAddress(XOR_MAPPED_ADDRESS, { address: from.address, port: from.port }, request.transactionId);
    const answer = Buffer.from(serializeStun({ ...request, class: 'success', attributes: [mapped] }));
    answer.writeUInt16BE(answer.length - 20 + 24, 2); // MESSAGE-INTEGRITY counts itself
    const integrity = Buffer.concat([
      Buffer.from([0, 8, 0, 20]),
      createHmac('sha1', this.password).update(answer).digest(),
    ]);
    this.socket.send(appendFingerprint(Buffer.concat([answer, integrity])), from.port, from.address);
    if (this.pair || !this.endpoint) return;
    this.pair = from;
    this.carry(this.endpoint.start(performance.now()));
  }

  private carry(outputs: readonly DtlsOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') this.socket.send(output.message, this.pair!.port, this.pair!.address);
      else if (output.type === 'event') this.events.push(output.event);
      else {
        clearTimeout(this.timers.get(output.name));
        if (output.type === 'clearTimer') continue;
        const { name } = output;
        this.timers.set(
          name,
          setTimeout(() => this.carry(this.endpoint!.timer(name, performance.now())), output.delay),
        );
      }
    }
  }
}

/** RFC 3711 section 4.3 (and RFC 7714 section 11): a session key, with a key derivation rate of 0. */
function derive({ key, salt }: SrtpKeys, label: number, length: number): Buffer {
  const counter = Buffer.alloc(16);
  counter.set(salt);
  counter[7]! ^= label;
  return createCipheriv('aes-128-ctr', key, counter).update(Buffer.alloc(length));
}

/** Whether an early SRTP packet (ROC 0) is authentic under the keys that `connected` brought. */
export function authentic(
  packet: Uint8Array,
  role: 'client' | 'server',
  profile: SrtpProfile,
  material: Uint8Array,
): boolean {
  const { remote } = splitKeyingMaterial(profile, role, material);
  const view = Buffer.from(packet);
  if (profile === 'SRTP_AES128_CM_HMAC_SHA1_80') {
    const end = view.length - 10;
    const mac = createHmac('sha1', derive(remote, 1, 20))
      .update(view.subarray(0, end))
      .update(Buffer.alloc(4))
      .digest();
    return mac.subarray(0, 10).equals(view.subarray(end));
  }
  const extension = view[0]! & 0x10 ? 1 : 0;
  let header = 12 + 4 * (view[0]! & 15);
  if (extension) header += 4 + 4 * view.readUInt16BE(header + 2);
  const nonce = Buffer.alloc(12);
  view.copy(nonce, 2, 8, 12); // SSRC
  view.copy(nonce, 10, 2, 4); // sequence number
  const salt = derive(remote, 2, 12);
  for (let i = 0; i < 12; i++) nonce[i]! ^= salt[i]!;
  const decipher = createDecipheriv('aes-128-gcm', derive(remote, 0, 16), nonce);
  decipher.setAAD(view.subarray(0, header));
  decipher.setAuthTag(view.subarray(view.length - 16));
  decipher.update(view.subarray(header, view.length - 16));
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  }
}
