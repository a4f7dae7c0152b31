// Mutated messages of real conversations, against a whole SipServer: none may make it throw, close a flow for a fault of
// ours, leave something running for ever, or keep a well-behaved client from being served.
import { expect, test } from 'vitest';
import { World } from '../scenarios/world.ts';
import { mutate, random } from '../support/mutation.ts';

function register(user: string, n: number): string {
  return `REGISTER sip:example.test SIP/2.0\r\nVia: SIP/2.0/WS ${user}.invalid;branch=z9hG4bKr${user}${n}\r\nMax-Forwards: 69\r\nTo: <sip:${user}@example.test>\r\nFrom: "A" <sip:${user}@example.test>;tag=r${user}\r\nCall-ID: r${user}${n}\r\nCSeq: ${n} REGISTER\r\nContact: <sip:${user}@${user}.invalid;transport=ws>;+sip.instance="<urn:uuid:${user}>";reg-id=1;expires=600\r\nSupported: path, gruu, outbound\r\nContent-Length: 0\r\n\r\n`;
}

function request(method: string, user: string, n: number, extra = ''): string {
  return `${method} sip:bob@example.test SIP/2.0\r\nVia: SIP/2.0/WS ${user}.invalid;branch=z9hG4bKq${n};rport\r\nMax-Forwards: 69\r\n${extra}To: <sip:bob@example.test>\r\nFrom: <sip:${user}@example.test>;tag=t${n}\r\nCall-ID: c${n}\r\nCSeq: 1 ${method}\r\nContact: <sip:${user}@${user}.invalid;transport=ws>\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello`;
}

/** What a callee would answer: the request's own fields. */
function answer(text: string, status: number): string {
  const fields = text
    .split('\r\n\r\n')[0]!
    .split('\r\n')
    .filter((line) => /^(?:Via|Record-Route|From|To|Call-ID|CSeq):/i.test(line))
    .map((line) => (/^To:/i.test(line) && !line.includes('tag=') ? `${line};tag=b` : line));
  return `SIP/2.0 ${status} X\r\n${fields.join('\r\n')}\r\nContact: <sip:bob@bob.invalid;transport=ws>\r\nContent-Length: 0\r\n\r\n`;
}

/** Later requests of the dialog, by the route set that came back. */
function inDialog(method: string, response: string, n: number): string {
  const field = (name: string) => new RegExp(`^${name}: *(.*)$`, 'im').exec(response)?.[1]?.trim() ?? '';
  const route = field('Record-Route');
  return `${method} sip:bob@bob.invalid;transport=ws SIP/2.0\r\nVia: SIP/2.0/WS a.invalid;branch=z9hG4bKd${n}\r\nMax-Forwards: 69\r\n${route === '' ? '' : `Route: ${route}\r\n`}To: ${field('To')}\r\nFrom: ${field('From')}\r\nCall-ID: ${field('Call-ID')}\r\nCSeq: 2 ${method}\r\nContent-Length: 0\r\n\r\n`;
}

/** Lets the stored bindings of UDP phones be answered. */
const stored = () => new Promise((resolve) => setImmediate(resolve));

const METHODS = ['INVITE', 'MESSAGE', 'OPTIONS', 'SUBSCRIBE', 'PUBLISH', 'REFER', 'NOTIFY', 'BYE', 'CANCEL', 'ACK'];

for (const required of [true, false]) {
  test(`Mutated messages never disturb the server (accounts ${required ? 'required' : 'not needed'})`, async () => {
    const next = random(Number(process.env['FUZZ_SEED'] ?? 20261123) + (required ? 0 : 1));
    const world = new World({ auth: { required, digest: ['SHA-256', 'MD5'] } });
    await world.start();
    const identity = (name: string) => ({ name, account: true, admin: false });
    let attacker = world.flow('ws', undefined, identity('alice'));
    let bob = world.flow('ws', undefined, identity('bob'));
    const carol = world.flow('ws', undefined, identity('carol'));
    const phone = world.udp({ address: '198.51.100.9', port: 5062 });
    let served = 0;
    const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 4000);
    for (let n = 1; n <= rounds; n++) {
      // A flow may be closed for what it did (1008), never for a fault.
      if (!attacker.open) {
        expect([1008, 1009, undefined]).toContain(attacker.closed?.code);
        attacker = world.flow('ws', undefined, identity('alice'));
      }
      if (!bob.open) bob = world.flow('ws', undefined, identity('bob'));
      if (n % 50 === 1) {
        world.deliver(bob, register('bob', n));
        world.deliver(attacker, register('alice', n));
        world.deliver(phone, register('bob', n));
      }
      const method = METHODS[Math.floor(next() * METHODS.length)]!;
      const text = next() < 0.2 ? register('alice', n) : request(method, 'alice', n);
      const from = next() < 0.2 ? phone : attacker;
      bob.received.length = 0;
      attacker.received.length = 0;
      const well = next() < 0.3;
      world.deliver(from, well ? text : mutate(text, next));
      const reached = bob.received.at(-1);
      if (reached !== undefined && !reached.startsWith('SIP/') && bob.open) {
        for (const status of [180, 200]) {
          const response = answer(reached, status);
          world.deliver(bob, next() < 0.6 ? response : mutate(response, next));
        }
        const back = attacker.received.at(-1);
        if (back?.startsWith('SIP/') && attacker.open) {
          for (const later of ['ACK', 'INFO', 'BYE']) {
            const dialog = inDialog(later, back, n);
            if (attacker.open) world.deliver(attacker, next() < 0.4 ? dialog : mutate(dialog, next));
          }
        }
      }
      if (n % 10 === 0) {
        await stored();
        world.pass(next() * 2000);
      }
      // Somebody else is served all the while.
      if (n % 100 === 0) {
        carol.received.length = 0;
        world.deliver(carol, register('carol', n));
        if (carol.received.some((answered) => answered.startsWith('SIP/2.0 200'))) served += 1;
        expect(carol.open).toBe(true);
      }
    }
    expect(served).toBe(Math.floor(rounds / 100));
    // All ends by its timers.
    await stored();
    world.pass(6 * 60_000); // Timer C, then a cancelled branch that says nothing, then timer H
    const metrics = world.server.metrics();
    expect(metrics).toMatchObject({ clientTransactions: 0, serverTransactions: 0, contexts: 0 });
    world.server.close();
    expect(world.clock.pending).toBe(0);
  });
}
