// A way to a server that a test can cut, as a network does: neither side is told, connections are just gone.
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export interface Cuttable {
  port: number;
  /** Ends what is connected, and says how many ends that were; nobody gets through until it is mended. */
  cut(): number;
  mend(): void;
  close(): void;
}

/** A free port of loopback that leads to that one. */
export async function cuttable(port: number): Promise<Cuttable> {
  const ends = new Set<Socket>();
  let whole = true;
  const server = createServer((near) => {
    if (!whole) {
      near.destroy();
      return;
    }
    const far = connect(port, '127.0.0.1');
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      ends.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        ends.delete(one);
        other.destroy();
      });
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    cut() {
      whole = false;
      const { size } = ends;
      for (const end of ends) end.resetAndDestroy();
      return size;
    },
    mend() {
      whole = true;
    },
    close() {
      server.close();
      for (const end of ends) end.destroy();
    },
  };
}
