// What strangers can do to calls through the relay: nothing. Two phones of plain text with real RTP, and `media.policy: always`, so
// that all of it goes through us; the attacker has sockets of his own and knows every port.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { overTcp } from '../support/line.ts';
import { freePort } from '../support/ports.ts';
import { addressIn, RtpEndpoint } from '../support/rtp-endpoint.ts';
import { ScriptedPhone } from '../support/scripted-phone.ts';
import { bodyOf, type Dialog, header, status, User } from '../support/user.ts';

/** Calls that the port range below has room for: each has a pair of ports on either side. */
const ROOM = 4;
const SILENCE = 1500;

let server: Chappe;
let phones: ScriptedPhone[] = [];
let strangers: RtpEndpoint[] = [];

beforeAll(async () => {
  const first = 2 * Math.ceil((await freePort(4 * ROOM + 2)) / 2);
  server = await startChappe({
    config: {
      media: {
        listen: `127.0.0.1:${await freePort()}`,
        policy: 'always',
        rtp: { address: '127.0.0.1', ports: `${first}-${first + 4 * ROOM - 1}` },
      },
      limits: { media: { silence: SILENCE } },
    },
  });
});
afterEach(async () => {
  for (const stranger of strangers) stranger.close();
  for (const phone of phones) await phone.close();
  phones = [];
  strangers = [];
});
afterAll(() => server?.stop());

async function phone(name: string): Promise<ScriptedPhone> {
  const domain = server.ready.domain;
  const opened = await ScriptedPhone.open(server.sip('udp'), { name, domain }, (rtp) => ({
    line: '200 OK',
    body: rtp.sdp(),
  }));
  phones.push(opened);
  return opened;
}

async function stranger(address: string): Promise<RtpEndpoint> {
  const opened = await RtpEndpoint.open(address);
  strangers.push(opened);
  return opened;
}

interface Call {
  caller: ScriptedPhone;
  callee: ScriptedPhone;
  dialog: Dialog;
  /** Where each of the two is to send its sound. */
  toCaller: string;
  toCallee: string;
}

/** A call that is up, and in which nobody has said a word yet. */
async function call(caller: ScriptedPhone, callee: ScriptedPhone): Promise<Call> {
  const from = callee.mark();
  const outcome = caller.user.call(callee.user.address, { offer: caller.rtp.sdp() });
  const invite = await callee.incoming('INVITE', from);
  callee.user.answer(invite, '200 OK', { body: callee.rtp.sdp() });
  const { answer, dialog } = await outcome;
  if (!dialog) throw new Error(`no call: ${answer}`);
  return { caller, callee, dialog, toCaller: bodyOf(answer), toCallee: bodyOf(invite) };
}

async function hangUp({ caller, callee, dialog }: Call): Promise<void> {
  const from = callee.mark();
  const over = caller.user.within(dialog, 'BYE');
  callee.user.answer(await callee.incoming('BYE', from), '200 OK');
  await over;
  caller.rtp.silence();
  callee.rtp.silence();
}

/** How many of the packets that a phone has heard are forged. */
function forgedAt({ rtp }: ScriptedPhone, marker: number): number {
  return rtp.packets.filter(({ data }) => data.subarray(12).every((octet) => octet === marker)).length;
}

/** A packet of that stranger's, which can be told from any sound. */
function forged(sender: RtpEndpoint, marker: number): Buffer {
  return Buffer.concat([sender.packet(440).subarray(0, 12), Buffer.alloc(160, marker)]);
}

for (const address of ['127.0.0.2', '127.0.0.1']) {
  const who = address === '127.0.0.2' ? 'a stranger' : "another socket of the phone's own host";

  test(`what ${who} sends to a call in which both are heard is neither heard nor answered, and a flood of it stops nothing`, async () => {
    const up = await call(await phone('alice'), await phone('bob'));
    const { caller, callee } = up;
    caller.rtp.play(up.toCaller);
    callee.rtp.play(up.toCallee);
    await Promise.all([caller.rtp.hears(), callee.rtp.hears()]);
    const attacker = await stranger(address);
    const before = [caller.rtp.received, callee.rtp.received] as const;
    const started = performance.now();
    for (let round = 0; round < 100; round++) {
      for (let index = 0; index < 50; index++) {
        attacker.send(forged(attacker, 0x11), addressIn(up.toCaller));
        attacker.send(forged(attacker, 0x11), addressIn(up.toCallee));
      }
      await new Promise((resolve) => setImmediate(resolve));
    }
    const sure = caller.rtp.received + 25;
    await caller.rtp.until(() => caller.rtp.received > sure, 'sound after the flood');
    expect(forgedAt(caller, 0x11) + forgedAt(callee, 0x11)).toBe(0);
    expect(attacker.received).toBe(0);
    // 50 packets a second went on; half of them is what a busy machine may lose of a sender's own time.
    const expected = ((performance.now() - started) / 20) * 0.5;
    expect(caller.rtp.received - before[0]).toBeGreaterThan(expected);
    expect(callee.rtp.received - before[1]).toBeGreaterThan(expected);
    await hangUp(up);
  });
}

test('a stranger who is faster than the phone is neither heard nor answered, and the phone is heard after him', async () => {
  const up = await call(await phone('alice'), await phone('bob'));
  const { caller, callee } = up;
  const attacker = await stranger('127.0.0.2');
  caller.rtp.play(up.toCaller);
  await callee.rtp.hears();
  for (let index = 0; index < 200; index++) attacker.send(forged(attacker, 0x22), addressIn(up.toCallee));
  callee.rtp.play(up.toCallee);
  await caller.rtp.hears();
  expect(forgedAt(caller, 0x22)).toBe(0);
  expect(attacker.received).toBe(0);
  await hangUp(up);
});

test.each([
  ['5,000 formats', (sdp: string) => sdp.replace(/(m=audio.*)/, `$1 ${numbers(5000).join(' ')}`)],
  ['10,000 candidates', (sdp: string) => `${sdp}${numbers(10_000).map(candidate).join('')}`],
  ['a wrong version', (sdp: string) => sdp.replace('v=0', 'v=9')],
  ['an address that is none', (sdp: string) => sdp.replace(/c=.*/, `c=IN IP4 ${'1.'.repeat(3000)}1`)],
  ['a port beyond all', (sdp: string) => sdp.replace(/m=audio \d+/, 'm=audio 99999999999999999999')],
])('a description with %s is refused, nobody rings, and the next call works', async (_, spoil) => {
  const callee = await phone('bob');
  const from = callee.mark();
  const { host, port } = server.sip('tcp');
  const line = await overTcp(host, port);
  try {
    const user = new User(line, { name: 'alice', domain: server.ready.domain, password: 'alice-password' });
    const outcome = await Promise.race([
      user.call(callee.user.address, { offer: spoil(callee.rtp.sdp()) }).then(({ answer }) => status(answer)),
      line.closed.then(() => 'closed' as const),
    ]);
    if (outcome !== 'closed') expect([400, 413, 415, 488, 513]).toContain(outcome);
  } finally {
    line.close();
  }
  const caller = await phone('alice');
  const up = await call(caller, callee);
  expect(callee.user.line.received.slice(from).filter((text) => text.startsWith('INVITE '))).toHaveLength(1);
  await hangUp(up);
});

test('no port left: the call is refused with 486 or 503 and a reason; the next one has the ports of those that ended', async () => {
  const [caller, callee] = [await phone('alice'), await phone('bob')];
  const calls: Call[] = [];
  for (let index = 0; index < ROOM; index++) calls.push(await call(caller, callee));
  const { answer } = await caller.user.call(callee.user.address, { offer: caller.rtp.sdp() });
  expect([486, 503]).toContain(status(answer));
  expect(answer).toMatch(/^SIP\/2\.0 \d+ \S+/);
  for (const up of calls) await hangUp(up);
  // A port rests before it is used again, lest the last packets of one call be heard in the next.
  for (let index = 0; index < 10 * ROOM; index++) await hangUp(await call(caller, callee));
});

test('a call in which nobody is heard any more ends with BYE to both', async () => {
  const up = await call(await phone('alice'), await phone('bob'));
  const from = [up.caller.mark(), up.callee.mark()] as const;
  up.caller.rtp.play(up.toCaller);
  await up.callee.rtp.hears();
  up.caller.rtp.silence();
  const byes = await Promise.all([up.caller.incoming('BYE', from[0]), up.callee.incoming('BYE', from[1])]);
  up.caller.user.answer(byes[0], '200 OK');
  up.callee.user.answer(byes[1], '200 OK');
  for (const bye of byes) expect(header(bye, 'Reason')).not.toBe('');
});

function numbers(count: number): number[] {
  return Array.from({ length: count }, (_, index) => index);
}

function candidate(index: number): string {
  return `a=candidate:${index} 1 udp 2130706431 10.1.${index >> 8}.${index & 255} 9 typ host\r\n`;
}
