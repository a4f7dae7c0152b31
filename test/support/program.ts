// A program under test: started with its output collected, waited for by what it prints, ended by its own id.
import { type ChildProcess, spawn } from 'node:child_process';

export interface ProgramOptions {
  cwd?: string;
  env?: NodeJS.ProcessEnv;
  /** Restricts the program to one core (a `taskset -c` list): benchmarks keep server and generator apart. */
  cpu?: string;
}

/** A child process whose standard output and error can be waited on. Output is bounded to its last megabyte. */
export class Program {
  readonly name: string;
  readonly exited: Promise<number | null>;
  stdout = '';
  /** Standard output and error in the order they came. */
  output = '';
  private readonly child: ChildProcess;
  private readonly waiting = new Set<() => void>();
  private running = true;

  constructor(name: string, command: string, args: readonly string[], options: ProgramOptions = {}) {
    this.name = name;
    const [file, ...rest] = options.cpu ? ['taskset', '-c', options.cpu, command, ...args] : [command, ...args];
    this.child = spawn(file!, rest, { cwd: options.cwd, env: options.env ?? process.env, stdio: 'pipe' });
    this.child.stdout!.setEncoding('utf8').on('data', (text: string) => {
      this.stdout = keep(this.stdout + text);
      this.collect(text);
    });
    this.child.stderr!.setEncoding('utf8').on('data', (text: string) => this.collect(text));
    this.child.stdin!.on('error', () => {});
    this.exited = new Promise((resolve) => {
      this.child.once('error', (error) => {
        this.collect(`${error.message}\n`);
        this.ended(resolve, null);
      });
      this.child.once('close', (code) => this.ended(resolve, code));
    });
    alive.add(this);
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get isRunning(): boolean {
    return this.running;
  }

  write(text: string): void {
    this.child.stdin!.write(text);
  }

  closeInput(): void {
    this.child.stdin!.end();
  }

  /** A position in the output: what is waited for after an action is looked for from there on. */
  mark(): number {
    return this.output.length;
  }

  /** Resolves with the match once the output (from `from` on) matches; rejects with the output when it ends or takes too long. */
  async waitFor(pattern: RegExp, { timeout = 15_000, from = 0 } = {}): Promise<RegExpExecArray> {
    const look = (): RegExpExecArray | null => pattern.exec(this.output.slice(from));
    const found = look();
    if (found) return found;
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(check);
      };
      const check = (): void => {
        const match = look();
        if (match) {
          done();
          resolve(match);
        } else if (!this.running) {
          done();
          reject(new Error(`${this.name} ended before printing ${pattern}:\n${this.output.slice(-6000)}`));
        }
      };
      const timer = setTimeout(() => {
        done();
        reject(new Error(`${this.name} did not print ${pattern} in ${timeout} ms:\n${this.output.slice(-6000)}`));
      }, timeout);
      this.waiting.add(check);
      check();
    });
  }

  kill(signal: NodeJS.Signals = 'SIGTERM'): void {
    if (this.running) this.child.kill(signal);
  }

  /** Ends it: SIGTERM, and SIGKILL when that is not heeded within `patience` milliseconds. */
  async stop(patience = 5000): Promise<number | null> {
    this.kill();
    const hard = setTimeout(() => this.kill('SIGKILL'), patience);
    const code = await this.exited;
    clearTimeout(hard);
    return code;
  }

  private collect(text: string): void {
    this.output = keep(this.output + text);
    for (const check of this.waiting) check();
  }

  private ended(resolve: (code: number | null) => void, code: number | null): void {
    this.running = false;
    alive.delete(this);
    for (const check of [...this.waiting]) check();
    resolve(code);
  }
}

function keep(text: string): string {
  return text.length > 2_000_000 ? text.slice(-1_000_000) : text;
}

// A test run that dies leaves none of its programs behind.
const alive = new Set<Program>();
process.once('exit', () => {
  for (const program of alive) program.kill('SIGTERM'); // not SIGKILL: Kamailio's main process must end its children
});
