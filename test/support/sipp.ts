// SIPp: phones by the hundred from a scenario. Debian's 3.6 speaks UDP and TCP; it is built without TLS.
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerPath } from './peer.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';

export interface SippUser {
  name: string;
  /** Digest user name, when it is not the name (ephemeral credentials). */
  username?: string;
  password: string;
}

export interface SippOptions {
  scenario: string;
  /** What calls that come in meanwhile do: a callee that registers with `scenario` and stays. */
  incoming?: string;
  /** `host:port` of the server; none for a callee that only answers. */
  server?: string;
  transport?: 'udp' | 'tcp';
  /** A socket for each call: users with credentials of their own cannot share a connection. */
  socketPerCall?: boolean;
  users?: readonly SippUser[];
  /** What is said to it comes back. */
  echo?: boolean;
  port?: number;
  calls?: number;
  /** New calls a second. */
  rate?: number;
  /** Calls at once. */
  limit?: number;
  /** Seconds until the whole run is given up. */
  timeout?: number;
  cpu?: string;
}

export interface SippResult {
  code: number | null;
  successful: number;
  failed: number;
  errors: string;
}

export interface SippRun {
  program: Program;
  port: number;
  /** Resolves when a scenario that registers and stays has been registered. */
  registered(): Promise<void>;
  /** Resolves when all calls are done. */
  result: Promise<SippResult>;
  stop(): Promise<void>;
}

export async function startSipp(options: SippOptions): Promise<SippRun> {
  const { scenario, server, transport = 'udp', users = [], calls, rate = 50, limit = 50, timeout = 60, cpu } = options;
  const port = options.port ?? (await freePort());
  const folder = mkdtempSync(join(tmpdir(), 'chappe-sipp-'));
  writeFileSync(join(folder, 'scenario.xml'), scenario);
  if (options.incoming) writeFileSync(join(folder, 'incoming.xml'), options.incoming);
  const args = [
    '-sf',
    'scenario.xml',
    '-i',
    '127.0.0.1',
    '-p',
    String(port),
    '-t',
    `${transport[0]}${options.socketPerCall ? 'n' : '1'}`,
  ];
  args.push(
    '-nostdin',
    '-r',
    String(rate),
    '-l',
    String(limit),
    '-timeout',
    String(timeout),
    '-timeout_error',
    '-max_socket',
    '1000',
    '-trace_err',
  );
  args.push(
    '-mp',
    String(await freePort(4)),
    '-cp',
    String(await freePort()),
    '-trace_stat',
    '-fd',
    '1',
    '-stf',
    'stat.csv',
  );
  if (users.length > 0) {
    const lines = users.map(
      ({ name, username = name, password }) => `${name};[authentication username=${username} password=${password}];`,
    );
    writeFileSync(join(folder, 'users.csv'), `SEQUENTIAL\n${lines.join('\n')}\n`);
    args.push('-inf', 'users.csv');
  }
  if (options.echo) args.push('-rtp_echo');
  if (options.incoming) args.push('-oocsf', 'incoming.xml');
  if (calls !== undefined) args.push('-m', String(calls));
  if (process.env['CHAPPE_TEST_LOG']) args.push('-trace_msg');
  if (server) args.push(server);
  const program = new Program('sipp', peerPath('sipp'), args, {
    cwd: folder,
    env: { ...process.env, TERM: 'dumb' },
    ...(cpu ? { cpu } : {}),
  });
  const result = program.exited.then((code): SippResult => {
    const files = readdirSync(folder);
    const read = (pattern: RegExp): string =>
      files
        .filter((file) => pattern.test(file))
        .map((file) => readFileSync(join(folder, file), 'latin1'))
        .join('\n');
    const { successful, failed } = totals(read(/^stat\.csv$/));
    const errors = `${read(/_errors\.log$/).slice(0, 8000)}${files.length === 0 ? program.output : ''}`;
    if (process.env['CHAPPE_TEST_LOG']) process.stderr.write(read(/_messages\.log$/));
    rmSync(folder, { recursive: true, force: true });
    return { code, successful, failed, errors: errors || (code === 0 ? '' : program.output.slice(-3000)) };
  });
  return {
    program,
    port,
    result,
    async registered() {
      for (const deadline = Date.now() + 10_000; !existsSync(join(folder, 'registered')); ) {
        if (!program.isRunning || Date.now() > deadline) throw new Error(`not registered: ${(await result).errors}`);
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    async stop() {
      program.kill('SIGTERM');
      await result;
    },
  };
}

/** Runs a caller's or registration scenario to its end. */
export async function runSipp(options: SippOptions): Promise<SippResult> {
  return (await startSipp(options)).result;
}

/** The last line of SIPp's statistics, by column name. */
function totals(csv: string): { successful: number; failed: number } {
  const lines = csv.trim().split('\n');
  const names = lines[0]?.split(';') ?? [];
  const values = lines.at(-1)?.split(';') ?? [];
  const column = (name: string): number => Number(values[names.indexOf(name)] ?? 0) || 0;
  return { successful: column('SuccessfulCall(C)'), failed: column('FailedCall(C)') };
}
