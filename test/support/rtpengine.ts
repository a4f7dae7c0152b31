// rtpengine in userspace (Debian package rtpengine-daemon).
import { peerPath } from './peer.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';

export interface Rtpengine {
  pid: number;
  /** `udp://127.0.0.1:PORT` and `ws://127.0.0.1:PORT`. */
  url: string;
  webSocketUrl: string;
  port: number;
  webPort: number;
  /** What it has logged. */
  output(): string;
  isRunning(): boolean;
  kill(signal: NodeJS.Signals): void;
  stop(): Promise<unknown>;
}

export interface RtpengineSettings {
  /** The same ports again, after a restart. */
  port?: number;
  webPort?: number;
  /** Where its media is; default loopback. */
  address?: string;
  threads?: number;
  /** How many RTP ports it has. */
  ports?: number;
  cpu?: string;
  logLevel?: number;
  flags?: readonly string[];
}

export async function startRtpengine(settings: RtpengineSettings = {}): Promise<Rtpengine> {
  const { address = '127.0.0.1', threads = 2, ports = 200, cpu, logLevel = 4, flags = [] } = settings;
  const ng = settings.port ?? (await freePort());
  const web = settings.webPort ?? (await freePort());
  const media = await freePort(ports);
  const program = new Program(
    'rtpengine',
    peerPath('rtpengine'),
    [
      '--config-file=none', // else a second one takes the port of the packaged configuration
      `--interface=${address}`,
      `--listen-ng=127.0.0.1:${ng}`,
      `--listen-http=127.0.0.1:${web}`,
      '--foreground',
      '--log-stderr',
      `--log-level=${Math.max(6, logLevel)}`,
      '--table=-1', // no kernel module
      `--port-min=${media}`,
      `--port-max=${media + ports - 1}`,
      `--num-threads=${threads}`,
      ...flags,
    ],
    cpu === undefined ? {} : { cpu },
  );
  await program.waitFor(/Startup complete/);
  return {
    pid: program.pid,
    url: `udp://127.0.0.1:${ng}`,
    webSocketUrl: `ws://127.0.0.1:${web}`,
    port: ng,
    webPort: web,
    output: () => program.output,
    isRunning: () => program.isRunning,
    kill: (signal) => program.kill(signal),
    stop: () => program.stop(),
  };
}
