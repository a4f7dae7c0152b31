// A page on JsSIP 3.13, used as its documentation shows.
import JsSIP from 'jssip';
import type { ReferEvent, RTCSession } from 'jssip/lib/RTCSession';
import type { UA } from 'jssip/lib/UA';
import {
  EventList,
  firstSound,
  listen,
  mediaOf,
  play,
  publish,
  type StartOptions,
  type WebPhone,
} from './web-phone.ts';

const events = new EventList();
const calls: RTCSession[] = [];
let agent: UA;
let options: StartOptions;

const phone: WebPhone = {
  events: events.all,

  start(given) {
    options = given;
    const { ws, uri, password, sessionExpires } = given;
    // Intervals under 60 s are refused by a constant of the library's: lowered, so that a test sees a refresh.
    if (sessionExpires)
      Object.assign(JsSIP.C, { MIN_SESSION_EXPIRES: sessionExpires, SESSION_EXPIRES: sessionExpires });
    agent = new JsSIP.UA({
      sockets: [new JsSIP.WebSocketInterface(ws)],
      uri,
      ...(password ? { password } : {}),
      session_timers: true,
      session_timers_refresh_method: 'UPDATE',
    });
    agent.on('newRTCSession', (event: { originator: string; session: RTCSession }) => {
      const number = follow(event.session);
      if (event.originator !== 'remote') return;
      events.add(`call ${number} from ${event.session.remote_identity.uri.user}`);
      if (options.answer !== 'manual') event.session.answer(mediaOptions());
    });
    agent.on('newMessage', (event: { originator: string; request: { body: string } }) => {
      if (event.originator === 'remote') events.add(`message ${event.request.body}`);
    });
    agent.on('disconnected', () => events.add('disconnected'));
    return new Promise((resolve, reject) => {
      agent.on('registered', () => {
        events.add('registered');
        resolve();
      });
      agent.on('registrationFailed', (event: { cause?: string }) =>
        reject(new Error(`registration failed: ${event.cause}`)),
      );
      agent.start();
    });
  },

  async call(target) {
    return calls.indexOf(agent.call(target, mediaOptions()));
  },

  async answer(call) {
    calls[call]!.answer(mediaOptions());
    return Date.now();
  },

  async hangUp(call) {
    calls[call]!.terminate();
  },

  async dtmf(call, tones) {
    calls[call]!.sendDTMF(tones, { transportType: 'RFC2833' as never, duration: 160, interToneGap: 70 });
  },
  listen: (call) => listen(calls[call]!.connection, events),
  firstSound: (call) => firstSound(() => calls[call]!.connection),

  hold: (call) => new Promise((resolve) => void calls[call]!.hold({}, resolve)),
  resume: (call) => new Promise((resolve) => void calls[call]!.unhold({}, resolve)),

  message: (target, text) =>
    new Promise((resolve) => {
      agent.sendMessage(target, text, {
        eventHandlers: {
          succeeded: ({ response }: { response: { status_code: number } }) => resolve(response.status_code),
          failed: ({ response }: { response?: { status_code: number } }) => resolve(response?.status_code ?? 0),
        },
      } as never);
    }),

  transfer: (call, target) => refer(call, target),
  connect: (call, other) => refer(call, calls[other]!.remote_identity.uri.toString(), calls[other]),
  media: (call) => mediaOf(calls[call]!.connection),

  async stop() {
    agent.stop();
  },
};

function mediaOptions(): {
  mediaConstraints: MediaStreamConstraints;
  pcConfig: RTCConfiguration;
  sessionTimersExpires?: number;
} {
  const { constraints, sessionExpires } = options;
  return {
    mediaConstraints: constraints,
    pcConfig: { iceServers: options.iceServers ?? [], iceTransportPolicy: options.relayOnly ? 'relay' : 'all' },
    ...(sessionExpires ? { sessionTimersExpires: sessionExpires } : {}),
  };
}

function follow(session: RTCSession): number {
  const number = calls.push(session) - 1;
  if (session.connection) play(session.connection);
  session.on('peerconnection', ({ peerconnection }) => play(peerconnection));
  session.on('confirmed', () => events.add(`established ${number}`));
  session.on('hold', ({ originator }) => originator === 'remote' && events.add(`held ${number}`));
  session.on('unhold', ({ originator }) => originator === 'remote' && events.add(`resumed ${number}`));
  session.on('ended', ({ cause }) => events.add(`ended ${number} ${cause}`));
  session.on('failed', ({ cause }) => events.add(`failed ${number} ${cause}`));
  session.on('update', () => void events.add(`refreshed ${number}`));
  session.on('refer', (event: ReferEvent) => {
    events.add(`referred ${number}`);
    event.accept(undefined, { ...mediaOptions(), extraHeaders: [] });
  });
  session.on('replaces', (event: ReferEvent) => {
    events.add(`replaced ${number}`);
    event.accept();
  });
  return number;
}

function refer(call: number, target: string, replaces?: RTCSession): Promise<void> {
  return new Promise((resolve, reject) => {
    calls[call]!.refer(target, {
      eventHandlers: {
        accepted: () => resolve(),
        failed: () => reject(new Error('the transfer failed')),
        requestFailed: () => reject(new Error('REFER was refused')),
      },
      ...(replaces ? { replaces } : {}),
    });
  });
}

publish(phone, events);
