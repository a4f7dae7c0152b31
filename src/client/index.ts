// biome-ignore-all lint/performance/noBarrelFile: the SDK's entry, `import { Client } from 'chappe/client'`
export { Call } from './call.ts';
export type { CallEnd, CallEvents, CallState, TransferProgress } from './call-event.ts';
export {
  Client,
  type ClientEvents,
  type ClientOptions,
  type ClientState,
  type IncomingMessage,
} from './client.ts';
export type { Clock } from './clock.ts';
export {
  accountName,
  type Credentials,
  type CredentialsProvider,
  fetchCredentials,
  type IceServer,
} from './credentials.ts';
export type { Devices, MediaWish } from './devices.ts';
export { Emitter } from './emitter.ts';
export { ClientError, type ClientErrorCode } from './errors.ts';
export type { Peer } from './peer.ts';
export type { CallStatistics, StreamStatistics } from './statistics.ts';
export type { NetworkEvents, WebSocketConstructor, WebSocketLike } from './web-socket-transport.ts';
