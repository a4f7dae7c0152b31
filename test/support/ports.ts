// Free ports on loopback for peers that cannot be told "any port". A port is asked of the kernel and never given twice here.
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';

const given = new Set<number>();

/** A port that is free for both UDP and TCP (and `span - 1` ports after it, for programs that take RTP pairs). */
export async function freePort(span = 1): Promise<number> {
  for (let attempt = 0; attempt < 200; attempt++) {
    // Below the ephemeral range, so that no outgoing connection takes it before the peer binds it.
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    const range = Array.from({ length: span }, (_, index) => port + index);
    if (range.some((candidate) => given.has(candidate))) continue;
    const free = await Promise.all(range.map(isFree));
    if (!free.every(Boolean)) continue;
    for (const candidate of range) given.add(candidate);
    return port;
  }
  throw new Error('no free port found');
}

async function isFree(port: number): Promise<boolean> {
  return (await tcpFree(port)) && (await udpFree(port));
}

async function tcpFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return (server.address() as AddressInfo).port === port;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

async function udpFree(port: number): Promise<boolean> {
  const socket = createSocket('udp4');
  try {
    socket.bind(port, '127.0.0.1');
    await once(socket, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    socket.close();
  }
}
