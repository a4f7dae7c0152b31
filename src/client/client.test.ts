import { afterEach, beforeEach, expect, test } from 'vitest';
import { FakePeerConnection, FakeStream, FakeTrack } from '../../test/support/fake-peer-connection.ts';
import { FakeWebSocket } from '../../test/support/fake-web-socket.ts';
import { MiniProxy } from '../../test/support/mini-proxy.ts';
import { settled, VirtualClock } from '../../test/support/virtual-clock.ts';
import { createResponse } from '../protocol/sip/create.ts';
import type { Call } from './call.ts';
import { Client, type ClientOptions } from './client.ts';
import { ClientError } from './errors.ts';

/** One person's client with everything that it meets; time passes for all of them alike. */
class Person {
  readonly client: Client;
  readonly connections: FakePeerConnection[] = [];
  readonly tracks: FakeTrack[] = [];
  readonly log: string[] = [];
  readonly calls: Call[] = [];
  asked = 0;
  microphone: () => void = () => {};

  constructor(name: string, options: Partial<ClientOptions> = {}) {
    this.client = new Client({
      credentials: async () => ({
        username: `1893456000:${name}`,
        password: `secret${++this.asked}`,
        ttl: 3600,
        domain: 'example.test',
        ws: 'ws://127.0.0.1:1',
        iceServers: [{ urls: 'stun:127.0.0.1:3478' }],
      }),
      WebSocket: proxy.WebSocket,
      clock,
      peerConnection: (configuration) => {
        const connection = new FakePeerConnection(configuration);
        this.connections.push(connection);
        return connection as never;
      },
      mediaStream: () => new FakeStream() as never,
      devices: {
        getUserMedia: async ({ audio, video } = {}) => {
          this.microphone();
          const kinds = [...(audio ? ['audio'] : []), ...(video ? ['video'] : [])];
          const opened = kinds.map((kind) => new FakeTrack(kind));
          this.tracks.push(...opened);
          return { getTracks: () => opened } as never;
        },
        getDisplayMedia: async () => {
          const screen = new FakeTrack('video');
          this.tracks.push(screen);
          return { getVideoTracks: () => [screen] } as never;
        },
      },
      ...options,
    });
    this.client.on('state', ({ state }) => this.log.push(state));
    this.client.on('error', ({ code, status }) => this.log.push(`${code} ${status ?? ''}`.trim()));
    this.client.on('call', (call) => {
      this.log.push(`call ${call.direction} ${call.remote.name}`);
      this.calls.push(call);
    });
    this.client.on('message', ({ from, text }) => this.log.push(`${from.name}: ${text}`));
    people.push(this);
  }

  async connect(): Promise<this> {
    this.client.connect();
    await pass();
    return this;
  }

  /** The newest call. */
  get call(): Call {
    return (this.calls.at(-1) ?? this.client.calls.at(-1))!;
  }
}

let clock: VirtualClock;
let proxy: MiniProxy;
let people: Person[];

beforeEach(() => {
  clock = new VirtualClock();
  proxy = new MiniProxy();
  people = [];
});

afterEach(async () => {
  const gone = Promise.all(people.map(({ client }) => client.disconnect()));
  await clock.advance(5000);
  await gone;
  for (const { tracks } of people) expect(tracks.filter(({ readyState }) => readyState === 'live')).toEqual([]);
});

/** Lets messages and promises run, and some time. */
async function pass(milliseconds = 50): Promise<void> {
  await clock.advance(milliseconds);
  await settled();
}

async function pair(options: Partial<ClientOptions> = {}): Promise<{ alice: Person; bob: Person }> {
  return { alice: await new Person('alice').connect(), bob: await new Person('bob', options).connect() };
}

/** Alice has called Bob and he has answered. */
async function talking(video = false, options: Partial<ClientOptions> = {}) {
  const { alice, bob } = await pair(options);
  const outgoing = alice.client.call('bob', { video });
  await pass();
  await bob.call.answer({ video });
  await pass();
  expect([outgoing.state, bob.call.state]).toEqual(['active', 'active']);
  return { alice, bob, outgoing, incoming: bob.call };
}

test('it connects with the credential in the query, registers, and takes its leave', async () => {
  const alice = await new Person('alice').connect();
  expect(proxy.handshakes[0]).toContain('username=1893456000%3Aalice&password=secret1');
  expect(alice.log).toEqual(['connecting', 'registering', 'registered']);
  expect(alice.client.address).toBe('sip:alice@example.test');
  const gone = alice.client.disconnect();
  await pass();
  await gone;
  expect(alice.client.state).toBe('disconnected');
  expect(proxy.log.filter((line) => line.startsWith('REGISTER'))).toHaveLength(2);
});

test('a call is answered, and both sides have sound; hanging up ends it for both', async () => {
  const { alice, bob, outgoing, incoming } = await talking();
  expect(incoming.remote).toMatchObject({ user: 'alice', host: 'example.test', name: 'alice' });
  expect(outgoing.remoteStream?.getTracks()).toHaveLength(1);
  expect(incoming.remoteStream?.getTracks()).toHaveLength(1);
  expect(alice.connections[0]?.configuration.iceServers).toEqual([{ urls: 'stun:127.0.0.1:3478' }]);
  const ends: unknown[] = [];
  outgoing.on('ended', (end) => ends.push(end));
  incoming.hangUp();
  await pass();
  expect(ends).toEqual([expect.objectContaining({ by: 'remote' })]);
  expect(incoming.end?.by).toBe('local');
  expect([alice, bob].map(({ client }) => client.calls)).toEqual([[], []]);
});

test('the caller hears that it rings, and a refusal with its status', async () => {
  const { alice, bob } = await pair();
  const states: string[] = [];
  for (const [refuse, status] of [
    [(call: Call) => call.reject(), 603],
    [(call: Call) => call.busy(), 486],
  ] as const) {
    const call = alice.client.call('bob');
    call.on('state', (state) => states.push(state));
    await pass();
    expect(call.state).toBe('ringing');
    await refuse(bob.call);
    await pass();
    expect(call.end).toMatchObject({ by: 'remote', status });
  }
  expect(states).toEqual(['ringing', 'ended', 'ringing', 'ended']);
});

test('a caller who gives up cancels, even before the microphone is open', async () => {
  const { alice, bob } = await pair();
  const early = alice.client.call('bob');
  early.hangUp();
  await pass();
  expect(bob.calls).toHaveLength(0);
  const call = alice.client.call('bob');
  await pass();
  call.hangUp();
  await pass();
  expect(bob.call.end).toMatchObject({ by: 'remote' });
  expect(call.end).toMatchObject({ by: 'local' });
});

test('nobody of that name ends the call with 404', async () => {
  const alice = await new Person('alice').connect();
  const call = alice.client.call('nobody');
  await pass();
  expect(call.end).toMatchObject({ by: 'remote', status: 404 });
});

test('a refused microphone ends an outgoing call here, and an incoming one with 480', async () => {
  const { alice, bob } = await pair();
  const refused = () => {
    throw new DOMException('no', 'NotAllowedError');
  };
  alice.microphone = refused;
  const call = alice.client.call('bob');
  await pass();
  expect(call.end?.error).toMatchObject({ code: 'MEDIA_REFUSED' });
  alice.microphone = () => {};
  bob.microphone = refused;
  const second = alice.client.call('bob');
  await pass();
  await expect(bob.call.answer()).rejects.toMatchObject({ code: 'MEDIA_REFUSED' });
  await pass();
  expect(second.end).toMatchObject({ by: 'remote', status: 480 });
});

test('an INVITE without an offer gets ours in the answer, and its ACK brings the answer to that', async () => {
  const bob = await new Person('bob').connect();
  const request = (method: string, to: string): Array<[string, string]> => [
    ['via', `SIP/2.0/WS phone.invalid;branch=z9hG4bK${method}`],
    ['from', '<sip:phone@example.test>;tag=phone'],
    ['to', to],
    ['call-id', 'delayed'],
    ['cseq', `1 ${method}`],
    ['max-forwards', '70'],
    ['contact', '<sip:phone@phone.invalid>'],
  ];
  proxy.say('bob@example.test', 'INVITE', request('INVITE', '<sip:bob@example.test>'));
  await pass();
  await bob.call.answer();
  await pass();
  expect(proxy.log.at(-1)).toBe('200 INVITE');
  expect(proxy.lastResponse?.body).toContain('m=audio');
  expect(bob.call.state).toBe('connecting');
  const answer = 'v=0\r\nm=audio 9 RTP/AVP 0\r\na=sendrecv\r\n';
  const fields: Array<[string, string]> = [
    ...request('ACK', proxy.lastResponse?.get('to') ?? ''),
    ['content-type', 'application/sdp'],
  ];
  proxy.say('bob@example.test', 'ACK', fields, answer);
  await pass();
  expect(bob.call.state).toBe('active');
  expect(bob.connections[0]?.signalingState).toBe('stable');
  expect(bob.call.remoteStream?.getTracks()).toHaveLength(1);
});

test('what is offered without sound and picture is no call: 488, unless somebody takes such sessions', async () => {
  const bob = await new Person('bob').connect();
  const invite = (callId: string) => {
    const fields: Array<[string, string]> = [
      ['via', `SIP/2.0/WS phone.invalid;branch=z9hG4bK${callId}`],
      ['from', '<sip:phone@example.test>;tag=phone'],
      ['to', '<sip:bob@example.test>'],
      ['call-id', callId],
      ['cseq', '1 INVITE'],
      ['max-forwards', '70'],
      ['contact', '<sip:phone@phone.invalid>'],
      ['content-type', 'application/sdp'],
    ];
    proxy.say('bob@example.test', 'INVITE', fields, 'v=0\r\nm=message 2855 TCP/MSRP *\r\na=path:msrp://a:1/b;tcp\r\n');
  };
  invite('nobody');
  await pass();
  expect(proxy.log.at(-1)).toBe('488 INVITE');
  const heard: string[] = [];
  let left = false;
  bob.client.sessions(
    () => ({ receive: ({ type }) => heard.push(type) }),
    () => {
      left = true;
    },
  );
  invite('somebody');
  await pass();
  expect(bob.client.calls).toEqual([]);
  void bob.client.disconnect();
  await pass();
  expect([heard, left]).toEqual([['ended'], true]);
});

test.each([
  ['another one answers, the media moves to it', 'two', 1],
  ['it answers with the same words, the call goes on', 'one', 0],
])('early media of a phone is heard; when %s', async (_, answering, restarts) => {
  const alice = await new Person('alice').connect();
  const later: Array<() => void> = [];
  proxy.refuse = (request, reply) => {
    if (request.method === 'REGISTER') return undefined;
    const say = (status: number, toTag: string | undefined, withBody: boolean) => {
      const response = createResponse(request, status, undefined, toTag === undefined ? {} : { toTag });
      response.set('contact', `<sip:${toTag}@phone.invalid>`);
      if (withBody) {
        response.set('content-type', 'application/sdp');
        response.body = 'v=0\r\nm=audio 9 RTP/AVP 0\r\na=sendrecv\r\n';
      }
      reply(response);
    };
    if (request.method === 'INVITE' && request.to.tag === undefined) {
      say(183, 'one', true);
      later.push(() => say(200, answering, true));
    } else if (request.method !== 'ACK') say(200, undefined, request.method === 'INVITE');
    return 'answered';
  };
  const call = alice.client.call('everybody');
  await pass();
  expect(call.state).toBe('ringing');
  expect(call.remoteStream?.getTracks()).toHaveLength(1);
  later[0]?.();
  await pass();
  expect(call.state).toBe('active');
  expect(alice.connections[0]?.iceGeneration).toBe(restarts);
  proxy.refuse = () => undefined;
});

test('a flood of calls is bounded, and ends without a trace', async () => {
  const bob = await new Person('bob').connect();
  for (let i = 0; i < 200; i++) {
    const fields: Array<[string, string]> = [
      ['via', `SIP/2.0/WS phone.invalid;branch=z9hG4bK${i}`],
      ['from', `<sip:phone${i}@example.test>;tag=${i}`],
      ['to', '<sip:bob@example.test>'],
      ['call-id', `flood${i}`],
      ['cseq', '1 INVITE'],
      ['max-forwards', '70'],
      ['contact', '<sip:phone@phone.invalid>'],
    ];
    proxy.say('bob@example.test', 'INVITE', fields);
  }
  await pass();
  expect(bob.client.calls.length).toBeLessThanOrEqual(32);
  expect(proxy.log.filter((line) => line === '486 INVITE').length).toBeGreaterThanOrEqual(168);
  await pass(600_000);
  expect(bob.client.calls).toEqual([]);
});

test('hold is told to the other side, and resume brings both back', async () => {
  const { outgoing, incoming } = await talking();
  const heard: boolean[] = [];
  incoming.on('remoteHold', (held) => heard.push(held));
  const held = outgoing.hold();
  await pass();
  await held;
  expect([outgoing.held, incoming.remoteHold]).toEqual([true, true]);
  const resumed = outgoing.resume();
  await pass();
  await resumed;
  expect([outgoing.held, incoming.remoteHold]).toEqual([false, false]);
  expect(heard).toEqual([true, false]);
});

test('both may hold at the same moment: glare is resolved and both are on hold', async () => {
  const { outgoing, incoming } = await talking();
  const both = Promise.all([outgoing.hold(), incoming.hold()]);
  await pass(10_000);
  await both;
  expect([outgoing.held, outgoing.remoteHold, incoming.held, incoming.remoteHold]).toEqual([true, true, true, true]);
});

test('a picture is added, replaced by the screen, and dropped', async () => {
  const { alice, outgoing, incoming } = await talking();
  const run = async (action: Promise<void>) => {
    await pass();
    await action;
    await pass();
  };
  await run(outgoing.addVideo());
  expect([outgoing.sendsVideo, incoming.receivesVideo, incoming.sendsVideo]).toEqual([true, true, false]);
  await run(outgoing.shareScreen());
  expect(outgoing.sharing).toBe(true);
  alice.tracks.at(-1)?.end(); // in the browser's own bar
  await pass();
  expect([outgoing.sharing, outgoing.sendsVideo]).toEqual([false, true]);
  await run(outgoing.dropVideo());
  expect(incoming.receivesVideo).toBe(false);
});

test('tones go in RTP, or by INFO where the other side does not take them so', async () => {
  const { alice, outgoing, incoming } = await talking();
  await outgoing.sendDtmf('12');
  expect(alice.connections[0]?.tones).toBe('12');
  alice.connections[0]!.takesTones = false;
  const tones: string[] = [];
  incoming.on('dtmf', ({ tone }) => tones.push(tone));
  const sent = outgoing.sendDtmf('3#a');
  await pass();
  await sent;
  expect(tones).toEqual(['3', '#', 'A']);
  await expect(outgoing.sendDtmf('x')).rejects.toMatchObject({ code: 'BAD_TARGET' });
  await expect(outgoing.sendDtmf('1', { by: 'rtp' })).rejects.toMatchObject({ code: 'REJECTED' });
});

test('a blind transfer connects the other two and ends the first call', async () => {
  const { bob, outgoing } = await talking();
  const carol = await new Person('carol').connect();
  const done = outgoing.transfer('carol');
  await pass();
  expect(bob.log).toContain('call outgoing carol');
  await carol.call.answer();
  await pass();
  await done;
  await pass();
  expect(outgoing.state).toBe('ended');
  expect(bob.client.calls.map(({ remote, state }) => `${remote.name} ${state}`)).toEqual(['carol active']);
  expect(carol.call.remote.name).toBe('bob');
});

test('a transfer to somebody who declines is rejected with the status and the call goes on', async () => {
  const { outgoing } = await talking();
  const carol = await new Person('carol').connect();
  const failure = outgoing.transfer('carol').catch((error: ClientError) => error.status);
  await pass();
  await carol.call.reject();
  await pass();
  expect(await failure).toBe(603);
  expect(outgoing.state).toBe('active');
});

test('an attended transfer connects the two whom one has talked to', async () => {
  const { alice, bob, outgoing } = await talking();
  const carol = await new Person('carol').connect();
  const second = alice.client.call('carol');
  await pass();
  await carol.call.answer();
  await pass();
  const done = outgoing.transferTo(second);
  await pass();
  await done;
  await pass();
  expect(alice.client.calls).toEqual([]);
  expect(bob.client.calls.map(({ remote, state }) => `${remote.name} ${state}`)).toEqual(['carol active']);
  expect(carol.client.calls.map(({ remote, state }) => `${remote.name} ${state}`)).toEqual(['bob active']);
});

test('of two that are to be connected, the one who knows Replaces is asked', async () => {
  const asked: string[] = [];
  proxy.edit = (message) => {
    if (message.kind === 'response' && message.to.uri === 'sip:bob@example.test') message.remove('supported');
    if (message.kind === 'request' && message.method === 'REFER') asked.push(message.to.uri);
  };
  const { alice, bob, outgoing } = await talking();
  const carol = await new Person('carol').connect();
  const second = alice.client.call('carol');
  await pass();
  await carol.call.answer();
  await pass();
  const done = outgoing.transferTo(second);
  await pass();
  await done;
  await pass();
  expect(asked).toEqual(['sip:carol@example.test']);
  expect(alice.client.calls).toEqual([]);
  expect(bob.client.calls.map(({ remote, state }) => `${remote.name} ${state}`)).toEqual(['carol active']);
  expect(carol.client.calls.map(({ remote, state }) => `${remote.name} ${state}`)).toEqual(['bob active']);
});

test('where neither knows Replaces, the one calls and the other is asked whether it answers', async () => {
  proxy.edit = (message) => void (message.kind === 'response' && message.remove('supported'));
  const { alice, bob, outgoing } = await talking();
  const carol = await new Person('carol').connect();
  const second = alice.client.call('carol');
  await pass();
  await carol.call.answer();
  await pass();
  const refused = outgoing.transferTo(second).catch((error: ClientError) => error.status);
  await pass();
  await carol.call.busy();
  await pass();
  expect(await refused).toBe(486);
  expect(alice.client.calls.map(({ remote, state }) => `${remote.name} ${state}`)).toEqual([
    'bob active',
    'carol active',
  ]);
  const done = outgoing.transferTo(second);
  await pass();
  await carol.call.answer();
  await pass();
  await done;
  await pass();
  expect(alice.client.calls).toEqual([]);
  expect(bob.client.calls.map(({ remote, state }) => `${remote.name} ${state}`)).toEqual(['carol active']);
  expect(carol.client.calls.map(({ remote, state }) => `${remote.name} ${state}`)).toEqual(['bob active']);
});

test('a message is delivered with its letters whole, or its failure is told', async () => {
  const { alice, bob } = await pair();
  const sent = alice.client.message('bob', 'Grüße 👋');
  await pass();
  await sent;
  expect(bob.log).toContain('alice: Grüße 👋');
  const lost = alice.client.message('nobody', 'x').catch((error: ClientError) => error.status);
  await pass();
  expect(await lost).toBe(404);
});

test('after a lost connection it registers again and calls go on', async () => {
  const { alice, outgoing, incoming } = await talking();
  proxy.cut();
  expect(alice.client.state).toBe('connecting');
  await pass(2000);
  expect(alice.client.state).toBe('registered');
  const held = outgoing.hold();
  await pass();
  await held;
  expect(incoming.remoteHold).toBe(true);
});

test('media that is lost is restored by an ICE restart', async () => {
  const { alice, bob, outgoing } = await talking();
  const heard: boolean[] = [];
  outgoing.on('interrupted', (interrupted) => heard.push(interrupted));
  alice.connections[0]?.connect('failed');
  await pass();
  expect(bob.connections[0]?.remoteDescription?.sdp).toContain('ice-ufrag:gen1');
  alice.connections[0]?.connect('connected');
  expect(heard).toEqual([true, false]);
});

test('the credential is renewed ahead of its expiry, without harm to a call', async () => {
  const { alice, outgoing, incoming } = await talking();
  await pass(2_700_000);
  await pass(2000);
  expect(alice.asked).toBe(2);
  expect(proxy.handshakes.filter((url) => url.includes('alice')).at(-1)).toContain('password=secret2');
  expect(alice.client.state).toBe('registered');
  expect([outgoing.state, incoming.state]).toEqual(['active', 'active']);
});

test('a credential that the server has closed for with 1008 is not used again', async () => {
  const alice = await new Person('alice').connect();
  proxy.cut(1008);
  await pass(2000);
  expect(alice.asked).toBe(2);
  expect(alice.client.state).toBe('registered');
});

test('a handshake that fails costs the credential: the next one brings a fresh one', async () => {
  const alice = new Person('alice', { WebSocket: FakeWebSocket });
  await alice.connect();
  FakeWebSocket.last.drop(); // 403, which a browser does not tell from a server that is down
  await pass(1000);
  expect(alice.asked).toBe(2);
  FakeWebSocket.last.accept();
  FakeWebSocket.last.drop(1012);
  await pass(2000);
  expect(alice.asked).toBe(2);
});

test('who does not want to be transferred is not', async () => {
  const { bob, outgoing } = await talking(false, { followTransfer: (_call, { user }) => user !== 'carol' });
  const failure = outgoing.transfer('carol').catch((error: ClientError) => error.code);
  await pass();
  expect(await failure).toBe('REJECTED');
  expect(bob.client.calls).toHaveLength(1);
});

test('a registration that is refused is told and tried again', async () => {
  proxy.refuse = (request) => (request.method === 'REGISTER' ? 503 : undefined);
  const alice = await new Person('alice').connect();
  expect(alice.log).toContain('REJECTED 503');
  proxy.refuse = () => undefined;
  await pass(60_000);
  expect(alice.client.state).toBe('registered');
});

test('a session that has ended stops the client', async () => {
  const person = new Person('alice', {
    credentials: async () => {
      throw new ClientError('CREDENTIALS_REFUSED', 'not signed in', 401);
    },
  });
  await person.connect();
  expect(person.log).toEqual(['connecting', 'disconnected', 'CREDENTIALS_REFUSED 401']);
});

test('without a connection nothing is called or sent; without media nothing is called', async () => {
  const alice = new Person('alice');
  expect(() => alice.client.call('bob')).toThrowError(expect.objectContaining({ code: 'NOT_CONNECTED' }));
  await expect(alice.client.message('bob', 'x')).rejects.toMatchObject({ code: 'NOT_CONNECTED' });
  await alice.connect();
  expect(() => alice.client.call('a b@@')).toThrowError(expect.objectContaining({ code: 'BAD_TARGET' }));
});
