// A relaying thread's side of a port that all WebRTC legs share: its socket belongs to the signalling thread, by way of
// which datagrams come and go until the thread has a socket of its own on the same port, connected to the browser: the
// kernel then gives that browser's datagrams to nobody else. A hop between threads costs as much as all the rest.
//
// It takes SO_REUSEPORT, and a bind and a connect without a turn of the event loop between them: bound but not connected, a
// socket gets a share of everybody's datagrams. The few that arrive there meanwhile are handed back. Where the system has no
// such option (macOS, Windows) datagrams go by the signalling thread for ever.
import type { Socket } from 'node:dgram';
import { checkUsername } from '../../../protocol/ice/check.ts';
import type { IcePath } from '../../../protocol/ice/lite-options.ts';
import { BINDING } from '../../../protocol/stun/message.ts';
import { isChannelData } from '../../../protocol/turn/channel-data.ts';
import { bindNow, connectNow } from '../../../transport/udp-bind.ts';
import { createMediaSocket, MediaSocket, senderOf } from './media-socket.ts';
import type { PacketRing } from './packet-ring.ts';
import type { FromThread, SharedAddress } from './thread-messages.ts';

/** RFC 8489 section 5: the bits of a message type; none of the class is a request. */
const METHOD = 0x3eef;
const CLASS = 0x0110;

interface TakenPath {
  path: IcePath;
  /** Undefined: not taken over (yet). */
  socket: MediaSocket | undefined;
  /** Once is enough. */
  tried: boolean;
}

export interface SharedPathsOptions {
  ring: PacketRing;
  /** Sockets at most: the kernel looks through all those of one port for each datagram. */
  takeovers: number;
  tell: (message: FromThread) => void;
  receive: (local: string, datagram: Uint8Array, address: string, port: number) => void;
}

export class SharedPaths {
  /** Where the shared ports are to which other sockets may be bound, by the name they have in paths. */
  readonly ports = new Map<string, SharedAddress>();
  private readonly options: SharedPathsOptions;
  private readonly paths = new Map<IcePath, TakenPath>();
  /** By path: a check's answer has a path object of its own. */
  private readonly sockets = new Map<string, MediaSocket>();

  constructor(options: SharedPathsOptions) {
    this.options = options;
  }

  valid(path: IcePath): void {
    this.paths.set(path, { path, socket: undefined, tried: false });
    const { local, address, port } = path;
    this.options.tell({ type: 'valid', local, address, port });
  }

  gone(path: IcePath): void {
    const { local, address, port } = path;
    const taken = this.paths.get(path);
    this.paths.delete(path);
    if (taken?.socket !== undefined) {
      this.sockets.delete(keyOf(path));
      taken.socket.close();
    }
    this.options.tell({ type: 'gone', local, address, port });
  }

  send(path: IcePath, packet: Uint8Array, length: number): void {
    const { local, address, port } = path;
    const known = this.paths.get(path);
    // What is no check's answer is sent to the pair in use alone: that is the one to be taken over.
    // This packet still goes the way of the check's answer before it, lest it overtake it: a browser drops what comes earlier.
    const first = known !== undefined && !known.tried;
    if (first) this.takeOver(known);
    const socket = first ? undefined : known === undefined ? this.sockets.get(keyOf(path)) : known.socket;
    if (socket !== undefined) socket.send(packet, length, address, port);
    else this.options.tell({ type: 'send', local, octets: new Uint8Array(packet.subarray(0, length)), address, port });
  }

  close(): void {
    for (const { socket } of this.paths.values()) socket?.close();
    this.paths.clear();
    this.sockets.clear();
  }

  private takeOver(taken: TakenPath): void {
    const { path } = taken;
    const { local, address, port } = path;
    const at = this.ports.get(local);
    taken.tried = true;
    if (at === undefined || this.sockets.size >= this.options.takeovers) return;
    const socket = connectedTo(at, address, port);
    if (socket === undefined) return;
    const { ring, receive, tell } = this.options;
    taken.socket = new MediaSocket(socket, ring, true, (datagram, from) => {
      const sender = senderOf(from);
      if (sender.port === port && sender.address === address && !isForServer(datagram))
        receive(local, datagram, address, port);
      else tell({ type: 'stray', local, octets: datagram, ...sender });
    });
    this.sockets.set(keyOf(path), taken.socket);
  }
}

function keyOf({ local, address, port }: IcePath): string {
  return `${local} ${address} ${port}`;
}

/**
 * The port may be STUN's and TURN's as well (RFC 7983), and the browser a client of theirs by the same socket: that is no
 * matter of its call.
 */
export function isForServer(datagram: Uint8Array): boolean {
  const first = datagram[0] ?? 0xff;
  if (first > 3) return isChannelData(first);
  const type = (first << 8) | (datagram[1] ?? 0);
  if ((type & METHOD) !== BINDING) return true;
  return (type & CLASS) === 0 && checkUsername(datagram) === undefined;
}

/** Undefined: it cannot be had (no descriptors left, say), and the datagrams keep going the other way. */
function connectedTo(at: SharedAddress, address: string, port: number): Socket | undefined {
  const socket = createMediaSocket(at.address, { reusePort: true, bothFamilies: true });
  try {
    bindNow(socket, at);
    connectNow(socket, { address, port });
    return socket;
  } catch {
    socket.on('error', () => {});
    socket.close();
    return undefined;
  }
}
