import { expect, test } from 'vitest';
import { MsrpWorld, type RawPeer } from '../../../test/support/msrp-world.ts';

const ALICE = 'msrp://a.invalid:2855/alice;ws';
const BOB = 'msrp://b.invalid:2855/bob;ws';

function two(world = new MsrpWorld()) {
  const [alice, bob] = [world.connect('alice'), world.connect('bob')];
  const [a, b] = [alice.auth(ALICE), bob.auth(BOB)];
  alice.frames.length = 0;
  bob.frames.length = 0;
  return { world, alice, bob, a, b };
}

function send(peer: RawPeer, toPath: string, from: string, more = '', body = 'hello', id = 's001', flag = '$') {
  peer.send(
    `MSRP ${id} SEND\nTo-Path: ${toPath}\nFrom-Path: ${from}\nMessage-ID: m1\n${more}Content-Type: text/plain\n\n${body}\n-------${id}${flag}\n`,
  );
}

test('AUTH is challenged, and granted to whoever has an identity', () => {
  const world = new MsrpWorld();
  const stranger = world.connect();
  stranger.auth(ALICE);
  expect(stranger.frames[0]?.head.status).toBe(401);
  expect(stranger.frames[0]?.head.get('WWW-Authenticate')).toContain('Digest');
  const alice = world.connect('alice');
  const use = alice.auth(ALICE);
  expect(use).toMatch(/^msrp:\/\/relay\.test:2855\/[a-z0-9]{26};tcp$/);
  expect(alice.frames[0]?.head.get('Expires')).toBe('900');
  expect(alice.auth(ALICE)).toBe(use); // prolonged
  expect(alice.auth('msrp://a.invalid:2855/second;ws')).not.toBe(use);
});

test('times out of bounds are 423 with the bound', () => {
  const alice = new MsrpWorld().connect('alice');
  alice.auth(ALICE, 'Expires: 5\n');
  expect([alice.frames[0]?.head.status, alice.frames[0]?.head.get('Min-Expires')]).toEqual([423, '60']);
  alice.auth(ALICE, 'Expires: 99999\n');
  expect([alice.frames[1]?.head.status, alice.frames[1]?.head.get('Max-Expires')]).toEqual([423, '3600']);
  alice.auth(ALICE, 'Expires: soon\n');
  expect(alice.frames[2]?.head.status).toBe(400);
});

test('a use ends with its time, and no later than the credential', () => {
  const { world, alice, bob, a, b } = two();
  world.clock.advance(901_000);
  send(alice, `${a} ${b} ${BOB}`, ALICE);
  expect(alice.statuses()).toEqual([481]);
  expect(bob.frames).toEqual([]);
  const carol = world.connect('carol', 'message', 1000);
  carol.auth(ALICE);
  expect(carol.frames[0]?.head.get('Expires')).toBe('99');
});

test('a chunk passes both uses: popped from To-Path, prepended to From-Path, answered hop by hop', () => {
  const { alice, bob, a, b } = two();
  send(alice, `${a} ${b} ${BOB}`, ALICE, 'Success-Report: yes\nByte-Range: 1-5/5\n');
  expect(alice.statuses()).toEqual([200]);
  expect(alice.frames[0]?.head.toPath).toEqual([ALICE]);
  expect(alice.frames[0]?.head.fromPath).toEqual([a]);
  const [got] = bob.received('SEND');
  expect(got?.head.toPath).toEqual([BOB]);
  expect(got?.head.fromPath).toEqual([b, a, ALICE]);
  expect(got?.head.transaction).not.toBe('s001');
  expect(got?.head.fields).toEqual([
    ['Message-ID', 'm1'],
    ['Success-Report', 'yes'],
    ['Byte-Range', '1-5/5'],
    ['Content-Type', 'text/plain'],
  ]);
  expect([got?.body, got?.flag]).toEqual(['hello', '$']);
  // The success report goes the way back, and nobody answers it.
  bob.send(
    `MSRP r001 REPORT\nTo-Path: ${b} ${a} ${ALICE}\nFrom-Path: ${BOB}\nMessage-ID: m1\nByte-Range: 1-5/5\nStatus: 000 200 OK\n`,
  );
  expect(alice.received('REPORT')[0]?.head.get('Status')).toBe('000 200 OK');
  expect(bob.statuses()).toEqual([]);
});

test('chunks are cut to 10,000 octets with their ranges, whatever came', () => {
  const { alice, bob, a, b } = two();
  send(alice, `${a} ${b} ${BOB}`, ALICE, 'Byte-Range: 101-*/60000\n', 'x'.repeat(50_000), 's002', '+');
  const got = bob.received('SEND');
  expect(got.every(({ octets }) => octets <= 10_000)).toBe(true);
  expect(got.length).toBeGreaterThan(4);
  expect(got.map(({ flag }) => flag)).toEqual(got.map(() => '+'));
  expect(got[0]?.head.get('Byte-Range')).toBe(`101-${100 + (got[0]?.body?.length ?? 0)}/60000`);
  expect(got.at(-1)?.head.byteRange.end).toBe(50_100);
  expect(got.map(({ body }) => body).join('')).toBe('x'.repeat(50_000));
  expect(alice.statuses()).toEqual([200]); // one answer to one chunk
});

test('a chunk without an end streams through a stream connection and is never held', () => {
  const world = new MsrpWorld();
  const { bob, b } = two(world);
  const peer = world.connect(undefined, 'stream');
  peer.raw(
    Buffer.from(
      `MSRP s003 SEND\r\nTo-Path: ${b} ${BOB}\r\nFrom-Path: msrp://p.test:1/p;tcp\r\nMessage-ID: big\r\nByte-Range: 1-*/*\r\nContent-Type: a/b\r\n\r\n`,
    ),
  );
  for (let i = 0; i < 100; i++) peer.raw(Buffer.alloc(4096, 120));
  const octets = bob.received('SEND').reduce((sum, { body }) => sum + (body?.length ?? 0), 0);
  expect(octets).toBeGreaterThan(390_000);
  expect(peer.link.waitingOctets).toBe(0);
  peer.raw(Buffer.from('\r\n-------s003#\r\n'));
  expect(bob.received('SEND').at(-1)?.flag).toBe('#');
  expect(peer.statuses()).toEqual([200]);
});

test('whoever is not the owner of a use cannot send by it', () => {
  const { world, alice, bob, a, b } = two();
  const mallory = world.connect('mallory');
  mallory.auth('msrp://m.invalid:2855/m;ws');
  mallory.frames.length = 0;
  send(mallory, `${a} ${b} ${BOB}`, ALICE); // in her name
  send(mallory, `${a} ${b} ${BOB}`, 'msrp://m.invalid:2855/m;ws'); // in his own
  send(mallory, `msrp://relay.test:2855/guess;tcp ${BOB}`, 'msrp://m.invalid:2855/m;ws');
  send(mallory, `${a}`, 'msrp://m.invalid:2855/m;ws');
  send(mallory, 'msrp://elsewhere.test:2855/x;tcp msrp://y.test:1/y;tcp', 'msrp://m.invalid:2855/m;ws');
  expect(mallory.statuses()).toEqual([506, 403, 481, 481, 481]);
  // The owner in another's name behind her own.
  send(mallory, `${mallory.auth('msrp://m.invalid:2855/m;ws')} ${b} ${BOB}`, `msrp://m.invalid:2855/m;ws ${ALICE}`);
  expect(mallory.statuses().at(-1)).toBe(403);
  // The owner herself, but to somebody who is not there, or past the owner of the other use.
  send(alice, `${a} msrp://10.0.0.1:2855/x;tcp`, ALICE);
  send(alice, `${a} ${b} msrp://10.0.0.1:2855/x;tcp`, ALICE);
  send(alice, `${a} ${b}`, ALICE);
  expect(alice.statuses()).toEqual([403, 403, 481]);
  expect(world.events.some(({ type }) => type === 'connect')).toBe(false);
  expect(bob.frames).toEqual([]);
});

test('what is refused is not answered when no failure report is wanted, and a REPORT never is', () => {
  const { alice, a } = two();
  send(alice, `${a} msrp://10.0.0.1:2855/x;tcp`, ALICE, 'Failure-Report: no\n');
  alice.send(
    `MSRP r002 REPORT\nTo-Path: ${a} msrp://10.0.0.1:2855/x;tcp\nFrom-Path: ${ALICE}\nMessage-ID: m\nStatus: 000 200 OK\n`,
  );
  expect(alice.frames).toEqual([]);
});

test('Failure-Report says what is answered: nothing for no, refusals alone for partial', () => {
  const { alice, bob, a, b } = two();
  bob.answers = false;
  send(alice, `${a} ${b} ${BOB}`, ALICE, 'Failure-Report: no\n');
  send(alice, `${a} ${b} ${BOB}`, ALICE, 'Failure-Report: partial\n', 'two');
  expect(alice.frames).toEqual([]);
  const [no, partial] = bob.received('SEND');
  bob.respond(no!.head, '413 Stop');
  bob.respond(partial!.head, '413 Stop');
  expect(alice.received('REPORT').map(({ head }) => [head.get('Status'), head.get('Byte-Range')])).toEqual(
    [['000 413 Stop Sending', '1-3']].map(([s]) => [s, '1-3/*']),
  );
});

test('no answer of the next hop in 30 s is reported as 408', () => {
  const { world, alice, bob, a, b } = two();
  bob.answers = false;
  send(alice, `${a} ${b} ${BOB}`, ALICE, 'Byte-Range: 1-5/5\n');
  world.clock.advance(10_000);
  send(alice, `${a} ${b} ${BOB}`, ALICE, 'Byte-Range: 1-5/5\n', 'later', 's009');
  world.clock.advance(19_999);
  expect(alice.received('REPORT')).toEqual([]);
  world.clock.advance(1);
  const [report] = alice.received('REPORT');
  expect(report?.head.get('Status')).toBe('000 408 Request Timeout');
  expect(report?.head.toPath).toEqual([ALICE]);
  expect(report?.head.fromPath).toEqual([a]);
  expect([report?.head.get('Message-ID'), report?.head.get('Byte-Range')]).toEqual(['m1', '1-5/5']);
  world.clock.advance(10_000);
  expect(alice.received('REPORT').length).toBe(2);
});

test('a refusal of the next hop, and its end, are reported', () => {
  const { alice, bob, a, b } = two();
  bob.answers = false;
  send(alice, `${a} ${b} ${BOB}`, ALICE);
  bob.respond(bob.received('SEND')[0]!.head, '413 Stop Sending');
  send(alice, `${a} ${b} ${BOB}`, ALICE);
  bob.close();
  send(alice, `${a} ${b} ${BOB}`, ALICE);
  expect(alice.received('REPORT').map(({ head }) => head.get('Status'))).toEqual([
    '000 413 Stop Sending',
    '000 481 No Such Session',
  ]);
  expect(alice.statuses()).toEqual([200, 200, 481]);
});

test('a slow reader stops whoever sends to it, and nobody else', () => {
  const { world, alice, bob, a, b } = two();
  const carol = world.connect('carol');
  const CAROL = 'msrp://c.invalid:2855/carol;ws';
  const c = carol.auth(CAROL);
  bob.deaf = true;
  for (let i = 0; i < 60; i++) send(alice, `${a} ${b} ${BOB}`, ALICE, '', 'x'.repeat(9000), `t${i}abc`);
  expect(world.events.filter(({ type }) => type === 'pause').length).toBe(1);
  expect(alice.statuses().length).toBe(1); // the rest is not answered before it went on
  send(alice, `${a} ${c} ${CAROL}`, ALICE, '', 'quick', 'quick1');
  expect(carol.received('SEND').map(({ body }) => body)).toEqual(['quick']);
  bob.hear();
  expect(bob.received('SEND').length).toBe(60);
  expect(alice.statuses().length).toBe(61);
  expect(world.events.filter(({ type }) => type === 'resume').length).toBe(1);
  expect(alice.link.waitingOctets).toBe(0);
});

test('a reader that takes nothing for 30 s is cut, and those who wait are told', () => {
  const { world, alice, bob, a, b } = two();
  bob.deaf = true;
  bob.answers = false;
  for (let i = 0; i < 3; i++) send(alice, `${a} ${b} ${BOB}`, ALICE, '', 'x', `t${i}abc`);
  world.clock.advance(29_999);
  expect(bob.closed).toBeUndefined();
  world.clock.advance(1);
  expect(bob.closed).toBe(1013);
  expect(alice.statuses()).toEqual([200, 481, 481]);
  expect(alice.received('REPORT').length).toBe(1);
});

test('two sessions to one slow reader share it alike', () => {
  const { world, alice, bob, a, b } = two();
  const carol = world.connect('carol');
  const CAROL = 'msrp://c.invalid:2855/carol;ws';
  const c = carol.auth(CAROL);
  bob.deaf = true;
  for (let i = 0; i < 10; i++) send(alice, `${a} ${b} ${BOB}`, ALICE, '', `a${i}`, `t${i}abc`);
  for (let i = 0; i < 3; i++) send(carol, `${c} ${b} ${BOB}`, CAROL, '', `c${i}`, `t${i}abc`);
  bob.hear();
  const order = bob.received('SEND').map(({ body }) => body);
  expect(order.slice(0, 7)).toEqual(['a0', 'a1', 'c0', 'a2', 'c1', 'a3', 'c2']);
});

test('unanswered chunks are bounded: the rest waits', () => {
  const { alice, bob, a, b } = two(new MsrpWorld({ limits: { unanswered: 4 } }));
  bob.answers = false;
  for (let i = 0; i < 10; i++) send(alice, `${a} ${b} ${BOB}`, ALICE, '', `x${i}`, `t${i}abc`);
  expect(bob.received('SEND').length).toBe(4);
  bob.respond(bob.received('SEND')[0]!.head);
  expect(bob.received('SEND').length).toBe(5);
});

test('a peer without a use reaches one by its URI, and is answered on its connection', () => {
  const { world, bob, b } = two();
  const peer = world.connect(undefined, 'stream');
  const PEER = 'msrp://192.0.2.7:9000/p;tcp';
  send(peer, `${b} ${BOB}`, PEER);
  expect(bob.received('SEND')[0]?.head.fromPath).toEqual([b, PEER]);
  send(bob, `${b} ${PEER}`, BOB, '', 'back');
  expect(peer.received('SEND')[0]?.body).toBe('back');
  // Another connection cannot take its URI while it lives.
  const other = world.connect(undefined, 'stream');
  send(other, `${b} ${BOB}`, PEER);
  expect(other.statuses()).toEqual([506]);
  peer.close();
  send(other, `${b} ${BOB}`, PEER);
  expect(other.statuses()).toEqual([506, 200]);
});

test('only an allowed peer is connected to, once for all sessions', () => {
  const { world, alice, bob, a, b } = two(
    new MsrpWorld({ allows: ({ host, port }) => host === 'other.test' && port === 2856 }),
  );
  send(alice, `${a} msrp://other.test:2856/s.1;tcp msrp://z.test:1/z;tcp`, ALICE);
  send(bob, `${b} msrp://other.test:2856/s.2;tcp msrp://z.test:1/z;tcp`, BOB);
  send(bob, `${b} msrp://other.test:2857/s.2;tcp msrp://z.test:1/z;tcp`, BOB);
  const connects = world.events.filter((event) => event.type === 'connect');
  expect(connects.length).toBe(1);
  expect(bob.statuses()).toEqual([403]);
  const other = world.peers.get(connects[0]!.link)!;
  expect(other.frames).toEqual([]);
  other.hear();
  expect(other.received('SEND').length).toBe(2);
  expect(alice.statuses()).toEqual([200]);
  // It is gone: what follows opens another.
  other.close();
  send(alice, `${a} msrp://other.test:2856/s.1;tcp msrp://z.test:1/z;tcp`, ALICE);
  expect(world.events.filter(({ type }) => type === 'connect').length).toBe(2);
});

test('a message over the quota is 413, at its head or where it passes it', () => {
  const { alice, bob, a, b } = two(new MsrpWorld({ limits: { messageBytes: 20_000 } }));
  send(alice, `${a} ${b} ${BOB}`, ALICE, 'Byte-Range: 1-5/20001\n');
  send(alice, `${a} ${b} ${BOB}`, ALICE, 'Byte-Range: 1-*/*\n', 'x'.repeat(30_000), 's007');
  expect(alice.statuses()).toEqual([413, 413]);
  expect(bob.received('SEND').reduce((sum, { body }) => sum + (body?.length ?? 0), 0)).toBeLessThanOrEqual(20_000);
});

test('uses are bounded for a connection and for an account', () => {
  const world = new MsrpWorld({ limits: { usesPerConnection: 2, usesPerAccount: 3 } });
  const [one, two] = [world.connect('alice'), world.connect('alice')];
  for (let i = 0; i < 3; i++) one.auth(`msrp://a.invalid:1/${i};ws`);
  for (let i = 0; i < 2; i++) two.auth(`msrp://b.invalid:1/${i};ws`);
  expect([one.statuses(), two.statuses()]).toEqual([
    [200, 200, 403],
    [200, 403],
  ]);
  one.close();
  two.auth('msrp://b.invalid:1/9;ws');
  expect(two.statuses().at(-1)).toBe(200);
});

test('a connection that does nothing, or is refused again and again, is closed', () => {
  const { world, alice, a } = two();
  const idle = world.connect('idle');
  world.clock.advance(59_999);
  expect(idle.closed).toBeUndefined();
  world.clock.advance(1);
  expect(idle.closed).toBe(1008);
  for (let i = 0; i < 40; i++)
    alice.send(`MSRP t${i}abc SEND\nTo-Path: ${a} msrp://no.test:1/x;tcp\nFrom-Path: ${ALICE}\nMessage-ID: m${i}\n`);
  expect(alice.closed).toBe(1008);
  expect(alice.statuses().length).toBe(33);
});

test('a file whose receiver has left, and sessions that end now and then, cost nobody his connection', () => {
  const { alice, bob, a, b } = two();
  // All that was on its way when the receiver left.
  for (let i = 0; i < 200; i++) send(alice, `${a} msrp://no.test:1/x;tcp`, ALICE, '', 'x', `t${i}abc`, '+');
  expect(alice.closed).toBeUndefined();
  for (let i = 0; i < 100; i++) {
    alice.send(`MSRP u${i}abc SEND\nTo-Path: ${a} msrp://no.test:1/x;tcp\nFrom-Path: ${ALICE}\nMessage-ID: m${i}\n`);
    send(alice, `${a} ${b} ${BOB}`, ALICE, '', 'x', `v${i}abc`);
  }
  expect(alice.closed).toBeUndefined();
  expect(bob.received('SEND').length).toBe(100);
});

test('a WebSocket message holds one whole frame', () => {
  const { world, a } = two();
  const text = `MSRP s001 REPORT\r\nTo-Path: ${a} x\r\n`;
  const half = world.connect('half');
  half.raw(Buffer.from(text));
  expect(half.closed).toBe(1007);
  const double = world.connect('double');
  const frame =
    'MSRP d93kswow 200 OK\r\nTo-Path: msrp://a:1/x;tcp\r\nFrom-Path: msrp://b:2/y;tcp\r\n-------d93kswow$\r\n';
  double.raw(Buffer.from(frame + frame));
  expect(double.closed).toBe(1007);
});

test('an unknown method is 501, a SEND without a Message-ID 400', () => {
  const { alice, a, b } = two();
  alice.send(`MSRP n001 NICKNAME\nTo-Path: ${a} ${b} ${BOB}\nFrom-Path: ${ALICE}\nUse-Nickname: "x"\n`);
  alice.send(`MSRP n002 SEND\nTo-Path: ${a} ${b} ${BOB}\nFrom-Path: ${ALICE}\n`);
  alice.send(`MSRP n003 SEND\nTo-Path: ${a} ${b} ${BOB}\nFrom-Path: ${ALICE}\nMessage-ID: m\nByte-Range: 5-1/2\n`);
  expect(alice.statuses()).toEqual([501, 400, 400]);
});

test('an AUTH of another relay, or for one behind us, is refused', () => {
  const alice = new MsrpWorld().connect('alice');
  alice.send(`MSRP n001 AUTH\nTo-Path: msrp://relay.test:2855;ws msrp://behind.test:2855;tcp\nFrom-Path: ${ALICE}\n`);
  alice.send(`MSRP n002 AUTH\nTo-Path: msrp://relay.test:2855;ws\nFrom-Path: msrp://r.test:2855/x;tcp ${ALICE}\n`);
  expect(alice.statuses()).toEqual([403, 403]);
});
