import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { AUDIO, browserDescription, phoneDescription } from '../../../../test/support/relay-descriptions.ts';
import { PEER_FINGERPRINT, type RelayPeer } from '../../../../test/support/relay-peer.ts';
import {
  BROWSER,
  connectBrowser,
  LOOPBACK,
  PHONE,
  SocketWorld,
  sendsTo,
  startDtls,
  until,
} from '../../../../test/support/socket-world.ts';
import { ProtocolError } from '../../../protocol/errors.ts';
import { parseDescription } from '../../../protocol/sdp/session-description.ts';
import type { MediaBranch, MediaParty } from '../engine.ts';

/** With bounds and ports as by default; what a test needs otherwise is a world of its own. */
let common: SocketWorld;
let world: SocketWorld;
beforeAll(async () => {
  common = await SocketWorld.open();
});
beforeEach(() => {
  world = common;
});
afterEach(async () => {
  if (world !== common) await world.close();
  await common.hangUp();
});
afterAll(() => common.close());

test('a browser that calls a phone with plain RTP: both hear each other', async () => {
  const [browser, phone] = [await world.peer(), await world.peer()];
  const branch = world.branch(BROWSER, PHONE);
  const offer = await branch.offer('caller', browserDescription());
  sendsTo(phone, offer);
  const answer = await branch.answer('callee', phoneDescription({ address: LOOPBACK, port: phone.port }));
  branch.confirm();
  await connectBrowser(browser, answer);
  browser.sendRtp({ payload: 'hello' });
  await until(() => phone.rtp.length > 0);
  phone.sendRtp({ payload: 'good day' });
  await until(() => browser.rtp.length > 0);
  expect([phone.heard, browser.heard]).toEqual([['hello'], ['good day']]);
  expect(await branch.close()).toMatchObject([
    { side: 'caller', received: { packets: 1 }, sent: { packets: 1 } },
    { side: 'callee', received: { packets: 1 }, sent: { packets: 1 } },
  ]);
  expect(world.logged).toEqual([]);
  expect(world.engine.metrics()).toMatchObject({ calls: 0, refused: 0, failed: 0 });
});

async function code(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
    return 'done';
  } catch (error) {
    if (!(error instanceof ProtocolError)) throw error;
    return `${error.code} ${error.answer.status}`;
  }
}

/** A browser and a phone that talk. */
async function talk(phoneParty: MediaParty = PHONE, account?: string) {
  const [browser, phone] = [await world.peer(), await world.peer()];
  const branch = world.branch(BROWSER, phoneParty, account);
  const offer = await branch.offer('caller', browserDescription());
  sendsTo(phone, offer);
  const description = phoneDescription({ address: LOOPBACK, port: phone.port, profile: phoneParty.profile });
  const answer = await branch.answer('callee', description);
  branch.confirm();
  await connectBrowser(browser, answer);
  return { browser, phone, branch, offer, answer, description };
}

async function hearEachOther(one: RelayPeer, other: RelayPeer): Promise<void> {
  const [before, after] = [one.rtp.length, other.rtp.length];
  one.sendRtp({ payload: 'to the other' });
  await until(() => other.rtp.length > after);
  other.sendRtp({ payload: 'to the one' });
  await until(() => one.rtp.length > before);
  expect([one.heard.at(-1), other.heard.at(-1)]).toEqual(['to the one', 'to the other']);
}

test('a phone that calls a browser, by SDES', async () => {
  const [phone, browser] = [await world.peer(), await world.peer()];
  const branch = world.branch({ profile: 'RTP/SAVP', address: LOOPBACK }, BROWSER);
  const own = phoneDescription({ address: LOOPBACK, port: phone.port, profile: 'RTP/SAVP' });
  const offer = await branch.offer('caller', own);
  const answer = await branch.answer('callee', browserDescription({ setup: 'active' }));
  branch.confirm();
  sendsTo(phone, answer).keyBySdes(own, answer);
  await connectBrowser(browser, offer);
  await hearEachOther(phone, browser);
});

test('a phone with DTLS-SRTP is offered actpass, and may begin before its answer is here', async () => {
  const [browser, phone] = [await world.peer(), await world.peer()];
  const branch = world.branch(BROWSER, { profile: 'UDP/TLS/RTP/SAVP', address: LOOPBACK });
  const offer = await branch.offer('caller', browserDescription());
  startDtls(sendsTo(phone, offer), offer);
  const more = [`a=fingerprint:sha-256 ${PEER_FINGERPRINT}`, 'a=setup:active', 'a=rtcp-mux'];
  const own = phoneDescription({ address: LOOPBACK, port: phone.port, profile: 'UDP/TLS/RTP/SAVP', more });
  const answer = await branch.answer('callee', own);
  branch.confirm();
  await connectBrowser(browser, answer);
  await until(() => phone.dtlsEvents.length > 0);
  await hearEachOther(browser, phone);
});

test('SDES offers have CM_80 first, and a phone is offered candidates of both components', async () => {
  const branch = world.branch(BROWSER, { profile: 'RTP/SAVP', address: LOOPBACK });
  const offer = await branch.offer('caller', browserDescription());
  const section = parseDescription(offer).media[0]!;
  expect(section.cryptos.map(({ suite }) => suite)).toEqual([
    'AES_CM_128_HMAC_SHA1_80',
    'AES_CM_128_HMAC_SHA1_32',
    'AEAD_AES_128_GCM',
  ]);
  expect(section.candidates.map(({ component, port }) => [component, port - section.port])).toEqual([
    [1, 0],
    [2, 1],
  ]);
  expect(section.port % 2).toBe(0);
});

test('a branch that is tried again has its own callee side and the same caller side', async () => {
  const [browser, phone] = [await world.peer(), await world.peer()];
  const call = world.call(BROWSER);
  const refused = call.branch({ profile: 'RTP/SAVP', address: LOOPBACK }, () => {});
  const first = await refused.offer('caller', browserDescription());
  const branch = call.branch(PHONE, () => {});
  const offer = await branch.offer('caller', browserDescription());
  expect(parseDescription(offer).media[0]!.port).not.toBe(parseDescription(first).media[0]!.port);
  await refused.close();
  const answer = await branch.answer('callee', phoneDescription({ address: LOOPBACK, port: phone.port }));
  branch.confirm();
  sendsTo(phone, offer);
  await connectBrowser(browser, answer);
  await hearEachOther(browser, phone);
});

test('a forked call: early media of both is heard, then only who was confirmed', async () => {
  const [browser, one, other] = [await world.peer(), await world.peer(), await world.peer()];
  const call = world.call(BROWSER);
  const answers: string[] = [];
  const branches = await Promise.all(
    [one, other].map(async (phone) => {
      const branch = call.branch(PHONE, () => {});
      sendsTo(phone, await branch.offer('caller', browserDescription()));
      answers.push(await branch.answer('callee', phoneDescription({ address: LOOPBACK, port: phone.port })));
      return branch;
    }),
  );
  // One caller's side: whichever answer the browser takes, it is the same transport.
  const iceOf = (text: string) => parseDescription(text).media[0]!.ice;
  expect(iceOf(answers[0]!)).toEqual(iceOf(answers[1]!));
  await connectBrowser(browser, answers[0]!);
  one.sendRtp({ payload: 'ringing' });
  await until(() => browser.heard.includes('ringing'));
  branches[1]!.confirm();
  await branches[0]!.close();
  await hearEachOther(browser, other);
  one.sendRtp({ payload: 'too late' });
  await hearEachOther(browser, other);
  expect(browser.heard).not.toContain('too late');
});

test('a branch that forks behind us: both answers come to the same ports, and the confirmed one is heard', async () => {
  const [browser, one, other] = [await world.peer(), await world.peer(), await world.peer()];
  const first = world.branch(BROWSER, PHONE);
  const offer = await first.offer('caller', browserDescription());
  const second = first.fork(() => {});
  for (const phone of [one, other]) sendsTo(phone, offer);
  const answer = await first.answer('callee', phoneDescription({ address: LOOPBACK, port: one.port }));
  await second.answer('callee', phoneDescription({ address: LOOPBACK, port: other.port }));
  await connectBrowser(browser, answer);
  first.confirm();
  await second.close();
  await hearEachOther(browser, one);
});

test('hold and resume keep the path; a refused offer changes nothing', async () => {
  const { browser, phone, branch, description, offer } = await talk();
  await hearEachOther(browser, phone);
  const held = browserDescription({ sections: [{ ...AUDIO, direction: 'sendonly' }] });
  const hold = await branch.offer('caller', held);
  expect(hold).toContain('a=sendonly');
  branch.reject();
  await hearEachOther(browser, phone);
  await branch.offer('caller', held);
  await branch.answer('callee', description.replace('sendrecv', 'recvonly'));
  const resumed = await branch.offer('caller', browserDescription());
  await branch.answer('callee', description);
  expect(parseDescription(resumed).media[0]!.port).toBe(parseDescription(offer).media[0]!.port);
  await hearEachOther(browser, phone);
});

test('an ICE restart has new credentials of ours, by which the browser comes from elsewhere', async () => {
  const { browser, phone, branch, description, answer } = await talk();
  await hearEachOther(browser, phone);
  await branch.offer('caller', browserDescription({ ufrag: 'again' }));
  const restarted = await branch.answer('callee', description);
  const [before, after] = [answer, restarted].map((text) => parseDescription(text).media[0]!.ice!.ufrag);
  expect(after).not.toBe(before);
  // The same association, on a path of its own.
  const roamed = await world.peer();
  sendsTo(roamed, restarted);
  roamed.check(restarted, { ufrag: 'again' });
  await until(() => roamed.stun.length > 0);
  roamed.sender = browser.sender;
  roamed.receiver = browser.receiver;
  roamed.sendRtp({ payload: 'from elsewhere', sequence: 500 });
  await until(() => phone.heard.includes('from elsewhere'));
  phone.sendRtp({ payload: 'there you are' });
  await until(() => roamed.heard.includes('there you are'));
});

test('a browser that restarts ICE for ever costs no more than one that did it a few times', async () => {
  world = await SocketWorld.open({ limits: { workers: 1 } });
  const branch = world.branch(BROWSER, PHONE);
  let answer = '';
  for (let i = 0; i < 50; i++) {
    await branch.offer('caller', browserDescription({ ufrag: `peer${i}` }));
    answer = await branch.answer('callee', phoneDescription({ address: LOOPBACK }));
  }
  expect(world.held().fragments).toBeLessThanOrEqual(8);
  const browser = sendsTo(await world.peer(), answer);
  browser.check(answer, { ufrag: 'peer49' });
  await until(() => browser.stun.length > 0);
  expect(browser.stun[0]?.class).toBe('success');
});

test("nobody hears a stranger's RTP, and it does not stop the true stream", async () => {
  const { browser, phone, branch } = await talk();
  await hearEachOther(browser, phone);
  const stranger = await world.peer();
  stranger.socket = phone.socket;
  for (let i = 0; i < 50; i++) stranger.sendRtp({ payload: 'injected', ssrc: 0x1000 + i });
  stranger.socket = browser.socket;
  for (let i = 0; i < 50; i++) stranger.sendRtp({ payload: 'injected', ssrc: 0x1000 + i });
  await hearEachOther(browser, phone);
  expect([...browser.heard, ...phone.heard]).not.toContain('injected');
  // The phone has a socket that the kernel gives nothing else to.
  const [, callee] = await branch.statistics();
  expect(callee!.dropped).toEqual({});
});

test('a phone that moves to another port by its own description is heard and answered there', async () => {
  const { browser, phone, branch } = await talk();
  await hearEachOther(browser, phone);
  const moved = await world.peer();
  moved.socket = phone.socket;
  await branch.offer('callee', phoneDescription({ address: LOOPBACK, port: moved.port }));
  await branch.answer('caller', browserDescription({ setup: 'passive' }));
  moved.sendRtp({ payload: 'I have moved', sequence: 500 });
  await until(() => browser.heard.includes('I have moved'));
  browser.sendRtp({ payload: 'so you have' });
  await until(() => moved.heard.includes('so you have'));
  moved.sendRtp({ payload: 'and stay', sequence: 501 });
  await until(() => browser.heard.includes('and stay'));
});

test('checks that are for nobody are refused, with a wrong password too', async () => {
  const { answer } = await talk();
  const stranger = sendsTo(await world.peer(), answer);
  stranger.check(answer.replace(/a=ice-ufrag:\S+/, 'a=ice-ufrag:nobody'));
  stranger.check(answer, { password: 'wrongpassword0123456789' });
  await until(() => stranger.stun.length === 2);
  expect(stranger.stun.map((message) => message.class)).toEqual(['error', 'error']);
});

test('no pair of ports left is 503, and counted; what a call gives back can be had again', async () => {
  world = await SocketWorld.open({ pairs: 2 });
  const branches = [world.branch(BROWSER, PHONE), world.branch(BROWSER, PHONE)];
  for (const branch of branches) await branch.offer('caller', browserDescription());
  const third = world.branch(BROWSER, PHONE);
  expect(await code(third.offer('caller', browserDescription()))).toBe('MEDIA_NO_PORTS 503');
  expect(world.engine.metrics()).toMatchObject({ calls: 3, refused: 1 });
  await branches[0]!.close();
  expect(await code(third.offer('caller', browserDescription()))).toBe('done');
});

test('a port that another program has is passed over', async () => {
  world = await SocketWorld.open({ pairs: 3 });
  const [one, other] = [createSocket('udp4'), createSocket('udp4')];
  const { first } = world.ports;
  // RTP of the first pair, RTCP of the second.
  one.bind(first, LOOPBACK);
  other.bind(first + 3, LOOPBACK);
  await Promise.all([once(one, 'listening'), once(other, 'listening')]);
  const offer = await world.branch(BROWSER, PHONE).offer('caller', browserDescription());
  expect(parseDescription(offer).media[0]!.port).toBe(first + 4);
  one.close();
  other.close();
});

test('calls over a bound are 503: of all, of one account', async () => {
  world = await SocketWorld.open({ limits: { calls: 3, callsPerAccount: 2 } });
  const offer = (account: string) => code(world.branch(BROWSER, PHONE, account).offer('caller', browserDescription()));
  expect([await offer('alice'), await offer('alice'), await offer('alice')]).toEqual([
    'done',
    'done',
    'MEDIA_TOO_MANY 503',
  ]);
  expect([await offer('bob'), await offer('bob')]).toEqual(['done', 'MEDIA_TOO_MANY 503']);
});

test('the ports of one account are bounded, however many sections its descriptions have', async () => {
  world = await SocketWorld.open({ limits: { portPairsPerAccount: 5 } });
  const [head, section] = phoneDescription({ address: LOOPBACK }).split(/(?=m=)/) as [string, string];
  const [first, second, other] = [0, 1, 2].map((i) => world.branch(PHONE, PHONE, i < 2 ? 'alice' : 'bob')) as [
    MediaBranch,
    MediaBranch,
    MediaBranch,
  ];
  await first.offer('caller', head + section.repeat(2));
  await expect(second.offer('caller', head + section)).rejects.toMatchObject({ answer: { status: 503 } });
  await other.offer('caller', head + section);
  await first.close();
  await second.offer('caller', head + section);
  await Promise.all([second.close(), other.close()]);
  expect(world.held().ports).toBe(0);
  expect(world.engine.phonePorts['byAccount'].size).toBe(0);
});

test('what cannot be carried has the answer of its protocol', async () => {
  const branch = world.branch(BROWSER, PHONE);
  expect(await code(branch.offer('caller', 'nonsense'))).toBe('SDP_SYNTAX 400');
  const many = browserDescription({ sections: Array(17).fill(AUDIO) });
  expect(await code(branch.offer('caller', many))).toBe('SDP_TOO_MANY 400');
  const data = browserDescription().replace('m=audio 9 UDP/TLS/RTP/SAVPF', 'm=application 9 UDP/DTLS/SCTP');
  expect(await code(branch.offer('caller', data))).toBe('SDP_NOT_ACCEPTABLE 488');
  expect(await code(branch.answer('callee', phoneDescription()))).toBe('SDP_ANSWER 488');
});

test('a thread that ends takes its calls along, and the next call has another one', async () => {
  world = await SocketWorld.open({ limits: { workers: 1 } });
  const { branch } = await talk();
  await world.killThread();
  await until(() => world.events.length > 0);
  expect(world.events).toMatchObject([{ type: 'failed' }]);
  expect(world.logged).toHaveLength(1);
  expect(await code(branch.offer('caller', browserDescription()))).toBe('MEDIA_GONE 503');
  expect(await branch.close()).toEqual([]);
  await until(() => world.threadIsReady);
  const { browser, phone } = await talk();
  await hearEachOther(browser, phone);
  expect(world.engine.metrics()).toMatchObject({ calls: 1, failed: 1 });
});

test('300 short calls leave nothing behind: no socket, no port, no fragment', async () => {
  const descriptors = () => readdirSync('/proc/self/fd').length;
  const short = async () => {
    const branch = world.branch(BROWSER, PHONE, 'alice');
    await branch.offer('caller', browserDescription());
    const fork = branch.fork(() => {});
    await Promise.all([branch, fork].map((each) => each.answer('callee', phoneDescription({ address: LOOPBACK }))));
    branch.confirm();
    await Promise.all([branch.close(), fork.close(), branch.close()]);
  };
  await short();
  const before = descriptors();
  for (let i = 0; i < 100; i++) await Promise.all([short(), short(), short()]);
  await until(() => descriptors() <= before);
  expect(world.held()).toEqual({ branches: 0, ports: 0, fragments: 0, paths: 0, calls: 0 });
});

test('a browser with Opus alone and a phone with PCMU alone hear each other, and beyond the bound nothing is added', async () => {
  world = await SocketWorld.open({ limits: { transcodedCalls: 1 } });
  const sections = [{ kind: 'audio', codecs: ['111 opus/48000/2'] }];
  const [browser, phone] = [await world.peer(), await world.peer()];
  const branch = world.branch(BROWSER, PHONE);
  const offer = await branch.offer('caller', browserDescription({ sections }));
  const own = phoneDescription({ address: LOOPBACK, port: phone.port, codecs: ['0 PCMU/8000'] });
  const answer = await branch.answer('callee', own);
  branch.confirm();
  sendsTo(phone, offer);
  await connectBrowser(browser, answer);
  phone.sendRtp({ payloadType: 0, payload: '\xff'.repeat(160) });
  await until(() => browser.rtp.length > 0);
  browser.sendRtp({ payloadType: 111, payload: browser.heard[0]! });
  await until(() => phone.rtp.length > 0);
  expect(browser.rtp[0]!.payloadType).toBe(111);
  expect([phone.rtp[0]!.payloadType, phone.rtp[0]!.payload.length]).toEqual([0, 160]);

  const formats = async (one: MediaBranch): Promise<readonly string[]> =>
    parseDescription(await one.offer('caller', browserDescription({ sections }))).media[0]!.formats;
  const second = world.branch(BROWSER, PHONE);
  expect(await formats(second)).toEqual(['111']);
  // The first one goes on: what was offered once stays.
  expect(await formats(branch)).toEqual(['111', '0', '8', '9']);
  await branch.close();
  expect(await formats(world.branch(BROWSER, PHONE))).toEqual(['111', '0', '8', '9']);
  expect(world.logged).toEqual([]);
});

test.each([
  ['::1', '::1'],
  ['::', '::1'],
  ['::', '127.0.0.1'],
  ['0.0.0.0', '127.0.0.1'],
])('listening at %s, a browser and a phone at %s hear each other', async (listen, address) => {
  world = await SocketWorld.open({ listen, address });
  const [browser, phone] = [await world.peer(), await world.peer()];
  const branch = world.branch({ ...BROWSER, address }, { ...PHONE, address });
  const offer = await branch.offer('caller', browserDescription());
  expect(parseDescription(offer).media[0]!.connection!.address).toBe(address);
  const own = phoneDescription({ address, port: phone.port });
  const answer = await branch.answer('callee', own.replaceAll('IN IP4', address === '::1' ? 'IN IP6' : 'IN IP4'));
  branch.confirm();
  expect(parseDescription(answer).media[0]!.candidates.map((candidate) => candidate.address)).toContain(address);
  sendsTo(phone, offer);
  await connectBrowser(browser, answer);
  await hearEachOther(browser, phone);
});

test.each([true, false])('a thread takes a browser over from the shared port, where it may: %s', async (takeover) => {
  world = await SocketWorld.open({ takeover });
  const seen = vi.spyOn(world.engine.shared.listening[0]!, 'receive');
  const { browser, phone } = await talk();
  await hearEachOther(browser, phone);
  seen.mockClear();
  await hearEachOther(browser, phone);
  expect(seen).toHaveBeenCalledTimes(takeover && process.platform === 'linux' ? 0 : 1);
});
