import { existsSync } from 'node:fs';
import { Socket } from 'node:net';
import { join } from 'node:path';
import { ConfigurationError, formatProblem } from '../configuration/problem.ts';
import type { Log } from '../log.ts';
import type { RunningServer } from '../server.ts';
import { type Call, type Command, commonFlags } from './command.ts';
import { welcome } from './welcome.ts';

export const start: Command = {
  name: 'start',
  summary: 'Starts the server. Needs no configuration.',
  details: [
    'SIGTERM or Ctrl-C: no new work, calls get `drain` to end, then exit code 0. SIGHUP: reads the configuration again.',
    'Exit code 1: it cannot listen or use its data. 2: the configuration is wrong.',
  ].join('\n'),
  flags: {
    ...commonFlags,
    listen: { type: 'string', value: 'HOST:PORT', help: 'web port (default: 127.0.0.1:8080; port 0: a free one)' },
    insecure: { type: 'boolean', help: 'allow auth.required: false off loopback' },
  },
  async run(call) {
    const began = performance.now();
    const orders = new Orders();
    const { configuration } = call.configuration();
    // Loaded when it is known that they are needed: other commands answer in half the time.
    const [{ createLog }, { startServer }] = await Promise.all([import('../log.ts'), import('../server.ts')]);
    const log = createLog(configuration.log.level);
    // A broken invariant ends its session (the transports see to that), never the process and with it everybody's calls.
    for (const event of ['uncaughtException', 'unhandledRejection'] as const)
      process.on(event, (error: unknown) => log.error({ error: (error as Error)?.stack ?? String(error) }, event));
    process.stdout.on('error', () => {}); // `chappe | head`
    const server = await startServer(configuration, {
      version: call.version,
      log,
      appsFolder: join(call.packageFolder, 'dist/apps'),
      notice: call.say,
    });
    if (call.json) {
      call.print(JSON.stringify({ event: 'ready', ...server.ready }));
      for (const { name, password } of server.firstAccounts)
        call.print(JSON.stringify({ event: 'account', name, password }));
    } else
      call.print(
        welcome(server, performance.now() - began, {
          colours: process.stdout.isTTY === true,
          program: programName(call.packageFolder),
        }),
      );
    await orders.follow(server, call, log);
    return 0;
  },
};

/** How this program is called, by a person in a clone of the repository or with the package. */
function programName(packageFolder: string): string {
  return existsSync(join(packageFolder, 'tools/setup.js')) ? 'node bin/chappe.js' : 'chappe';
}

/** Signals that come this soon after the first are the same Ctrl-C, passed on by a parent. */
const SAME_SIGNAL = 1_000;
/** What closing everything may take, once no call is waited for. Milliseconds. */
const CLOSING = 10_000;

/** For the last of the output to be read. Milliseconds. */
const LAST_WORDS = 1_000;

/** Orders to end (`drain`: in order; else at once) and to reload. Those that come while the server starts wait for it. */
class Orders {
  #end: ((drain: boolean) => void) | undefined;
  #reload: (() => void) | undefined;
  #waiting: { drain: boolean } | undefined;
  #reloadWaiting = false;
  #ending: number | undefined;

  constructor() {
    process.on('SIGTERM', () => this.#toEnd(true));
    process.on('SIGINT', () => this.#toEnd(true));
    process.on('SIGHUP', () => {
      if (this.#reload === undefined) this.#reloadWaiting = true;
      else this.#reload();
    });
    watchLauncher(() => this.#toEnd(false));
  }

  #toEnd(drain: boolean): void {
    if (this.#ending !== undefined) {
      if (performance.now() - this.#ending > SAME_SIGNAL) process.exit(1); // somebody has no patience
      return;
    }
    this.#ending = performance.now();
    if (this.#end === undefined) this.#waiting = { drain };
    else this.#end(drain);
  }

  /** Obeys, until the server has ended. */
  follow(server: RunningServer, call: Call, log: Log): Promise<void> {
    return new Promise((resolve, reject) => {
      const end = async (drain: boolean) => {
        if (drain) await server.drain();
        // Whatever it is that does not close: who was told to end does.
        const late = setTimeout(() => {
          log.error('not closed in time, ended by force');
          process.exit(1);
        }, CLOSING);
        late.unref();
        await server.close();
        log.info('ended');
        // Nor is anybody waited for who does not read what was said.
        setTimeout(() => process.exit(0), LAST_WORDS).unref();
      };
      this.#end = (drain) => void end(drain).then(resolve, reject);
      this.#reload = () => void reload(server, call);
      if (this.#waiting !== undefined) this.#end(this.#waiting.drain);
      else if (this.#reloadWaiting) this.#reload();
    });
  }
}

/** bin/chappe.js as a parent holds the other end of a pipe: when that closes, the parent is gone. */
function watchLauncher(gone: () => void): void {
  const descriptor = Number(process.env['CHAPPE_LAUNCHER_FD'] ?? Number.NaN);
  if (!Number.isInteger(descriptor) || descriptor < 3) return;
  try {
    const pipe = new Socket({ fd: descriptor, readable: true, writable: false });
    pipe.on('error', gone).on('close', gone).resume();
    pipe.unref();
  } catch {
    // Not a pipe: the variable came from elsewhere.
  }
}

async function reload(server: RunningServer, call: Call): Promise<void> {
  try {
    await server.reload(call.configuration().configuration);
    call.say('configuration read again');
  } catch (error) {
    if (!(error instanceof ConfigurationError)) call.say(`reload failed: ${(error as Error).message}`);
    else for (const problem of error.problems) call.say(`not reloaded: ${formatProblem(problem)}`);
  }
}
