// Debian's rtpengine-daemon behind our MediaEngine: real descriptions, real packets, lost daemons.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { parseDescription } from '../../src/protocol/sdp/session-description.ts';
import type { MediaBranch, MediaEvent, MediaParty } from '../../src/server/media/engine.ts';
import { rtpengineLimits } from '../../src/server/media/rtpengine/limits.ts';
import { RtpengineEngine } from '../../src/server/media/rtpengine/rtpengine-engine.ts';
import { MediaPeer } from '../support/media-peer.ts';
import { describeWith } from '../support/peer.ts';
import { type Rtpengine, startRtpengine } from '../support/rtpengine.ts';
import { PHONE_PROFILES, phoneAnswer } from '../support/sdp-legs.ts';
import { SDP_VECTORS, sdpVector } from '../support/sdp-vectors.ts';

const PARTIES: readonly MediaParty['profile'][] = ['webrtc', ...PHONE_PROFILES];
/** Milliseconds: longer than any test. */
const NEVER = 1_000_000;
let calls = 0;

function open(engine: RtpengineEngine, caller: MediaParty) {
  calls++;
  return engine.open({ callId: `call-${calls}@example.test`, callerTag: `tag-${calls}`, caller });
}

const peers: MediaPeer[] = [];
async function peer(profile: MediaParty['profile'], address?: string): Promise<MediaPeer> {
  const made = await MediaPeer.open(profile, address);
  peers.push(made);
  return made;
}
afterEach(() => {
  for (const made of peers.splice(0)) made.close();
});

/** Offer and answer, and the media that follows. */
async function connect(branch: MediaBranch, caller: MediaPeer, callee: MediaPeer): Promise<void> {
  const offer = await branch.offer('caller', caller.offer());
  caller.accept(await branch.answer('callee', callee.answer(offer)));
  branch.confirm();
  await Promise.all([caller.ready, callee.ready]);
}

async function hearEachOther(caller: MediaPeer, callee: MediaPeer): Promise<void> {
  expect(await callee.hear(caller), 'packets heard by the callee').toBeGreaterThanOrEqual(10);
  expect(await caller.hear(callee), 'packets heard by the caller').toBeGreaterThanOrEqual(10);
}

describeWith(['rtpengine'], 'one rtpengine', () => {
  let daemon: Rtpengine;
  let engine: RtpengineEngine;
  beforeAll(async () => {
    daemon = await startRtpengine({ ports: 400 });
    engine = new RtpengineEngine({ urls: [daemon.url] });
  });
  afterAll(async () => {
    await engine?.close();
    await daemon?.stop();
  });

  for (const from of PARTIES) {
    for (const to of PARTIES) {
      test(`${from} calls ${to}: they hear each other`, async () => {
        const [caller, callee] = [await peer(from), await peer(to)];
        const branch = open(engine, caller.party).branch(callee.party, () => {});
        await connect(branch, caller, callee);
        await hearEachOther(caller, callee);
        const statistics = await branch.close();
        expect(statistics.map(({ side, kind, codec }) => [side, kind, codec])).toEqual([
          ['caller', 'audio', 'PCMU'],
          ['callee', 'audio', 'PCMU'],
        ]);
        for (const { received, sent } of statistics) {
          expect(received.packets).toBeGreaterThanOrEqual(10);
          expect(sent.packets).toBeGreaterThanOrEqual(10);
        }
      });
    }
  }

  for (const profile of PARTIES) {
    test(`every captured offer becomes one for ${profile} that can be answered`, async () => {
      for (const name of SDP_VECTORS.filter((vector) => vector.endsWith('-offer'))) {
        const caller = { profile: 'webrtc', address: '192.0.2.1' } as const;
        const branch = open(engine, caller).branch({ profile, address: '192.0.2.70' }, () => {});
        const offer = await branch.offer('caller', sdpVector(name));
        const [before, after] = [parseDescription(sdpVector(name)), parseDescription(offer)];
        expect(after.media.length, name).toBe(before.media.length);
        for (const section of after.media.filter(({ port, kind }) => port !== 0 && kind !== 'image')) {
          expect(section.proto, name).toBe(profile === 'webrtc' ? 'UDP/TLS/RTP/SAVPF' : profile);
          expect(section.connection?.address, name).toBe('127.0.0.1');
          expect(section.direction, name).toBe(before.media[after.media.indexOf(section)]?.direction);
          expect(section.fingerprints.length > 0, name).toBe(profile === 'webrtc' || profile.startsWith('UDP/TLS'));
          expect(section.cryptos[0]?.suite, name).toBe(
            /^RTP\/SAVP/.test(profile) ? 'AES_CM_128_HMAC_SHA1_80' : undefined,
          );
          expect(section.rtcpMux, name).toBe(profile === 'webrtc' || profile.startsWith('UDP/TLS'));
        }
        const answer = await branch.answer('callee', phoneAnswer(offer));
        expect(
          parseDescription(answer).media.map(({ proto }) => proto),
          name,
        ).toEqual(before.media.map(({ proto }) => proto));
        await branch.close();
      }
    });
  }

  test('a DTLS phone whose handshake is under way when its answer comes is heard', async () => {
    for (const wait of [0, 1, 5, 20, 100]) {
      const [caller, callee] = [await peer('RTP/AVP'), await peer('UDP/TLS/RTP/SAVP')];
      callee.latency = 15;
      const branch = open(engine, caller.party).branch(callee.party, () => {});
      const answer = callee.answer(await branch.offer('caller', caller.offer()));
      await new Promise((resolve) => setTimeout(resolve, wait));
      caller.accept(await branch.answer('callee', answer));
      await callee.ready;
      await hearEachOther(caller, callee);
      await branch.close();
    }
  });

  test('a DTLS phone that calls and gets its answer late begins the handshake, and its first hello is answered', async () => {
    const [caller, callee] = [await peer('UDP/TLS/RTP/SAVP'), await peer('webrtc')];
    caller.repeatAfter = NEVER;
    const branch = open(engine, caller.party).branch(callee.party, () => {});
    const answer = await branch.answer('callee', callee.answer(await branch.offer('caller', caller.offer())));
    expect(parseDescription(answer).media[0]?.setup).toBe('passive');
    // The callee's side is up and has sent before the caller knows where anything is.
    await callee.ready;
    for (let i = 0; i < 10; i++) callee.send();
    caller.accept(answer);
    await caller.ready;
    await hearEachOther(caller, callee);
    await branch.close();
  });

  test('one branch after another: the second is asked with another profile, the caller keeps its ports', async () => {
    const [caller, callee] = [await peer('webrtc'), await peer('RTP/AVP')];
    const call = open(engine, caller.party);
    const offer = caller.offer();
    const refusing = call.branch({ ...callee.party, profile: 'UDP/TLS/RTP/SAVPF' }, () => {});
    await refusing.offer('caller', offer);
    refusing.reject();
    const branch = call.branch(callee.party, () => {});
    await refusing.close();
    const translated = await branch.offer('caller', offer);
    caller.accept(await branch.answer('callee', callee.answer(translated)));
    branch.confirm();
    await caller.ready;
    await hearEachOther(caller, callee);
    await branch.close();
  });

  test('two branches with early media: the caller hears whoever is confirmed, by one handshake', async () => {
    const [caller, first, second] = [await peer('webrtc'), await peer('RTP/AVP'), await peer('RTP/SAVP')];
    const call = open(engine, caller.party);
    const offer = caller.offer();
    const branches = [call.branch(first.party, () => {}), call.branch(second.party, () => {})] as const;
    const offers = await Promise.all(branches.map((branch) => branch.offer('caller', offer)));
    const answers = [
      await branches[0].answer('callee', first.answer(offers[0]!)),
      await branches[1].answer('callee', second.answer(offers[1]!)),
    ];
    const transport = (answer: string) => parseDescription(answer).media[0];
    expect(transport(answers[0]!)?.port).toBe(transport(answers[1]!)?.port);
    expect(transport(answers[0]!)?.ice).toEqual(transport(answers[1]!)?.ice);
    caller.accept(answers[0]!);
    await caller.ready;
    branches[0].confirm();
    await branches[1].close();
    await hearEachOther(caller, first);
    await branches[0].close();
  });

  test('a fork of a branch that answers otherwise is heard once it is confirmed', async () => {
    const [caller, first, second] = [await peer('RTP/AVP'), await peer('RTP/AVP'), await peer('RTP/AVP')];
    const branch = open(engine, caller.party).branch(first.party, () => {});
    const offer = await branch.offer('caller', caller.offer());
    caller.accept(await branch.answer('callee', first.answer(offer)));
    await hearEachOther(caller, first);
    const fork = branch.fork(() => {});
    caller.accept(await fork.answer('callee', second.answer(offer)));
    fork.confirm();
    await branch.close();
    await hearEachOther(caller, second);
    expect(await fork.close()).not.toEqual([]);
  });

  test('the callee offers first where the INVITE had no offer, and either side offers again', async () => {
    const [caller, callee] = [await peer('webrtc'), await peer('RTP/AVP')];
    const branch = open(engine, caller.party).branch(callee.party, () => {});
    callee.accept(await branch.answer('caller', caller.answer(await branch.offer('callee', callee.offer()))));
    branch.confirm();
    await caller.ready;
    await hearEachOther(caller, callee);
    for (const [by, offerer, answerer] of [
      ['caller', caller, callee],
      ['callee', callee, caller],
    ] as const) {
      const offer = await branch.offer(by, offerer.offer());
      offerer.accept(await branch.answer(by === 'caller' ? 'callee' : 'caller', answerer.answer(offer)));
      await hearEachOther(caller, callee);
    }
    await branch.close();
  });

  test('an offer that is refused leaves what was agreed', async () => {
    const [caller, callee] = [await peer('RTP/AVP'), await peer('RTP/SAVP')];
    const branch = open(engine, caller.party).branch(callee.party, () => {});
    await connect(branch, caller, callee);
    const elsewhere = await peer('RTP/AVP');
    await branch.offer('caller', elsewhere.offer());
    branch.reject();
    await branch.statistics();
    await hearEachOther(caller, callee);
    await branch.close();
  });

  test('hostile descriptions are refused here, and rtpengine goes on', async () => {
    const formats = Array.from({ length: 5000 }, (_, i) => i % 128).join(' ');
    const candidates = 'a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n'.repeat(10_000);
    const head = (connection: string): string => `v=0\r\no=- 1 1 IN IP4 192.0.2.7\r\ns=-\r\n${connection}\r\nt=0 0\r\n`;
    const good = head('c=IN IP4 192.0.2.7');
    for (const text of [
      `${good}m=audio 4000 RTP/AVP ${formats}\r\n`,
      `${good}m=audio 4000 RTP/AVP 0\r\n${candidates}`,
      `${good}m=audio 4000/5000 RTP/AVP 0\r\n`,
      `${good}${'m=audio 4000 RTP/AVP 0\r\n'.repeat(60)}`,
      `${head('c=IN IP4 ')}m=audio 4000 RTP/AVP 0\r\n`,
      `${head(`c=IN IP4 ${'1.'.repeat(5000)}1`)}m=audio 4000 RTP/AVP 0\r\n`,
      `${head('c=IN IP4 224.1.1.1/127/3')}m=audio 4000 RTP/AVP 0\r\n`,
      'v=0',
      '',
    ]) {
      const branch = open(engine, { profile: 'RTP/AVP', address: '192.0.2.7' }).branch(
        { profile: 'RTP/AVP', address: '192.0.2.8' },
        () => {},
      );
      const error = await branch.offer('caller', text).catch((thrown: unknown) => thrown);
      expect(error).toMatchObject({ answer: { status: expect.toBeOneOf([400, 488]) } });
      await branch.close();
    }
    expect(daemon.isRunning()).toBe(true);
    expect(engine.metrics().calls).toBe(0);
  });
});

describeWith(['rtpengine'], 'rtpengine without ports', () => {
  test('a call goes to the one that has some, and 503 where none has', async () => {
    const [small, large] = [await startRtpengine({ ports: 8 }), await startRtpengine({ ports: 24 })];
    const engine = new RtpengineEngine({ urls: [`${small.url}?weight=100`, large.url] });
    try {
      const made: MediaBranch[] = [];
      let refused: unknown;
      while (refused === undefined && made.length < 20) {
        const [caller, callee] = [await peer('RTP/AVP'), await peer('RTP/AVP')];
        const branch = open(engine, caller.party).branch(callee.party, () => {});
        made.push(branch);
        refused = await branch.offer('caller', caller.offer()).then(
          () => undefined,
          (error: unknown) => error,
        );
      }
      expect(refused).toMatchObject({ code: 'MEDIA_NO_ENGINE', answer: { status: 503 } });
      expect(engine.instances.map(({ calls }) => calls.size > 0)).toEqual([true, true]);
      await Promise.all(made.map((branch) => branch.close()));
      expect(engine.instances.map(({ calls }) => calls.size)).toEqual([0, 0]);
    } finally {
      await engine.close();
      await Promise.all([small.stop(), large.stop()]);
    }
  });
});

for (const transport of ['url', 'webSocketUrl'] as const) {
  describeWith(['rtpengine'], `two rtpengines over ${transport === 'url' ? 'UDP' : 'WebSocket'}`, () => {
    test('kill -9 of one: its call is given up in time, new calls go to the other, which keeps its own', async () => {
      const daemons = [await startRtpengine(), await startRtpengine()];
      const limits = { ...rtpengineLimits, patience: 500, pingInterval: 200, deadline: 1000 };
      const engine = new RtpengineEngine({ urls: daemons.map((daemon) => daemon[transport]), limits });
      try {
        const events: MediaEvent[][] = [[], []];
        const calls = [];
        for (const heard of events) {
          const [caller, callee] = [await peer('webrtc'), await peer('RTP/AVP')];
          const branch = open(engine, caller.party).branch(callee.party, (event) => heard.push(event));
          await connect(branch, caller, callee);
          calls.push({ caller, callee, branch });
        }
        expect(engine.instances.map((instance) => instance.calls.size)).toEqual([1, 1]);
        daemons[0]!.kill('SIGKILL');
        // At once, while nobody knows yet: it is tried there, and then at the next one.
        const [caller, callee] = [await peer('RTP/AVP'), await peer('RTP/SAVP')];
        const branch = open(engine, caller.party).branch(callee.party, () => {});
        await connect(branch, caller, callee);
        await hearEachOther(caller, callee);
        await expect.poll(() => events[0]).toEqual([{ type: 'failed', reason: 'The media engine is gone' }]);
        await hearEachOther(calls[1]!.caller, calls[1]!.callee);
        expect(events[1]).toEqual([]);
        await Promise.all([branch, ...calls.map((call) => call.branch)].map((each) => each.close()));
        expect(engine.metrics()).toMatchObject({ calls: 0, failed: 1 });
        daemons[1]!.kill('SIGKILL');
        const lost = open(engine, caller.party).branch(callee.party, () => {});
        await expect(lost.offer('caller', caller.offer())).rejects.toMatchObject({
          code: 'MEDIA_NO_ENGINE',
          answer: { status: 503 },
        });
      } finally {
        await engine.close();
        await Promise.all(daemons.map((daemon) => daemon.stop()));
      }
    });

    test('one that was restarted has lost its calls, which is known at once, and takes new ones', async () => {
      const first = await startRtpengine();
      const limits = { ...rtpengineLimits, patience: 60_000, pingInterval: 200 };
      const engine = new RtpengineEngine({ urls: [first[transport]], limits });
      let second: Rtpengine | undefined;
      try {
        const events: MediaEvent[] = [];
        const [caller, callee] = [await peer('RTP/AVP'), await peer('RTP/AVP')];
        const branch = open(engine, caller.party).branch(callee.party, (event) => events.push(event));
        await connect(branch, caller, callee);
        first.kill('SIGKILL');
        await expect.poll(() => engine.instances[0]!.available).toBe(false);
        second = await startRtpengine({ port: first.port, webPort: first.webPort });
        await expect
          .poll(() => events, { timeout: 5000 })
          .toEqual([{ type: 'failed', reason: 'The media engine was restarted' }]);
        await branch.close();
        const [again, other] = [await peer('RTP/AVP'), await peer('RTP/AVP')];
        const next = open(engine, again.party).branch(other.party, () => {});
        await connect(next, again, other);
        await hearEachOther(again, other);
        await next.close();
      } finally {
        await engine.close();
        await first.stop();
        await second?.stop();
      }
    });
  });
}
