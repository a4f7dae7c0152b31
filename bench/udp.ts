// The same two servers under phones over UDP, by SIPp: each REGISTER and INVITE is challenged and answered with digest.
import { createHmac } from 'node:crypto';
import { freePort } from '../test/support/ports.ts';
import { runSipp, type SippResult, type SippUser, startSipp } from '../test/support/sipp.ts';
import { callee, caller, register } from '../test/support/sipp-scenarios.ts';
import type { Done } from './generator.ts';
import { generatorCore as cpu, type MeasuredServer } from './servers.ts';

export async function udpRegister(server: MeasuredServer, calls: number): Promise<Done> {
  const start = performance.now();
  const users = Array.from({ length: 200 }, (_, index) => ephemeral(server, `udp${index}`));
  const result = await runSipp({
    scenario: register(server.peer.domain),
    server: server.udp,
    users,
    calls,
    rate: 1500,
    limit: 200,
    cpu,
  });
  return done(result, start);
}

/** Registers the callee from the port it will answer on, then calls it. */
export async function udpCall(server: MeasuredServer, calls: number): Promise<Done> {
  const { domain } = server.peer;
  const port = await freePort();
  const answering = ephemeral(server, 'callee');
  const registered = await runSipp({
    scenario: register(domain),
    server: server.udp,
    users: [answering],
    port,
    calls: 1,
    cpu,
  });
  if (registered.successful !== 1)
    throw new Error(`the callee could not register at ${server.name}: ${registered.errors}`);
  const uas = await startSipp({ scenario: callee(), port, timeout: 300, cpu });
  const start = performance.now();
  const users = [ephemeral(server, 'caller')];
  const result = await runSipp({
    scenario: caller(domain, { to: 'callee' }),
    server: server.udp,
    users,
    calls,
    rate: 150,
    limit: 100,
    cpu,
  });
  await uas.stop();
  return done(result, start);
}

function done({ successful, failed, errors }: SippResult, start: number): Done {
  return {
    operations: successful,
    failures: failed,
    elapsed: performance.now() - start,
    lastFailure: errors.slice(0, 300),
    reasons: {},
  };
}

function ephemeral(server: MeasuredServer, name: string): SippUser {
  const username = `${Math.floor(Date.now() / 1000) + 3600}:${name}`;
  return { name, username, password: createHmac('sha1', server.peer.secret).update(username).digest('base64') };
}
