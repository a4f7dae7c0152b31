import type { UserAgent } from '../protocol/sip/user-agent.ts';
import type { CallName, UserAgentEvent, UserAgentOutput } from '../protocol/sip/user-agent-event.ts';
import type { Clock } from './clock.ts';
import type { WebSocketConstructor } from './web-socket-transport.ts';

/** Whoever has a session hears what the user agent says of it. */
export interface SessionListener {
  receive(event: UserAgentEvent): void;
}

/** Looks at an INVITE that comes in. Undefined: it is not for this kind of session. */
export type TakeInvitation = (event: Extract<UserAgentEvent, { type: 'incomingCall' }>) => SessionListener | undefined;

/** What sessions of another kind than calls have of the client (`client.sessions`). */
export interface SessionPort {
  /** Runs a command of the user agent and carries its outputs out. */
  perform(command: (agent: UserAgent, now: number) => UserAgentOutput[]): void;
  /** Before an INVITE of that name goes out. */
  listen(name: CallName, listener: SessionListener): void;
  /** Completes what a person typed to a URI; throws BAD_TARGET. */
  uriOf(target: string): string;
  readonly connected: boolean;
  /** Where to open another WebSocket, with a fresh credential in it. */
  webSocketUrl(): Promise<string>;
  readonly WebSocket: WebSocketConstructor;
  /** Throws NO_MEDIA where the platform has none. */
  peerConnection(): RTCPeerConnection;
  readonly clock: Clock;
}
