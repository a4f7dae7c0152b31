// Mutated MESSAGE, PUBLISH and SUBSCRIBE against a server with messaging: none may make it throw, pass a bound, leave anything
// for ever, or keep a well-behaved client from being served. And mutated documents: they are read, or refused with a status.
import { expect, test } from 'vitest';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { readPidf } from '../../src/server/sip/messaging/documents/pidf.ts';
import { World } from '../scenarios/world.ts';
import { mutate, random } from '../support/mutation.ts';

const PIDF =
  '<?xml version="1.0"?><presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model" xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:alice@example.test"><tuple id="t"><status><basic>open</basic></status><contact priority="0.8">sip:a@b</contact><note>hello</note></tuple><dm:person id="p"><rpid:activities><rpid:busy/></rpid:activities></dm:person></presence>';
const CPIM =
  'From: <im:alice@example.test>\r\nNS: imdn <urn:ietf:params:imdn>\r\nimdn.Message-ID: 1\r\nimdn.Disposition-Notification: display\r\n\r\nContent-Type: text/plain\r\n\r\nhello';
const IMDN =
  'From: <im:alice@example.test>\r\n\r\nContent-Type: message/imdn+xml\r\n\r\n<imdn xmlns="urn:ietf:params:xml:ns:imdn"><message-id>1</message-id><delivery-notification><status><delivered/></status></delivery-notification></imdn>';
const COMPOSING =
  '<?xml version="1.0"?><isComposing xmlns="urn:ietf:params:xml:ns:im-iscomposing"><state>active</state></isComposing>';

const BODIES: Array<[method: string, fields: string, body: string]> = [
  ['MESSAGE', 'Content-Type: text/plain;charset=utf-8\r\nSubject: s\r\nContent-Language: en\r\n', 'h\xc3\xbcllo'],
  ['MESSAGE', 'Content-Type: message/cpim\r\n', CPIM],
  ['MESSAGE', 'Content-Type: message/cpim\r\n', IMDN],
  ['MESSAGE', 'Content-Type: application/im-iscomposing+xml\r\n', COMPOSING],
  ['PUBLISH', 'Event: presence\r\nExpires: 60\r\nContent-Type: application/pidf+xml\r\n', PIDF],
  ['PUBLISH', 'Event: presence\r\nSIP-If-Match: 0123456789abcdef\r\n', ''],
  ['SUBSCRIBE', 'Event: presence\r\nExpires: 60\r\nAccept: application/pidf+xml\r\n', ''],
  ['SUBSCRIBE', 'Event: dialog;id=7\r\n', ''],
  ['SUBSCRIBE', 'Event: message-summary\r\nExpires: 0\r\n', ''],
  ['SUBSCRIBE', 'Event: presence\r\nSupported: eventlist\r\n', ''],
];
const LIMITS = { subscriptionsPerWatcher: 20, publicationsPerAccount: 5, natKeepAlive: 0 };

function request([method, fields, body]: (typeof BODIES)[number], to: string, n: number): string {
  return `${method} sip:${to}@example.test SIP/2.0\r\nVia: SIP/2.0/WS alice.invalid;branch=z9hG4bKq${n}\r\nMax-Forwards: 69\r\nTo: <sip:${to}@example.test>\r\nFrom: <sip:alice@example.test>;tag=t${n}\r\nCall-ID: c${n}\r\nCSeq: 1 ${method}\r\nContact: <sip:alice@alice.invalid;transport=ws>\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`;
}

test('Mutated messages, publications and subscriptions never disturb the server', async () => {
  const next = random(Number(process.env['FUZZ_SEED'] ?? 20261123));
  const world = new World({ messaging: true, limits: LIMITS });
  await world.start();
  world.messaging?.allow('bob', 'alice', 'yes');
  const identity = (name: string) => ({ name, account: true, admin: false });
  let attacker = world.flow('ws', undefined, identity('alice'));
  const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 4000);
  for (let n = 1; n <= rounds; n++) {
    if (!attacker.open) {
      expect([1008, 1009, undefined]).toContain(attacker.closed?.code);
      attacker = world.flow('ws', undefined, identity('alice'));
    }
    const kind = BODIES[Math.floor(next() * BODIES.length)]!;
    const to = kind[0] === 'PUBLISH' ? 'alice' : ['bob', 'alice', 'contacts', 'nobody'][Math.floor(next() * 4)]!;
    const text = request(kind, to, n);
    world.deliver(attacker, next() < 0.2 ? text : mutate(text, next));
    if (n % 20 === 0) await new Promise((resolve) => setImmediate(resolve));
    attacker.received.length = 0;
    world.pass(Math.floor(next() * 300));
    const { subscriptions, publications } = world.server.metrics();
    expect(subscriptions).toBeLessThanOrEqual(LIMITS.subscriptionsPerWatcher + 20); // those of one turn of the loop
    expect(publications).toBeLessThanOrEqual(LIMITS.publicationsPerAccount);
  }
  // A client that does nothing wrong is served.
  const bob = world.flow('ws', undefined, identity('bob'));
  world.deliver(
    bob,
    request(BODIES[6]!, 'bob', 0).replaceAll('sip:alice@example', 'sip:bob@example').replace('c0', 'bobs'),
  );
  await new Promise((resolve) => setImmediate(resolve));
  expect(bob.received[0]).toMatch(/^SIP\/2\.0 200 /);
  expect(bob.received[1]).toMatch(/^NOTIFY /);
  // And nothing stays.
  world.pass(3_700_000);
  expect(world.server.metrics()).toMatchObject({
    subscriptions: 0,
    publications: 0,
    clientTransactions: 0,
    serverTransactions: 0,
    contexts: 0,
  });
  expect(world.messaging?.presences.of('alice')).toEqual([]);
  world.server.close();
  expect(world.faults).toEqual([]);
});

test('Mutated presence documents are read or refused, within their bounds', () => {
  const next = random(Number(process.env['FUZZ_SEED'] ?? 20261123) + 1);
  for (let n = 0; n < Number(process.env['FUZZ_ROUNDS'] ?? 4000); n++) {
    try {
      const { tuples, activities, note } = readPidf(mutate(PIDF, next));
      expect(tuples.length).toBeLessThanOrEqual(20);
      expect(activities.length).toBeLessThanOrEqual(10);
      expect(note?.length ?? 0).toBeLessThanOrEqual(500);
    } catch (error) {
      expect(error).toBeInstanceOf(ProtocolError);
      expect([400, 413]).toContain((error as ProtocolError).answer.status);
    }
  }
});
