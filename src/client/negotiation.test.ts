import { expect, test } from 'vitest';
import { FakePeerConnection, FakeStream, FakeTrack } from '../../test/support/fake-peer-connection.ts';
import { settled, VirtualClock } from '../../test/support/virtual-clock.ts';
import type { Body, UserAgentEvent } from '../protocol/sip/user-agent-event.ts';
import { MediaSession } from './media-session.ts';
import { Negotiation, sessionDescription } from './negotiation.ts';

/** A negotiation whose user agent is the test. */
async function create() {
  const clock = new VirtualClock();
  const connection = new FakePeerConnection();
  const streams = { local: new FakeStream() as never, remote: new FakeStream() as never };
  const media = new MediaSession(connection as never, clock, streams);
  await media.send(new FakeTrack('audio') as never);
  const log: string[] = [];
  const signalling = {
    stable: true,
    renegotiate: (_offer: Body) => {
      log.push('offer');
      signalling.stable = false;
    },
    answer: (_body: Body) => {
      log.push('answer');
      signalling.stable = true;
    },
    rejectOffer: () => {
      log.push('reject');
      signalling.stable = true;
    },
  };
  const negotiation = new Negotiation(media, signalling, clock, () => {});
  const receive = (event: Record<string, unknown>) =>
    negotiation.receive({ call: 'c', leg: 'l', ...event } as unknown as UserAgentEvent);
  const body = (direction: string) => sessionDescription(`v=0\r\nm=audio 9 RTP/AVP 0\r\na=${direction}\r\n`);
  return { clock, connection, media, log, signalling, negotiation, receive, body };
}

test('an offer resolves with its answer, and the next one waits for it', async () => {
  const { negotiation, log, receive, body, signalling } = await create();
  const done: string[] = [];
  void negotiation.offer().then(() => done.push('first'));
  void negotiation.offer().then(() => done.push('second'));
  await settled();
  expect(log).toEqual(['offer']);
  signalling.stable = true;
  receive({ type: 'answer', body: body('sendrecv'), final: true });
  await settled();
  expect(done).toEqual(['first']);
  expect(log).toEqual(['offer', 'offer']);
});

test('a refused offer is rolled back and rejects with the status', async () => {
  const { negotiation, connection, receive, signalling } = await create();
  const offer = negotiation.offer();
  await settled();
  signalling.stable = true;
  receive({ type: 'offerFailed', status: 488, reason: 'Not Acceptable Here', retry: false });
  await expect(offer).rejects.toMatchObject({ code: 'REJECTED', status: 488 });
  expect(connection.signalingState).toBe('stable');
});

test('after glare the other side may offer first, and ours follows when it is due', async () => {
  const { negotiation, log, receive, body, signalling } = await create();
  let done = false;
  void negotiation.offer().then(() => {
    done = true;
  });
  await settled();
  signalling.stable = true;
  receive({ type: 'offerFailed', status: 491, reason: 'Request Pending', retry: true });
  await settled();
  signalling.stable = false;
  receive({ type: 'offer', body: body('sendrecv'), method: 'INVITE', inResponse: false });
  await settled();
  expect(log).toEqual(['offer', 'answer']);
  receive({ type: 'offerDue' });
  await settled();
  expect(log).toEqual(['offer', 'answer', 'offer']);
  signalling.stable = true;
  receive({ type: 'answer', body: body('sendrecv'), final: true });
  await settled();
  expect(done).toBe(true);
});

test('an offer that comes in while ours is being made goes first', async () => {
  const { negotiation, log, receive, body, signalling, connection, clock } = await create();
  let letGo = (): void => {};
  connection.delay = () =>
    new Promise((resolve) => {
      letGo = resolve;
    });
  void negotiation.offer();
  await settled();
  signalling.stable = false;
  receive({ type: 'offer', body: body('sendonly'), method: 'INVITE', inResponse: false });
  connection.delay = () => new Promise((resolve) => setImmediate(resolve));
  letGo();
  await settled();
  await settled();
  expect(log).toEqual(['answer']);
  await clock.advance(250);
  await settled();
  expect(log).toEqual(['answer', 'offer']);
});

test('an offer that cannot be used is rejected and the session stays', async () => {
  const { log, receive, connection } = await create();
  receive({ type: 'offer', body: sessionDescription('nonsense'), method: 'INVITE', inResponse: false });
  await settled();
  expect(log).toEqual(['reject']);
  expect(connection.signalingState).toBe('stable');
});

test('a request for an offer is given one, whose answer is taken', async () => {
  const { log, receive, body, connection } = await create();
  receive({ type: 'offerRequested' });
  await settled();
  expect(log).toEqual(['answer']);
  expect(connection.signalingState).toBe('have-local-offer');
  receive({ type: 'answer', body: body('sendrecv'), final: true });
  await settled();
  expect(connection.signalingState).toBe('stable');
});

test('the end of the call rejects what waits', async () => {
  const { negotiation } = await create();
  const first = negotiation.offer();
  const second = negotiation.offer();
  await settled();
  negotiation.close();
  await expect(first).rejects.toMatchObject({ code: 'WRONG_STATE' });
  await expect(second).rejects.toMatchObject({ code: 'WRONG_STATE' });
});
