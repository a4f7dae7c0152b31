// A page on our own SDK, used as its documentation shows.
import { type Call, Client, ClientError } from '../../../src/client/index.ts';
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
const calls: Call[] = [];
let client: Client;
let options: StartOptions;

const phone: WebPhone = {
  events: events.all,

  start(given) {
    options = given;
    const { ws, uri, password } = given;
    const [, name, domain] = /^sip:([^@]+)@(.+)$/.exec(uri)!;
    // The credential is in the query, as for the other libraries; the SDK wants to put it there itself.
    const url = new URL(ws);
    const username = url.searchParams.get('username') ?? name!;
    client = new Client({
      credentials: async () => ({
        username,
        password: password ?? url.searchParams.get('password') ?? '',
        domain: domain!,
        ws: `${url.protocol}//${url.host}/`,
      }),
      peerConnection: () => {
        const { iceServers = [], relayOnly } = given;
        const connection = new RTCPeerConnection({ iceServers, iceTransportPolicy: relayOnly ? 'relay' : 'all' });
        play(connection);
        return connection;
      },
    });
    client.on('call', (call) => {
      const number = follow(call);
      if (call.direction !== 'incoming') return;
      events.add(`call ${number} from ${call.remote.user}`);
      if (call.replaces) events.add(`replaced ${calls.indexOf(call.replaces)}`);
      else if (options.answer !== 'manual') void call.answer(wish());
    });
    client.on('message', ({ text }) => events.add(`message ${text}`));
    client.connect();
    return new Promise((resolve, reject) => {
      client.on('state', ({ state }) => {
        events.add(state);
        if (state === 'registered') resolve();
      });
      client.on('error', (error) => reject(error));
    });
  },

  async call(target) {
    return follow(client.call(target, wish()));
  },

  async answer(call) {
    await calls[call]!.answer(wish());
    return Date.now();
  },

  async hangUp(call) {
    calls[call]!.hangUp();
  },

  hold: (call) => calls[call]!.hold(),
  resume: (call) => calls[call]!.resume(),
  dtmf: (call, tones) => calls[call]!.sendDtmf(tones, { by: 'rtp' }),
  listen: (call) => listen(calls[call]!.connection!, events),
  firstSound: (call) => firstSound(() => calls[call]!.connection),

  message: (target, text) =>
    client.message(target, text).then(
      () => 200,
      (error) => (error instanceof ClientError ? (error.status ?? 0) : 0),
    ),

  transfer: (call, target) => calls[call]!.transfer(target),
  connect: (call, other) => calls[call]!.transferTo(calls[other]!),
  media: (call) => mediaOf(calls[call]!.connection!),
  stop: () => client.disconnect(),
};

function wish(): { audio: boolean | MediaTrackConstraints; video: boolean | MediaTrackConstraints } {
  const { audio = false, video = false } = options.constraints;
  return { audio, video };
}

function follow(call: Call): number {
  const number = calls.push(call) - 1;
  call.on('state', (state) => {
    if (state === 'active') events.add(`established ${number}`);
    if (state === 'ringing') events.add(`ringing ${number}`);
  });
  call.on('remoteHold', (held) => events.add(`${held ? 'held' : 'resumed'} ${number}`));
  call.on('ended', ({ status, reason }) => events.add(`ended ${number} ${status ?? ''} ${reason}`));
  call.on('transferred', () => events.add(`referred ${number}`));
  call.on('error', (error) => events.add(`error ${number} ${error.message}`));
  return number;
}

publish(phone, events);
