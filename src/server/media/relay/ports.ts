// What a relay is made of, and what its driver does for it: sockets, time, cryptography. Everything is synchronous.
import type { DtlsCrypto, LocalCertificate } from '../../../protocol/dtls/crypto-port.ts';
import type { IcePath } from '../../../protocol/ice/lite-options.ts';
import type { Primitives } from '../../../protocol/primitives.ts';
import type { SrtpCrypto } from '../../../protocol/srtp/crypto-port.ts';
import type { Clock } from '../../../transport/clock.ts';
import type { RelayEvent, SocketName } from './plan.ts';

/**
 * Octets that must be free behind `length` in every buffer given to `receive` and `receiveMux`: packets are changed in place,
 * and grow by an authentication tag and perhaps a header extension.
 */
export const ROOM = 64;

/**
 * Buffers. What `receive` and `receiveMux` get is the relay's until they return, and is overwritten: the driver may use one
 * and the same for every datagram. What `send` and `sendMux` get is the driver's until they return, and may be that very
 * buffer: who sends later copies, or gives the next datagram another one. Neither is kept.
 */
export interface RelayPorts {
  clock: Clock;
  /** Unix milliseconds at which `clock` was 0 (`performance.timeOrigin`): sender reports carry the time of day. */
  epoch: number;
  primitives: Primitives;
  dtls: DtlsCrypto;
  srtp: SrtpCrypto;
  certificate: LocalCertificate;
  /** From a phone leg's socket. An address to which nothing can be sent is the driver's to swallow. */
  send(socket: SocketName, packet: Uint8Array, length: number, address: string, port: number): void;
  /** From the port of all WebRTC legs. A `path` that `pathValid` has told is the same object; another is a check's answer. */
  sendMux(path: IcePath, packet: Uint8Array, length: number): void;
  /** The peer has proved to be there: a socket connected to it may take it over. `path` is the same object until `pathGone`. */
  pathValid(path: IcePath): void;
  pathGone(path: IcePath): void;
  /**
   * At a phone leg's socket nobody but this peer is listened to: it may be connected to it, so that the kernel drops what all
   * others send, and finds the way there once and not for each packet. Until `unsettled`.
   */
  settled(socket: SocketName, address: string, port: number): void;
  unsettled(socket: SocketName): void;
  event(event: RelayEvent): void;
}

export interface RelayOptions {
  /**
   * Milliseconds without anything authentic from a side of a confirmed call, of which something is expected, before `silent`.
   * Default 60 s.
   */
  mediaTimeout?: number;
  /** RTP packets a second that are taken from a peer on one transport, and at once. Default 5,000. */
  packetRate?: number;
}

/** Counters since the start. */
export interface RelayMetrics {
  /** RTP and RTCP sent on. */
  packets: number;
  octets: number;
  /** Not sent on, by reason (refused-packets.ts); only those above zero. */
  dropped: Readonly<Record<string, number>>;
}
