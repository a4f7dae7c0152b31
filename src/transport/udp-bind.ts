// UDP sockets bound and connected without a turn of the event loop between. For sockets made with `literalLookup`: Node then
// has nothing to wait for (bindSync does the same, but only since Node 24.19).
import type { Socket } from 'node:dgram';
import type { Endpoint } from './flow.ts';

/** Throws the system's error. */
export function bindNow(socket: Socket, { address, port }: Endpoint): void {
  let failure: unknown;
  const fail = (error: Error) => {
    failure = error;
  };
  socket.on('error', fail);
  socket.bind({ address, port, exclusive: true });
  socket.off('error', fail);
  if (failure !== undefined) throw failure;
  socket.address(); // throws where it is not bound yet
}

/** The socket is bound. Throws when that peer cannot be reached from its address. */
export function connectNow(socket: Socket, { address, port }: Endpoint): void {
  socket.connect(port, address);
  socket.remoteAddress(); // throws where it is not connected yet
}

/**
 * Binds a socket so that others of this process, which come later, may be bound to its address beside it (SO_REUSEPORT),
 * where the system has that: else as usual, and `reusable` is false. The address must be free now: SO_REUSEPORT by itself
 * would let two servers of one user share a port, each hearing a part of what comes. Throws the system's error.
 */
export function bindReusably(
  create: (reusePort: boolean) => Socket,
  { address, port }: Endpoint,
): { socket: Socket; reusable: boolean } {
  const probe = bound(create(false), { address, port });
  const at = { address, port: probe.address().port };
  probe.close();
  try {
    return { socket: bound(create(true), at), reusable: true };
  } catch {
    return { socket: bound(create(false), at), reusable: false };
  }
}

function bound(socket: Socket, at: Endpoint): Socket {
  try {
    bindNow(socket, at);
    return socket;
  } catch (error) {
    socket.on('error', ignore).close();
    throw error;
  }
}

function ignore(): void {}
