import type { AddressInfo, Server, Socket } from 'node:net';
import { acceptFailed, type Endpoint, plainAddress } from '../../transport/flow.ts';

/** Binds; rejects with the system's error. `close` cuts what is connected. */
export function listenStream(
  server: Server,
  at: Endpoint,
  backlog: number,
): Promise<{ endpoint: Endpoint; close(): Promise<void> }> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ host: at.address, port: at.port, backlog }, () => {
      server.off('error', reject);
      server.on('error', acceptFailed);
      const { address, port } = server.address() as AddressInfo;
      resolve({
        endpoint: { address: plainAddress(address), port },
        close: () => {
          for (const socket of sockets) socket.destroy();
          return new Promise((closed) => void server.close(() => closed()));
        },
      });
    });
  });
}
