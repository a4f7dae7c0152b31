// The two relays that are compared, each on one core and behind the same port (MediaEngine).
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { RtpengineEngine } from '../src/server/media/rtpengine/rtpengine-engine.ts';
import { freePort } from '../test/support/ports.ts';
import { startRtpengine } from '../test/support/rtpengine.ts';
import { MediaCalls, type MediaQuestion } from './relay-calls.ts';
import { serverCore } from './servers.ts';

export interface RelaySubject {
  name: 'Chappe' | 'rtpengine';
  /** Whose time is measured. */
  pid: number;
  ask(question: MediaQuestion): Promise<string[]>;
  stop(): Promise<unknown>;
}

const PORTS = 400;

/** One thread: on one core a second one only waits for the first. */
export async function rtpengineSubject(): Promise<RelaySubject> {
  const daemon = await startRtpengine({ cpu: serverCore, threads: 1, ports: PORTS });
  const engine = new RtpengineEngine({ urls: [daemon.url] });
  const calls = new MediaCalls(engine);
  return {
    name: 'rtpengine',
    pid: daemon.pid,
    ask: (question) => calls.ask(question),
    async stop() {
      await engine.close();
      await daemon.stop();
    },
  };
}

export async function embeddedSubject(nodeFlags: readonly string[] = []): Promise<RelaySubject> {
  const first = (await freePort(PORTS + 2)) + 1;
  const even = first + (first % 2);
  const host = fork(new URL('./relay-host.ts', import.meta.url), [`${even}`, `${even + PORTS - 1}`], {
    execPath: 'taskset',
    execArgv: ['-c', serverCore, process.execPath, ...nodeFlags],
  });
  const ended = once(host, 'exit').then(([code]) => {
    throw new Error(`the engine's process ended with ${code}`);
  });
  ended.catch(() => {});
  await Promise.race([once(host, 'message'), ended]);
  return {
    name: 'Chappe',
    pid: host.pid!,
    async ask(question) {
      host.send(question);
      const [answer] = (await Promise.race([once(host, 'message'), ended])) as [string[] | { failed: string }];
      if (Array.isArray(answer)) return answer;
      throw new Error(answer.failed);
    },
    async stop() {
      host.disconnect();
      await once(host, 'exit');
    },
  };
}
