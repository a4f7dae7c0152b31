// slixmpp, driven by lines (slixmpp-client.py).
import { fileURLToPath } from 'node:url';
import { Program } from './program.ts';

/** Debian's, which has python3-slixmpp. */
const PYTHON = '/usr/bin/python3';
const script = fileURLToPath(new URL('slixmpp-client.py', import.meta.url));

export interface SlixmppOptions {
  jid: string;
  password: string;
  host: string;
  port: number;
  security: 'starttls' | 'tls' | 'plain';
  /** The certificate's file, trusted. */
  authority?: string;
  mechanism?: string;
}

export class Slixmpp {
  readonly program: Program;
  #read = 0;

  constructor({ jid, password, host, port, security, authority = '', mechanism }: SlixmppOptions) {
    const args = [script, jid, password, host, String(port), security, authority];
    this.program = new Program('slixmpp', PYTHON, mechanism === undefined ? args : [...args, mechanism]);
  }

  /** The next event of that name, after those that were waited for. */
  async event(name: string, timeout = 15_000): Promise<Record<string, unknown>> {
    const pattern = new RegExp(`^\\{"event": "${name}".*\\}$`, 'm');
    const from = this.#read;
    const found = await this.program.waitFor(pattern, { from, timeout });
    this.#read = from + found.index + found[0].length;
    return JSON.parse(found[0]) as Record<string, unknown>;
  }

  /** The next of that name in which those fields are so. */
  async eventOf(name: string, fields: Record<string, unknown>): Promise<void> {
    const wanted = JSON.stringify(fields);
    for (;;) {
      const event = await this.event(name);
      if (JSON.stringify(Object.fromEntries(Object.keys(fields).map((key) => [key, event[key]]))) === wanted) return;
    }
  }

  say(line: string): void {
    this.program.write(`${line}\n`);
  }

  async stop(): Promise<void> {
    this.say('quit');
    await this.program.stop();
  }
}
