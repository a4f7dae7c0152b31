// What is looked at of the machine, as an argument: tests give each fault by hand.
import { createSocket } from 'node:dgram';
import { lookup, resolveSrv } from 'node:dns/promises';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { access, constants, readdir, stat, statfs } from 'node:fs/promises';
import { createServer, isIPv6 } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { plainAddress } from '../../transport/flow.ts';
import type { Listen } from '../configuration/listen.ts';
import { pingRtpengine } from './rtpengine-ping.ts';
import { openWire, type Wire, type WireTarget } from './wire.ts';

export interface FolderState {
  /** Undefined: there is no such folder. */
  mode: number | undefined;
  /** It, or the folder in which it would be made, can be written. */
  writable: boolean;
  /** Octets free for us. */
  free: number;
  /** Its files: permissions, and when they were written (milliseconds since 1970). */
  files: Array<{ name: string; mode: number; modified: number }>;
}

export interface System {
  /** Milliseconds since 1970. */
  now(): number;
  nodeVersion: string;
  /** Of a small file; undefined: it is not there, or may not be read. */
  read(path: string): string | undefined;
  folder(path: string): Promise<FolderState>;
  interfaces(): Array<{ address: string; internal: boolean }>;
  /** Addresses of a host name, as every program here sees them; none: it has none. */
  lookup(name: string): Promise<string[]>;
  /** `target:port` of SRV records. */
  services(name: string): Promise<string[]>;
  /** Tries to listen there. The system's error code; undefined: it can be done. */
  bind(at: Listen): Promise<string | undefined>;
  /** How late a timer is in this process, in milliseconds: the worst of some. */
  timerDelay(): Promise<number>;
  open(target: WireTarget): Promise<Wire>;
  /** Whether the rtpengine at that ng URL answers. */
  pingRtpengine(url: string): Promise<boolean>;
  /** The version of the PostgreSQL that answers there; rejects with why it does not. */
  postgresVersion(url: string): Promise<string>;
}

export const hostSystem: System = {
  postgresVersion: async (url) => (await import('../../storage/postgres/ping.ts')).postgresVersion(url),
  now: Date.now,
  nodeVersion: process.versions.node,
  read(path) {
    try {
      return readFileSync(path, 'utf8');
    } catch {
      return undefined;
    }
  },
  async folder(path) {
    const found = await stat(path).catch(() => undefined);
    const there = found === undefined ? join(path, '..') : path;
    const writable = await access(there, constants.W_OK).then(
      () => true,
      () => false,
    );
    const space = await statfs(there).catch(() => undefined);
    const names = found === undefined ? [] : await readdir(path).catch(() => []);
    const files = await Promise.all(
      names.slice(0, 100).map(async (name) => {
        const file = await stat(join(path, name)).catch(() => undefined);
        return { name, mode: file?.mode ?? 0, modified: file?.mtimeMs ?? 0 };
      }),
    );
    const free = space === undefined ? Number.POSITIVE_INFINITY : space.bavail * space.bsize;
    return { mode: found?.mode, writable, free, files };
  },
  interfaces: () =>
    Object.values(networkInterfaces())
      .flatMap((each) => each ?? [])
      .map(({ address, internal }) => ({ address: plainAddress(address), internal })),
  async lookup(name) {
    return (await lookup(name, { all: true }).catch(() => [])).map(({ address }) => address);
  },
  async services(name) {
    return (await resolveSrv(name).catch(() => [])).map((each) => `${each.name}:${each.port}`);
  },
  bind: (at) => (at.transport === 'udp' ? bindUdp(at) : bindTcp(at)),
  async timerDelay() {
    let worst = 0;
    for (let i = 0; i < 10; i++) {
      const due = performance.now() + 20;
      await delay(20);
      worst = Math.max(worst, performance.now() - due);
    }
    return worst;
  },
  open: openWire,
  pingRtpengine,
};

async function bindTcp({ address, port }: Listen): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ host: address, port });
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    server.close();
  }
}

async function bindUdp({ address, port }: Listen): Promise<string | undefined> {
  const socket = createSocket(isIPv6(address) ? 'udp6' : 'udp4');
  try {
    socket.bind(port, address);
    await once(socket, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  } finally {
    socket.close();
  }
}
