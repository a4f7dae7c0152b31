// The server's end: killed without warning, nothing that was acknowledged is lost; asked to end, calls get their time.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { type Chappe, runChappe, secret, startChappe } from '../support/chappe.ts';
import { type Line, overUdp, overWebSocket } from '../support/line.ts';
import { freePort } from '../support/ports.ts';
import { browserDescription } from '../support/relay-descriptions.ts';
import { type Dialog, header, lineWithCredential, status, User } from '../support/user.ts';

const domain = 'example.test';
let server: Chappe | undefined;
const lines: Line[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const line of lines.splice(0)) line.close();
  await server?.stop();
  server = undefined;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

function dataFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'chappe-data-'));
  folders.push(folder);
  return folder;
}

async function atWebSocket(name: string): Promise<User> {
  const line = await lineWithCredential(server!.ready.ws, secret, name);
  lines.push(line);
  const user = new User(line, { name, domain });
  expect(status(await user.register())).toBe(200);
  return user;
}

async function atUdp(name: string, password = `${name}-password`): Promise<User> {
  const line = await overUdp('127.0.0.1', server!.sip('udp').port);
  lines.push(line);
  return new User(line, { name, domain, password });
}

async function killed(): Promise<void> {
  server!.program.kill('SIGKILL');
  await server!.program.exited;
}

describe('kill -9', () => {
  test('a UDP phone that had its 200 is reached after the restart, without registering again', async () => {
    const data = dataFolder();
    const config = { sip: { listen: [`udp:127.0.0.1:${await freePort()}`] } };
    server = await startChappe({ config, data });
    const bob = await atUdp('bob');
    expect(status(await bob.register())).toBe(200);
    await killed(); // the very moment the 200 is here

    server = await startChappe({ config, data });
    const alice = await atWebSocket('alice');
    const answer = alice.message(bob.address, 'still there?');
    const message = await bob.incoming('MESSAGE');
    bob.answer(message, '200 OK');
    expect(status(await answer)).toBe(200);
  });

  test('a phone that had unregistered is not rung after the restart', async () => {
    const data = dataFolder();
    const config = { sip: { listen: [`udp:127.0.0.1:${await freePort()}`] } };
    server = await startChappe({ config, data });
    const bob = await atUdp('bob');
    expect(status(await bob.register())).toBe(200);
    expect(status(await bob.register(0))).toBe(200);
    await killed();

    server = await startChappe({ config, data });
    const alice = await atWebSocket('alice');
    expect(status(await alice.message(bob.address, 'hello?'))).toBe(202); // kept for when he comes
  });

  test('an account whose addition was acknowledged signs in after the restart; a running server knows it at once', async () => {
    const data = dataFolder();
    server = await startChappe({ data });
    for (const name of ['zoe', 'yann', 'xavier']) {
      const added = await runChappe(
        ['account', 'add', name, '--config', server.config, '--data', data, '--password-stdin'],
        `${name}-password\n`,
      );
      expect(added.code, added.output).toBe(0);
      expect(status(await (await atUdp(name)).register())).toBe(200);
      await killed();
      server = await startChappe({ data });
      expect(status(await (await atUdp(name)).register())).toBe(200);
      expect([401, 403]).toContain(status(await (await atUdp(name, 'wrong')).register()));
    }
  });
});

describe('SIGTERM', () => {
  async function inCall(): Promise<{ alice: User; bob: User; calling: Dialog; called: Dialog }> {
    const [alice, bob] = [await atWebSocket('alice'), await atWebSocket('bob')];
    const outcome = alice.call(bob.address);
    const invite = await bob.incoming('INVITE');
    const called = bob.answer(invite, '200 OK');
    const calling = (await outcome).dialog!;
    await bob.incoming('ACK');
    return { alice, bob, calling, called };
  }

  test('ends at once with code 0 when no call is up, and closes WebSockets with 1012', async () => {
    server = await startChappe({ config: { drain: '30s' } });
    const alice = await atWebSocket('alice');
    const start = performance.now();
    server.program.kill('SIGTERM');
    expect(await alice.line.closed).toBe('1012');
    expect(await server.program.exited).toBe(0);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test('while a call is up new work is refused, the call ends in its own time, and then so does the server', async () => {
    server = await startChappe({ config: { drain: '30s', media: { policy: 'never' } } });
    const { alice, bob, calling } = await inCall();
    const other = await lineWithCredential(server.ready.ws, secret, 'carol');
    lines.push(other);
    const carol = new User(other, { name: 'carol', domain });
    server.program.kill('SIGTERM');
    await server.program.waitFor(/draining/);

    const refused = await carol.call(bob.address);
    expect(status(refused.answer)).toBe(503);
    expect(header(refused.answer, 'Retry-After')).not.toBe('');
    expect(status(await alice.message(bob.address, 'one more thing'))).toBe(503);
    await expect(overWebSocket(server.ready.ws).then((line) => line.closed))
      .resolves.toBe('1012')
      .catch(() => {
        // refused at the handshake (503) or not accepted at all: as good
      });

    const bye = alice.within(calling, 'BYE');
    bob.answer(await bob.incoming('BYE'), '200 OK');
    expect(status(await bye)).toBe(200);
    const start = performance.now();
    expect(await server.program.exited).toBe(0);
    expect(performance.now() - start).toBeLessThan(3000);
  });

  test('a call that does not end gets as long as `drain` says', async () => {
    server = await startChappe({ config: { drain: '1500ms', media: { policy: 'never' } } });
    const { alice } = await inCall();
    const start = performance.now();
    server.program.kill('SIGTERM');
    expect(await alice.line.closed).toBe('1012');
    expect(await server.program.exited).toBe(0);
    const took = performance.now() - start;
    expect(took).toBeGreaterThan(1400);
    expect(took).toBeLessThan(5000);
  });

  test('a call whose media is relayed cannot outlive it: both sides have a BYE, by UDP and by WebSocket', async () => {
    server = await startChappe({ config: { drain: '500ms' } });
    const [alice, bob] = [await atWebSocket('alice'), await atUdp('bob')];
    await bob.register();
    const outcome = bob.call(alice.address);
    const invite = await alice.incoming('INVITE');
    expect(invite).toContain('UDP/TLS/RTP/SAVPF');
    alice.answer(invite, '200 OK', { body: browserDescription({ setup: 'active' }) });
    expect(status((await outcome).answer)).toBe(200);
    await alice.incoming('ACK');
    server.program.kill('SIGTERM');
    for (const user of [alice, bob]) expect(header(await user.incoming('BYE'), 'Reason')).toContain('cause=503');
    expect(await server.program.exited).toBe(0);
  });
});
