// A page on SIP.js 0.21, used through its API as its documentation shows.
import {
  type Invitation,
  Inviter,
  Messager,
  type Notification,
  Registerer,
  type Session,
  SessionState,
  SIPExtension,
  UserAgent,
  type Web,
} from 'sip.js';
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
const calls: Session[] = [];
let agent: UserAgent;
let options: StartOptions;

const phone: WebPhone = {
  events: events.all,

  async start(given) {
    options = given;
    const { ws, uri, password } = given;
    const name = /sip:([^@]+)@/.exec(uri)![1]!;
    agent = new UserAgent({
      uri: UserAgent.makeURI(uri)!,
      transportOptions: { server: ws },
      ...(password ? { authorizationUsername: name, authorizationPassword: password } : {}),
      sipExtensionReplaces: SIPExtension.Supported,
      sessionDescriptionHandlerFactoryOptions: {
        peerConnectionConfiguration: {
          iceServers: given.iceServers ?? [],
          iceTransportPolicy: given.relayOnly ? 'relay' : 'all',
        },
        iceGatheringTimeout: 1000,
      },
      logBuiltinEnabled: false,
      delegate: {
        onInvite(invitation: Invitation) {
          const number = follow(invitation);
          events.add(`call ${number} from ${invitation.remoteIdentity.uri.user}`);
          if (invitation.replacee) events.add(`replaced ${calls.indexOf(invitation.replacee)}`);
          if (given.answer !== 'manual') void invitation.accept({ sessionDescriptionHandlerOptions: media() });
        },
        onMessage(message) {
          events.add(`message ${message.request.body}`);
          void message.accept();
        },
        onDisconnect: () => events.add('disconnected'),
      },
    });
    await agent.start();
    await new Promise<void>((resolve, reject) => {
      void new Registerer(agent).register({
        requestDelegate: {
          onAccept: () => resolve(),
          onReject: ({ message }) => reject(new Error(`registration failed: ${message.statusCode}`)),
        },
      });
    });
    events.add('registered');
  },

  async call(target) {
    const inviter = new Inviter(agent, UserAgent.makeURI(target)!, { sessionDescriptionHandlerOptions: media() });
    const number = follow(inviter);
    await inviter.invite({
      requestDelegate: { onReject: ({ message }) => events.add(`failed ${number} ${message.statusCode}`) },
    });
    return number;
  },

  async answer(call) {
    void (calls[call] as Invitation).accept({ sessionDescriptionHandlerOptions: media() });
    return Date.now();
  },

  async hangUp(call) {
    await calls[call]!.bye();
  },

  async dtmf(call, tones) {
    calls[call]!.sessionDescriptionHandler!.sendDtmf(tones, { duration: 160, interToneGap: 70 });
  },
  listen: (call) => listen(connectionOf(calls[call]!)!, events),
  firstSound: (call) => firstSound(() => connectionOf(calls[call]!)),

  hold: (call) => renegotiate(call, true),
  resume: (call) => renegotiate(call, false),

  message: (target, text) =>
    new Promise((resolve) => {
      void new Messager(agent, UserAgent.makeURI(target)!, text).message({
        requestDelegate: {
          onAccept: ({ message }) => resolve(message.statusCode!),
          onReject: ({ message }) => resolve(message.statusCode!),
        },
      });
    }),

  transfer: (call, target) => refer(call, UserAgent.makeURI(target)!),
  connect: (call, other) => refer(call, calls[other]!),
  media: (call) => mediaOf(connectionOf(calls[call]!)!),

  async stop() {
    await agent.stop();
  },
};

function media(): Web.SessionDescriptionHandlerOptions {
  return { constraints: options.constraints };
}

function connectionOf(session: Session): RTCPeerConnection | undefined {
  return (session.sessionDescriptionHandler as Web.SessionDescriptionHandler | undefined)?.peerConnection;
}

function follow(session: Session): number {
  const number = calls.push(session) - 1;
  session.delegate = {
    onSessionDescriptionHandler() {
      const connection = connectionOf(session);
      if (connection) play(connection);
    },
    onInvite(request) {
      events.add(/^a=(sendonly|inactive)/m.test(request.body) ? `held ${number}` : `resumed ${number}`);
    },
    onRefer(referral) {
      events.add(`referred ${number}`);
      void referral.accept().then(() => {
        const inviter = referral.makeInviter({ sessionDescriptionHandlerOptions: media() });
        follow(inviter);
        return inviter.invite();
      });
    },
  };
  session.stateChange.addListener((state) => {
    if (state === SessionState.Established) events.add(`established ${number}`);
    if (state === SessionState.Terminated) events.add(`ended ${number}`);
  });
  return number;
}

function renegotiate(call: number, hold: boolean): Promise<void> {
  const session = calls[call]!;
  const sessionDescriptionHandlerOptions: Web.SessionDescriptionHandlerOptions = { ...media(), hold };
  session.sessionDescriptionHandlerOptionsReInvite = sessionDescriptionHandlerOptions;
  return new Promise((resolve, reject) => {
    void session.invite({
      sessionDescriptionHandlerOptions,
      requestDelegate: {
        onAccept: () => resolve(),
        onReject: ({ message }) => reject(new Error(`re-INVITE refused: ${message.statusCode}`)),
      },
    });
  });
}

function refer(call: number, target: Parameters<Session['refer']>[0]): Promise<void> {
  return new Promise((resolve, reject) => {
    void calls[call]!.refer(target, {
      requestDelegate: { onReject: ({ message }) => reject(new Error(`REFER refused: ${message.statusCode}`)) },
      onNotify(notification: Notification) {
        void notification.accept();
        const status = Number(/^SIP\/2\.0 (\d{3})/.exec(notification.request.body)?.[1] ?? 0);
        if (status >= 300) reject(new Error(`the transfer failed: ${status}`));
        else if (status >= 200) resolve();
      },
    });
  });
}

publish(phone, events);
