// coturn's server and its test client (Debian package coturn).
import { peerPath } from './peer.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';

export interface UclientResult {
  code: number | null;
  sent: number;
  received: number;
  output: string;
}

export interface UclientOptions {
  port: number;
  /** As its command line has them, `-y -c`. */
  flags: string;
  /** The shared secret of ephemeral credentials, or an account's name and password. */
  secret?: string;
  user?: string;
  password?: string;
  clients?: number;
  messages?: number;
  /** Octets, and milliseconds between the messages of one client. */
  size?: number;
  interval?: number;
  cpu?: string;
}

export async function runUclient(options: UclientOptions): Promise<UclientResult> {
  const { port, flags, secret, user = 'alice', password } = options;
  const { clients = 2, messages = 50, size = 172, interval = 5, cpu } = options;
  const credential = secret === undefined ? ['-w', password ?? ''] : ['-W', secret];
  const program = new Program(
    'turnutils_uclient',
    peerPath('turnutils_uclient'),
    `-u ${user} ${flags} -n ${messages} -m ${clients} -l ${size} -z ${interval} -p ${port}`
      .split(' ')
      .concat(credential, '127.0.0.1'),
    cpu === undefined ? {} : { cpu },
  );
  const code = await program.exited;
  const count = (name: string) =>
    Math.max(0, ...[...program.output.matchAll(new RegExp(`${name}=(\\d+)`, 'g'))].map(([, value]) => Number(value)));
  return { code, sent: count('tot_send_msgs'), received: count('tot_recv_msgs'), output: program.output };
}

/** A peer that sends back whatever it gets; resolves with its port. */
export async function startUdpEcho(cpu?: string): Promise<{ port: number; stop(): Promise<unknown> }> {
  const port = await freePort();
  const program = new Program(
    'turnutils_peer',
    peerPath('turnutils_peer'),
    ['-p', `${port}`, '-L', '127.0.0.1', '-v'],
    cpu === undefined ? {} : { cpu },
  );
  return { port, stop: () => program.stop() };
}

export interface Coturn {
  port: number;
  pid: number;
  stop(): Promise<unknown>;
}

export async function startCoturn(options: {
  secret: string;
  realm: string;
  flags?: string;
  cpu?: string;
}): Promise<Coturn> {
  const port = await freePort();
  const { secret, realm, flags, cpu } = options;
  const program = new Program(
    'turnserver',
    peerPath('turnserver'),
    [
      ...'-n --log-file=stdout --listening-ip=127.0.0.1 --relay-ip=127.0.0.1 --no-tls --no-dtls --no-cli'.split(' '),
      ...'--relay-threads=1 --pidfile=/dev/null --use-auth-secret'.split(' '),
      `--listening-port=${port}`,
      `--static-auth-secret=${secret}`,
      `--realm=${realm}`,
      ...(flags === undefined ? [] : flags.split(' ')),
    ],
    cpu === undefined ? {} : { cpu },
  );
  await program.waitFor(/IO method \(admin thread\)/);
  return { port, pid: program.pid, stop: () => program.stop() };
}
