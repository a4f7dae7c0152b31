// Streams that say anything in any order, rightly and wrongly, are cut off and come back: no fault of ours, no session that is not
// its owner's, nothing that somebody acknowledged twice, and nothing left running once all have gone.
import { expect, test } from 'vitest';
import { parseElement } from '../../src/protocol/xmpp/tokenizer.ts';
import { random } from '../support/mutation.ts';
import { DOMAIN, type FakeConnection, StreamWorld } from '../support/stream-world.ts';

const RUNS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 300);
const SM = 'urn:xmpp:sm:3';
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const plain = (name: string, password: string) => Buffer.from(`\0${name}\0${password}`).toString('base64');
const PIECES = [
  `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${DOMAIN}' version='1.0'/>`,
  `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${DOMAIN}' version='1.0'/>`,
  `<close xmlns='urn:ietf:params:xml:ns:xmpp-framing'/>`,
  `<auth xmlns='${SASL}' mechanism='PLAIN'>${plain('alice', 'alice-password')}</auth>`,
  `<auth xmlns='${SASL}' mechanism='PLAIN'>${plain('bob', 'bob-password')}</auth>`,
  `<auth xmlns='${SASL}' mechanism='PLAIN'>${plain('alice', 'wrong')}</auth>`,
  `<auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>biwsbj1hbGljZSxyPWFiYw==</auth>`,
  `<auth xmlns='${SASL}' mechanism='SCRAM-SHA-1'/>`,
  `<response xmlns='${SASL}'>Yz1iaXdzLHI9YWJjLHA9YWJj</response>`,
  `<response xmlns='urn:xmpp:sasl:2'>=</response>`,
  `<abort xmlns='${SASL}'/>`,
  `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>${plain('alice', 'alice-password')}</initial-response><user-agent id='c'/><bind xmlns='urn:xmpp:bind:0'><tag>t</tag><enable xmlns='${SM}' resume='1'/></bind><request-token xmlns='urn:xmpp:fast:0' mechanism='HT-SHA-256-NONE'/></authenticate>`,
  `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='HT-SHA-256-NONE'><initial-response>YWxpY2UAYWJj</initial-response><user-agent id='c'/></authenticate>`,
  `<authenticate xmlns='urn:xmpp:sasl:2'/>`,
  `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`,
  `<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>one</resource></bind></iq>`,
  `<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>&#x200;\t</resource></bind></iq>`,
  `<iq xmlns='jabber:client' type='get'/>`,
  `<enable xmlns='${SM}' resume='true'/>`,
  `<enable xmlns='${SM}'/>`,
  `<r xmlns='${SM}'/>`,
  `<a xmlns='${SM}' h='1'/>`,
  `<a xmlns='${SM}' h='-1'/>`,
  `<a xmlns='${SM}'/>`,
  `<resume xmlns='${SM}' previd='ID' h='0'/>`,
  `<resume xmlns='${SM}' previd='ID' h='1'/>`,
  `<resume xmlns='${SM}'/>`,
  `<inactive xmlns='urn:xmpp:csi:0'/>`,
  `<active xmlns='urn:xmpp:csi:0'/>`,
  `<message xmlns='jabber:client' to='bob@${DOMAIN}'><body>x</body></message>`,
  `<message xmlns='jabber:client' from='bob@${DOMAIN}' to='bob@${DOMAIN}'/>`,
  `<presence xmlns='jabber:client'/>`,
  `<message`,
  `<x xmlns='urn:x'/>`,
];
/** What a login needs, so that most streams come further than their first word. */
const USUAL = [PIECES[0], PIECES[3], PIECES[0], PIECES[15], PIECES[18]] as string[];
const AGAIN = [PIECES[0], PIECES[3], PIECES[0], PIECES[24]] as string[];

const PRESENCE = parseElement(`<presence xmlns='jabber:client' from='bob@${DOMAIN}/x'/>`);

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('streams at random', async () => {
  let resumed = 0;
  for (let seed = 1; seed <= RUNS; seed++) {
    const next = random(seed);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
    const world = await StreamWorld.make({ attempts: 50, failuresPerName: 1_000, failuresPerAddress: 1_000 });
    const connections: FakeConnection[] = [];
    const resumable: string[] = ['nothing'];
    const settle: Array<() => void> = [];
    world.router.promise = () =>
      next() < 0.5 ? undefined : new Promise<void>((resolve) => settle.push(() => resolve()));
    for (let step = 0; step < 60; step++) {
      const what = next();
      if (connections.length === 0 || what < 0.08) {
        const connection = world.connect();
        connections.push(connection);
        if (next() < 0.8)
          for (const text of next() < 0.5 ? USUAL : AGAIN) connection.say(text.replace('ID', resumable.at(-1) ?? ''));
      } else if (what < 0.13) pick(connections).cut();
      else if (what < 0.2) world.clock.advance(Math.floor(next() * 40_000));
      else if (what < 0.3) settle.splice(0, 1 + Math.floor(next() * 3)).forEach((done) => void done());
      else if (what < 0.4)
        for (const session of [...world.router.bound.values()]) session.send(world.router.received.at(-1) ?? PRESENCE);
      else {
        const connection = pick(connections);
        if (connection.open) connection.say(pick(PIECES).replace('ID', pick(resumable)));
      }
      await turn();
      for (const { written } of connections)
        for (const text of written.splice(0)) {
          const id = /<enabled [^>]*\bid='([^']+)'/.exec(text)?.[1];
          if (id !== undefined) resumable.push(id);
        }
    }
    expect(world.faults, `seed ${seed}`).toEqual([]);
    for (const { attributes } of world.router.received)
      expect(attributes['from'], `seed ${seed}`).toMatch(/^(alice|bob)@example\.test\//);
    for (const done of settle) done();
    for (const connection of connections) connection.cut();
    for (let i = 0; i < 10; i++) await turn();
    world.clock.advance(1_000_000);
    expect(world.router.bound.size, `seed ${seed}`).toBe(0);
    expect(world.streams.sessions.size, `seed ${seed}`).toBe(0);
    expect(world.clock.pending, `seed ${seed}`).toBe(0);
    const log = world.router.log;
    resumed += world.streams.counters.resumptions;
    expect(log.filter((line) => line.startsWith('bound')).length, `seed ${seed}`).toBe(
      log.filter((line) => line.startsWith('ended')).length,
    );
  }
  expect(resumed).toBeGreaterThan(RUNS / 10);
}, 120_000);
