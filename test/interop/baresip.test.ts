// Two baresip phones, registered here over each transport, call each other. The SDP passes untouched, so that their media
// flows directly between them: sound at both ends is the proof.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Baresip } from '../support/baresip.ts';
import { testCertificate } from '../support/certificate.ts';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { describeWith } from '../support/peer.ts';

describeWith(['baresip'], 'baresip phones', () => {
  const folder = mkdtempSync(join(tmpdir(), 'chappe-tls-'));
  const certificate = { cert: join(folder, 'cert.pem'), key: join(folder, 'key.pem') };
  let server: Chappe;
  let phones: Baresip[] = [];

  beforeAll(async () => {
    const { cert, key } = testCertificate();
    writeFileSync(certificate.cert, cert);
    writeFileSync(certificate.key, key);
    server = await startChappe({
      config: { sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0', 'tls:127.0.0.1:0'], tls: certificate } },
    });
  });
  afterEach(async () => {
    await Promise.all(phones.map((phone) => phone.stop()));
    phones = [];
  });
  afterAll(async () => {
    await server?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  async function phone(
    name: string,
    transport: 'udp' | 'tcp' | 'tls',
    answer: 'auto' | 'manual' = 'manual',
  ): Promise<Baresip> {
    const started = await Baresip.start({
      name,
      password: `${name}-password`,
      domain: server.ready.domain,
      server: server.sip(transport).text,
      transport,
      answer,
      ...(transport === 'tls' ? { authority: certificate.cert } : {}),
    });
    phones.push(started);
    return started;
  }

  async function established(caller: Baresip, callee: Baresip): Promise<void> {
    const from = [caller.mark(), callee.mark()] as const;
    await caller.command('dial', `sip:${callee.name}@${server.ready.domain}`);
    await callee.event('CALL_INCOMING', from[1]);
    await callee.command('accept');
    await Promise.all([caller.event('CALL_ESTABLISHED', from[0]), callee.event('CALL_ESTABLISHED', from[1])]);
  }

  for (const transport of ['udp', 'tcp', 'tls'] as const) {
    test(`over ${transport.toUpperCase()} both hear each other, the caller holds and resumes, the callee hangs up`, async () => {
      const [alice, bob] = await Promise.all([phone('alice', transport), phone('bob', transport)]);
      await established(alice, bob);
      await Promise.all([alice.hears(1), bob.hears(1)]);

      let from = bob.mark();
      await alice.command('hold');
      await bob.event('CALL_REMOTE_SDP', from);
      from = bob.mark();
      await alice.command('resume');
      await bob.event('CALL_REMOTE_SDP', from);
      await Promise.all([alice.flows(), bob.flows()]);

      await bob.command('hangup');
      await Promise.all([alice.event('CALL_CLOSED'), bob.event('CALL_CLOSED')]);
      expect(alice.loudness()).toBeGreaterThan(1000);
      expect(bob.loudness()).toBeGreaterThan(1000);
    });
  }

  test('the callee holds and resumes, the caller hangs up', async () => {
    const [alice, bob] = await Promise.all([phone('alice', 'udp'), phone('bob', 'udp')]);
    await established(alice, bob);
    for (const action of ['hold', 'resume']) {
      const from = alice.mark();
      await bob.command(action);
      await alice.event('CALL_REMOTE_SDP', from);
    }
    await alice.command('hangup');
    await bob.event('CALL_CLOSED');
  });

  test('phones of different transports call each other', async () => {
    const [alice, bob, carol] = await Promise.all([phone('alice', 'udp'), phone('bob', 'tcp'), phone('carol', 'tls')]);
    for (const [caller, callee] of [
      [alice, bob],
      [bob, carol],
      [carol, alice],
    ] as const) {
      const from = [caller.mark(), callee.mark()] as const;
      await established(caller, callee);
      await caller.command('hangup');
      await Promise.all([caller.event('CALL_CLOSED', from[0]), callee.event('CALL_CLOSED', from[1])]);
    }
  });

  test('the caller gives up while it rings', async () => {
    const [alice, bob] = await Promise.all([phone('alice', 'udp'), phone('bob', 'tcp')]);
    await alice.command('dial', `sip:bob@${server.ready.domain}`);
    await bob.event('CALL_INCOMING');
    await alice.event('CALL_RINGING');
    await alice.command('hangup');
    await bob.event('CALL_CLOSED');
  });

  test('a call that is declined ends at the caller', async () => {
    const [alice, bob] = await Promise.all([phone('alice', 'tcp'), phone('bob', 'udp')]);
    await alice.command('dial', `sip:bob@${server.ready.domain}`);
    await bob.event('CALL_INCOMING');
    await bob.command('hangup');
    const closed = await alice.event('CALL_CLOSED');
    expect(closed.param).toMatch(/^(4|6)\d\d/);
  });
});
