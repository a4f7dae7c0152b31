import { write, writeSync } from 'node:fs';

/** Characters that wait for a slow reader; what comes beyond them is not logged. */
const MOST_WAITING = 1024 * 1024;
/** Milliseconds until a reader who was behind is tried again. */
const AGAIN = 100;

/**
 * Writes lines to a file descriptor in the background, in order: a slow reader of the log never holds up a call. Nor does
 * he hold up the end of the process: what he has not taken by then is tried once more, and lost. (pino's own destination
 * sleeps and tries without end, also where the reader is gone.)
 */
export class LogOutput {
  readonly #descriptor: number;
  #waiting = '';
  /** What a reader who was behind has not taken. */
  #rest: Buffer | undefined;
  #writing = false;

  constructor(descriptor: number) {
    this.#descriptor = descriptor;
    process.once('exit', () => this.#end());
  }

  write(line: string): void {
    if (this.#waiting.length + line.length > MOST_WAITING) return;
    this.#waiting += line;
    if (!this.#writing) this.#next();
  }

  #next(): void {
    this.#writing = this.#waiting !== '';
    if (!this.#writing) return;
    const lines = Buffer.from(this.#waiting);
    this.#waiting = '';
    this.#put(lines);
  }

  #put(octets: Buffer): void {
    this.#rest = undefined;
    write(this.#descriptor, octets, (error, written) => {
      if (error?.code === 'EAGAIN') {
        this.#rest = octets;
        setTimeout(() => this.#put(octets), AGAIN).unref();
      } else if (error === null && written < octets.length) this.#put(octets.subarray(written));
      else this.#next(); // also where nobody reads any more: that is no reason to end
    });
  }

  #end(): void {
    try {
      const left = Buffer.concat([this.#rest ?? Buffer.alloc(0), Buffer.from(this.#waiting)]);
      if (left.length > 0) writeSync(this.#descriptor, left);
    } catch {
      // Nobody reads it.
    }
  }
}
