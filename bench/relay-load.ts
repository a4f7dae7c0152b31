// The load generator of the relay benchmark: both ends of every call, in a process of its own. Told over IPC what to do.
import type { MediaParty } from '../src/server/media/engine.ts';
import { MediaPeer } from '../test/support/media-peer.ts';
import { type LoadResult, StreamLoad } from './stream-load.ts';

export interface LoadSettings {
  caller: MediaParty['profile'];
  callee: MediaParty['profile'];
  calls: number;
  /** What a browser offers to protect by; default: AEAD_AES_128_GCM before AES128_CM_HMAC_SHA1_80. */
  srtp?: 'SRTP_AES128_CM_HMAC_SHA1_80' | 'SRTP_AEAD_AES_128_GCM';
}

export type LoadWork =
  | ({ kind: 'offer' } & LoadSettings)
  | { kind: 'answer' | 'accept'; descriptions: readonly string[] }
  /** Packets a second over all calls, both directions. */
  | { kind: 'run'; rate: number; seconds: number }
  | { kind: 'close' };

let callers: MediaPeer[] = [];
let callees: MediaPeer[] = [];
let load: StreamLoad | undefined;

async function perform(work: LoadWork): Promise<string[] | LoadResult> {
  switch (work.kind) {
    case 'offer': {
      const open = (profile: MediaParty['profile']): Promise<MediaPeer[]> =>
        Promise.all(
          Array.from({ length: work.calls }, () =>
            MediaPeer.open(profile, '127.0.0.1', work.srtp === undefined ? undefined : [work.srtp]),
          ),
        );
      callers = await open(work.caller);
      callees = await open(work.callee);
      return callers.map((peer) => peer.offer());
    }
    case 'answer':
      return callees.map((peer, i) => peer.answer(work.descriptions[i]!));
    case 'accept':
      for (const [i, peer] of callers.entries()) peer.accept(work.descriptions[i]!);
      load = await StreamLoad.open(callers.map((caller, i) => [caller, callees[i]!] as const));
      return [];
    case 'run':
      return load!.run(work.rate, work.seconds);
    case 'close':
      for (const peer of [...callers, ...callees]) peer.close();
      return [];
  }
}

process.on('message', (work: LoadWork) => {
  perform(work).then(
    (done) => process.send!(done),
    (error: Error) => process.send!({ failed: error.stack ?? error.message }),
  );
});
process.on('disconnect', () => process.exit());
