import { expect, test } from 'vitest';
import { FakePeerConnection, FakeStream, FakeTrack } from '../../test/support/fake-peer-connection.ts';
import { settled, VirtualClock } from '../../test/support/virtual-clock.ts';
import { MediaSession } from './media-session.ts';
import { summarizeMedia } from './session-description.ts';

function create(clock = new VirtualClock()) {
  const connection = new FakePeerConnection();
  const session = new MediaSession(connection as never, clock, {
    local: new FakeStream() as never,
    remote: new FakeStream() as never,
  });
  return { connection, session, clock };
}

const directions = (sdp: string) => summarizeMedia(sdp).map(({ kind, direction }) => `${kind} ${direction}`);

/** Two sessions that have agreed on what `kinds` says. */
async function pair(...kinds: string[]) {
  const caller = create();
  const callee = create();
  for (const kind of kinds) await caller.session.send(new FakeTrack(kind) as never);
  await callee.session.acceptOffer(await caller.session.offer());
  for (const kind of kinds) await callee.session.send(new FakeTrack(kind) as never);
  await caller.session.acceptAnswer(await callee.session.answer());
  return { caller, callee };
}

async function renegotiate(from: MediaSession, to: MediaSession): Promise<{ offer: string[]; answer: string[] }> {
  const offer = await from.offer();
  await to.acceptOffer(offer);
  const answer = await to.answer();
  await from.acceptAnswer(answer);
  return { offer: directions(offer), answer: directions(answer) };
}

test('an offer and an answer with sound and picture give both sides both', async () => {
  const { caller, callee } = await pair('audio', 'video');
  for (const { session } of [caller, callee])
    expect(session.remote.getTracks().map(({ kind }) => kind)).toEqual(['audio', 'video']);
});

test('hold is offered sendonly and silences at once; resume brings the directions and the sound back', async () => {
  const { caller, callee } = await pair('audio');
  caller.session.hold(true);
  expect(caller.session.track('audio')?.enabled).toBe(false);
  expect(await renegotiate(caller.session, callee.session)).toEqual({
    offer: ['audio sendonly'],
    answer: ['audio recvonly'],
  });
  expect(callee.session.remoteHold).toBe(true);
  expect(caller.session.remoteHold).toBe(false);
  expect(caller.session.remote.getTracks()).toHaveLength(0);
  caller.session.hold(false);
  expect(caller.session.track('audio')?.enabled).toBe(true);
  await renegotiate(caller.session, callee.session);
  expect(callee.session.remoteHold).toBe(false);
  expect(caller.session.remote.getTracks()).toHaveLength(1);
});

test('when both hold, the stream is inactive until both have resumed', async () => {
  const { caller, callee } = await pair('audio');
  caller.session.hold(true);
  await renegotiate(caller.session, callee.session);
  callee.session.hold(true);
  expect((await renegotiate(callee.session, caller.session)).answer).toEqual(['audio inactive']);
  caller.session.hold(false);
  await renegotiate(caller.session, callee.session);
  expect(caller.session.remoteHold).toBe(true);
  expect(callee.session.remoteHold).toBe(false);
  callee.session.hold(false);
  expect((await renegotiate(callee.session, caller.session)).answer).toEqual(['audio sendrecv']);
});

test('mute survives hold', async () => {
  const { caller } = await pair('audio');
  caller.session.muteAudio(true);
  caller.session.hold(true);
  caller.session.hold(false);
  expect(caller.session.track('audio')?.enabled).toBe(false);
});

test('a picture is added and dropped again by a new offer, one is replaced without', async () => {
  const { caller, callee } = await pair('audio');
  const camera = new FakeTrack('video');
  expect(await caller.session.send(camera as never)).toBe(true);
  expect(await renegotiate(caller.session, callee.session)).toEqual({
    offer: ['audio sendrecv', 'video sendrecv'],
    answer: ['audio sendrecv', 'video recvonly'],
  });
  expect(callee.session.remote.getVideoTracks()).toHaveLength(1);
  const screen = new FakeTrack('video');
  expect(await caller.session.send(screen as never)).toBe(false);
  expect(camera.readyState).toBe('ended');
  expect(await caller.session.drop('video')).toBe(true);
  await renegotiate(caller.session, callee.session);
  expect(callee.session.remote.getVideoTracks()).toHaveLength(0);
  expect(screen.readyState).toBe('ended');
});

test('early media is a provisional answer that a final one replaces', async () => {
  const { session, connection } = create();
  await session.send(new FakeTrack('audio') as never);
  await session.offer();
  const answer = (direction: string) => `v=0\r\nm=audio 9 RTP/AVP 0\r\na=${direction}\r\n`;
  await session.acceptAnswer(answer('sendonly'), true);
  expect(connection.signalingState).toBe('have-remote-pranswer');
  expect(session.remote.getTracks()).toHaveLength(1);
  await session.acceptAnswer(answer('sendrecv'));
  expect(connection.signalingState).toBe('stable');
  await session.acceptAnswer('nonsense'); // a repetition in the 2xx changes nothing
});

test('a description that cannot be used is the error 488', async () => {
  const { session } = create();
  await expect(session.acceptOffer('nonsense')).rejects.toMatchObject({ code: 'BAD_DESCRIPTION', status: 488 });
});

test('a track that ends by itself is told, one that is dropped is not', async () => {
  const { session } = create();
  const ended: unknown[] = [];
  session.on('trackEnded', (track) => ended.push(track));
  const camera = new FakeTrack('video');
  await session.send(camera as never);
  camera.end();
  expect(ended).toEqual([camera]);
  const other = new FakeTrack('video');
  await session.send(other as never);
  await session.drop('video');
  other.end();
  expect(ended).toHaveLength(1);
});

test('gathering ends with all candidates, with a relayed one, or by the deadline once there is any', async () => {
  for (const way of ['complete', 'relay', 'deadline', 'late'] as const) {
    const { session, connection, clock } = create();
    connection.iceGatheringState = 'gathering';
    connection.setLocalDescription = async () => {
      connection.localDescription = { type: 'offer', sdp: 'v=0\r\n' };
    };
    let done = false;
    void session.offer().then(() => {
      done = true;
    });
    const candidate = (type: string) =>
      connection.dispatchEvent(
        Object.assign(new Event('icecandidate'), {
          candidate: { candidate: `candidate:1 1 udp 1 1.2.3.4 9 typ ${type}` },
        }),
      );
    await clock.advance(900);
    expect(done).toBe(false);
    if (way === 'complete') {
      connection.iceGatheringState = 'complete';
      connection.dispatchEvent(new Event('icegatheringstatechange'));
    } else if (way === 'relay') candidate('relay');
    else if (way === 'deadline') {
      candidate('host');
      await settled();
      expect(done).toBe(false);
      await clock.advance(100);
    } else {
      await clock.advance(1100);
      expect(done).toBe(false);
      candidate('srflx');
    }
    await settled();
    expect(done, way).toBe(true);
    expect(clock.pending, way).toBe(0);
  }
});
