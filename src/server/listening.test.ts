import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { type Bound, ListenError, listenAll } from './listening.ts';

const open: Bound[] = [];
afterEach(async () => {
  for (const bound of open.splice(0)) await bound.close();
});

async function tcp({ address, port }: { address: string; port: number }): Promise<Bound> {
  const server = createServer().listen(port, address);
  await once(server, 'listening');
  const bound = {
    endpoint: { address, port: (server.address() as AddressInfo).port },
    close: () => new Promise<void>((resolve) => server.close(() => resolve())),
  };
  open.push(bound);
  return bound;
}

function options(ports: number[], configured: boolean, notices: string[] = []) {
  const entries = ports.map((port) => ({ address: '127.0.0.1', port }));
  const format = ({ port }: { port: number }) => `tcp:${port}`;
  return {
    key: 'web.listen',
    entries,
    configured,
    open: tcp,
    format,
    notice: (text: string) => void notices.push(text),
  };
}

test('a default port that is taken is replaced by the next free one, with a notice', async () => {
  const taken = (await tcp({ address: '127.0.0.1', port: 0 })).endpoint.port;
  const notices: string[] = [];
  const [bound] = await listenAll(options([taken], false, notices));
  expect(bound!.port.endpoint.port).toBeGreaterThan(taken);
  expect(notices).toEqual([
    expect.stringContaining(`port ${taken} is taken, using ${bound!.port.endpoint.port} instead`),
  ]);
});

test('ports that belong together move together', async () => {
  const taken = (await tcp({ address: '127.0.0.1', port: 0 })).endpoint.port;
  const bound = await listenAll(options([taken - 1, taken], false));
  expect(bound[1]!.port.endpoint.port - bound[0]!.port.endpoint.port).toBe(1);
});

test('a configured port that is taken is an error that names it', async () => {
  const taken = (await tcp({ address: '127.0.0.1', port: 0 })).endpoint.port;
  const failed = listenAll(options([taken], true));
  await expect(failed).rejects.toThrow(ListenError);
  await expect(failed).rejects.toThrow(`web.listen: tcp:${taken} is taken`);
});
