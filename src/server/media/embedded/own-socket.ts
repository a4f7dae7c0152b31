// A port of all WebRTC legs that is not TURN's. It answers plain STUN too, as every port of this server does.
import type { Endpoint } from '../../../transport/flow.ts';
import { plainAddress } from '../../../transport/flow.ts';
import type { StunResponder } from '../../../transport/udp.ts';
import { bindReusably } from '../../../transport/udp-bind.ts';
import { DatagramSender } from '../../turn/udp-port.ts';
import { createMediaSocket } from './media-socket.ts';
import type { SharedPort, SharedSocket } from './shared-port.ts';

/** Of all calls together, for as long as the threads have not taken them over. */
const RECEIVE_BUFFER = 4 * 1024 * 1024;

/** Throws the system's error when the address cannot be bound. */
export function listenForMedia(
  at: Endpoint,
  port: SharedPort,
  stun: StunResponder,
): SharedSocket & { close(): Promise<void> } {
  const { socket, reusable } = bindReusably(
    (reusePort) => createMediaSocket(at.address, { reusePort, bothFamilies: true, receiveBuffer: RECEIVE_BUFFER }),
    at,
  );
  const sender = new DatagramSender(socket);
  const receive = (datagram: Uint8Array, remote: string, remotePort: number): void => {
    if (remotePort === 0 || datagram.length === 0 || port.receive(datagram, remote, remotePort)) return;
    const answer = stun(datagram, { address: remote, port: remotePort });
    if (answer !== undefined) sender.send(answer, remotePort, remote);
  };
  socket.on('message', (datagram, from) => receive(datagram, from.address, from.port));
  socket.on('error', () => {}); // an ICMP message, say
  const { address, port: number } = socket.address();
  let closed: Promise<void> | undefined;
  return {
    endpoint: { address: plainAddress(address), port: number },
    reusable,
    receive,
    send: (octets, remotePort, remote) => sender.send(octets, remotePort, remote),
    close() {
      closed ??= new Promise((resolve) => socket.close(() => resolve()));
      return closed;
    },
  };
}
