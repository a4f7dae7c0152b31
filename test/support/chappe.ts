// The server under test as its users start it: `bin/chappe.js start --json` with a configuration and a data folder of its own.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from './program.ts';

const launcher = fileURLToPath(new URL('../../bin/chappe.js', import.meta.url));

export interface Ready {
  pid: number;
  version: string;
  domain: string;
  web: string;
  ws: string;
  /** `udp:127.0.0.1:5060` and so on. */
  sip: string[];
  xmpp: string[];
  msrp: string[];
}

export interface ChappeOptions {
  /** Merged over the defaults of `chappeConfig`. */
  config?: Record<string, unknown>;
  /** A data folder to start again from; else a fresh one, removed at the end. */
  data?: string;
  args?: readonly string[];
  /** taskset list */
  cpu?: string;
}

export interface Chappe {
  program: Program;
  ready: Ready;
  data: string;
  /** The configuration file. */
  config: string;
  /** Host and port of the first SIP listener of that transport. */
  sip(transport: 'udp' | 'tcp' | 'tls'): { host: string; port: number; text: string };
  stop(): Promise<number | null>;
}

export const secret = 'the-arms-of-the-telegraph';

/** Everything on loopback and free ports; accounts for those who call each other in the tests. */
export function chappeConfig(config: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    domain: 'example.test',
    web: { listen: '127.0.0.1:0', origins: ['*'] },
    sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] },
    turn: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] },
    msrp: { listen: ['tcp:127.0.0.1:0'] },
    xmpp: { listen: ['tcp:127.0.0.1:0'] },
    auth: { secret: [secret] },
    accounts: ['alice', 'bob', 'carol', 'dave'].map((name) => ({ name, password: `${name}-password` })),
    ...config,
  };
}

export async function startChappe({ config, data, args = [], cpu }: ChappeOptions = {}): Promise<Chappe> {
  const folder = mkdtempSync(join(tmpdir(), 'chappe-test-'));
  const file = join(folder, 'chappe.yaml');
  const store = data ?? join(folder, 'data');
  writeFileSync(file, JSON.stringify(chappeConfig(config), null, 2)); // JSON is YAML
  const program = new Program(
    'chappe',
    process.execPath,
    [launcher, 'start', '--json', '--config', file, '--data', store, ...args],
    cpu ? { cpu } : {},
  );
  let ready: Ready;
  try {
    ready = JSON.parse((await program.waitFor(/^\{"event":"ready".*\}$/m))[0]) as Ready;
  } catch (error) {
    await program.stop();
    throw error;
  }
  return {
    program,
    ready,
    data: store,
    config: file,
    sip(transport) {
      const text = ready.sip.find((listener) => listener.startsWith(`${transport}:`));
      const [, host, port] = /^\w+:(.*):(\d+)$/.exec(text ?? '') ?? [];
      if (!host) throw new Error(`chappe has no ${transport} listener: ${ready.sip}`);
      return { host, port: Number(port), text: `${host}:${port}` };
    },
    async stop() {
      const code = await program.stop(10_000);
      if (process.env['CHAPPE_TEST_LOG']) process.stderr.write(program.output);
      rmSync(folder, { recursive: true, force: true });
      return code;
    },
  };
}

/** One run of the command line to its end. */
export async function runChappe(
  args: readonly string[],
  input?: string,
): Promise<{ code: number | null; output: string }> {
  const program = new Program('chappe', process.execPath, [launcher, ...args]);
  if (input !== undefined) program.write(input);
  program.closeInput();
  const code = await program.exited;
  return { code, output: program.output };
}
