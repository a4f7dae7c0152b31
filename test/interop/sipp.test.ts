// SIPp's phones register and call through the server over UDP and TCP, with digest credentials.
// TLS is not here: Debian's SIPp 3.6 is built without it (its banner says SCTP-PCAP-RTPSTREAM); baresip covers TLS.
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chappe, secret, startChappe } from '../support/chappe.ts';
import { describeWith } from '../support/peer.ts';
import { runSipp, type SippUser, startSipp } from '../support/sipp.ts';
import { callee, caller, register } from '../support/sipp-scenarios.ts';
import { ephemeralCredential } from '../support/user.ts';

describeWith(['sipp'], 'SIPp phones', () => {
  let server: Chappe;
  beforeAll(async () => {
    // A scenario of SIPp's knows its own messages, and takes an OPTIONS for a failure.
    server = await startChappe({ config: { media: { probe: false } } });
  });
  afterAll(async () => {
    await server?.stop();
  });

  const account = (name: string): SippUser => ({ name, password: `${name}-password` });

  for (const transport of ['udp', 'tcp'] as const) {
    test(`200 registrations with digest over ${transport.toUpperCase()}`, async () => {
      const users = Array.from({ length: 50 }, (_, index) => {
        const name = `phone${index}`;
        return { name, ...ephemeralCredential(secret, name) };
      });
      const result = await runSipp({
        scenario: register(server.ready.domain),
        server: server.sip(transport).text,
        transport,
        users,
        calls: 200,
        socketPerCall: transport === 'tcp',
        rate: 100,
      });
      expect(result, result.errors).toMatchObject({ successful: 200, failed: 0 });
    });

    for (const bye of ['caller', 'callee'] as const) {
      test(`calls over ${transport.toUpperCase()} with a re-INVITE, the ${bye} hangs up`, async () => {
        const common = { server: server.sip(transport).text, transport };
        const domain = server.ready.domain;
        const answering = await startSipp({
          scenario: register(domain, { stay: 60_000 }),
          incoming: callee({ bye, reinvite: true }),
          ...common,
          users: [account('bob')],
          calls: 1,
        });
        await answering.registered();
        const result = await runSipp({
          scenario: caller(domain, { to: 'bob', reinvite: true, bye }),
          ...common,
          users: [account('alice'), account('carol')],
          // On one connection who has proved himself last is not asked again: whether alice is depends on carol's haste.
          socketPerCall: transport === 'tcp',
          calls: 50,
          rate: 25,
        });
        await answering.stop();
        expect(result, result.errors).toMatchObject({ successful: 50, failed: 0 });
      });
    }
  }
});
