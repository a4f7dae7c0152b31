// baresip: a phone with real media. A folder each; driven over its ctrl_tcp module (netstrings of JSON), waited on by its events.
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, watch, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerPath } from './peer.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import { loudness, writeTone } from './tone.ts';

export interface BaresipOptions {
  name: string;
  password: string;
  domain: string;
  /** `host:port` of the server */
  server: string;
  transport?: 'udp' | 'tcp' | 'tls';
  answer?: 'manual' | 'auto';
  /** PEM file of the authority that signed the server's certificate. */
  authority?: string;
  /** Further account parameters, as `;mediaenc=srtp-mand`. */
  account?: string;
  /** Its only codec. */
  codec?: 'opus';
  /** Further modules, as `presence` and `mwi`. */
  modules?: readonly string[];
  /** Lines of its address book, as `"Bob" <sip:bob@example.test>;presence=p2p`; the first is whom `message` is for. */
  contacts?: readonly string[];
}

interface Event {
  event?: true;
  response?: true;
  type?: string;
  ok?: boolean;
  data?: string;
  token?: string;
  param?: string;
  peeruri?: string;
}

export class Baresip {
  readonly name: string;
  readonly program: Program;
  readonly port: number;
  private readonly folder: string;
  private readonly control: Socket;
  private readonly events: Event[] = [];
  private readonly waiting = new Set<() => void>();
  private received = '';
  private tokens = 0;
  /** Of its recordings. */
  private readonly octetsPerSecond: number;

  private constructor(
    name: string,
    folder: string,
    program: Program,
    port: number,
    control: Socket,
    octetsPerSecond: number,
  ) {
    this.octetsPerSecond = octetsPerSecond;
    this.name = name;
    this.folder = folder;
    this.program = program;
    this.port = port;
    this.control = control;
    control.setEncoding('utf8').on('data', (text: string) => this.read(text));
    control.on('error', () => {});
    program.exited.then(() => this.look());
  }

  /** Starts it and waits until it is registered. */
  static async start(options: BaresipOptions): Promise<Baresip> {
    const { name, password, domain, server, transport = 'udp', answer = 'manual' } = options;
    const account = `${options.codec ? ';audio_codecs=opus/48000/2' : ''}${options.account ?? ''}`;
    const rate = options.codec ? 48_000 : 8000;
    const folder = mkdtempSync(join(tmpdir(), `chappe-baresip-${name}-`));
    const port = await freePort(2);
    const controlPort = await freePort();
    const rtp = await freePort(20);
    mkdirSync(join(folder, 'heard'));
    writeTone(join(folder, 'tone.wav'), { rate, channels: options.codec ? 2 : 1 });
    const modules = [
      'stdio',
      options.codec ?? 'g711',
      'aufile',
      'aubridge',
      'stun',
      'ice',
      'srtp',
      'dtls_srtp',
      'sndfile',
    ];
    const lines = [
      `sip_listen 127.0.0.1:${port}`,
      `rtp_ports ${rtp}-${rtp + 19}`,
      `audio_source aufile,${folder}/tone.wav`,
      'audio_player aubridge,pa',
      `ausrc_srate ${rate}`,
      `auplay_srate ${rate}`,
      ...(options.codec ? ['ausrc_channels 2', 'auplay_channels 2'] : []),
      'module_path /usr/lib/baresip/modules',
      ...modules.map((module) => `module ${module}.so`),
      `snd_path ${folder}/heard`,
      'module_tmp uuid.so',
      'module_tmp account.so',
      'module_app menu.so',
      'module_app ctrl_tcp.so',
      ...['contact', ...(options.modules ?? [])].map((module) => `module_app ${module}.so`),
      `ctrl_tcp_listen 127.0.0.1:${controlPort}`,
      ...(options.authority ? [`sip_cafile ${options.authority}`] : []),
    ];
    writeFileSync(join(folder, 'config'), `${lines.join('\n')}\n`);
    writeFileSync(
      join(folder, 'accounts'),
      `<sip:${name}@${domain};transport=${transport}>;auth_user=${name};auth_pass=${password};regint=60;` +
        `outbound="sip:${server};transport=${transport}";answermode=${answer}${account}\n`,
    );
    const { contacts = [] } = options;
    writeFileSync(join(folder, 'contacts'), contacts.map((line) => `${line}\n`).join(''));
    if (contacts[0]) writeFileSync(join(folder, 'current_contact'), /<([^>]*)>/.exec(contacts[0])?.[1] ?? '');
    const args = ['-f', folder, '-4', ...(process.env['CHAPPE_TEST_LOG'] ? ['-s'] : [])];
    const program = new Program(`baresip ${name}`, peerPath('baresip'), args, { cwd: folder });
    try {
      await program.waitFor(/baresip is ready/);
      const control = await connected(controlPort);
      const phone = new Baresip(name, folder, program, port, control, rate * (options.codec ? 4 : 2));
      await program.waitFor(
        /\b(200 OK|[3-6]\d\d .*|Connection refused|Protocol error).*\[\d+ bindings?\]|reg: .*(failed|error)/i,
      );
      if (!/200 OK/.test(program.output)) throw new Error(`baresip ${name} could not register:\n${program.output}`);
      return phone;
    } catch (error) {
      await program.stop();
      throw error;
    }
  }

  /** Runs a command of its menu: `dial sip:bob@example.test`, `hangup`, `accept`, `hold`, `resume`. */
  async command(command: string, params = ''): Promise<string> {
    const token = `t${++this.tokens}`;
    const text = JSON.stringify({ command, params, token });
    this.control.write(`${Buffer.byteLength(text)}:${text},`);
    const answer = await this.find(
      (event) => event.response === true && event.token === token,
      `answer to ${command}`,
      0,
    );
    return answer.data ?? '';
  }

  /** A position in the events: what is waited for after an action is looked for from there on. */
  mark(): number {
    return this.events.length;
  }

  /** Waits for an event such as CALL_INCOMING, CALL_ESTABLISHED, CALL_CLOSED. */
  event(type: string, from = 0, timeout = 15_000): Promise<Event> {
    return this.find((event) => event.event === true && event.type === type, type, from, timeout);
  }

  /** Waits until its address book shows somebody as `Online`, `Busy` or `Offline`. */
  async shows(address: string, presence: string, timeout = 15_000): Promise<void> {
    for (const deadline = Date.now() + timeout; ; ) {
      const book = await this.command('contacts');
      if (book.split('\n').some((line) => line.includes(address) && line.includes(presence))) return;
      if (Date.now() > deadline)
        throw new Error(`baresip ${this.name} does not show ${address} as ${presence}:\n${book}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Waits until it has received that key as an event in RTP (RFC 4733). */
  async key(key: string, from = 0): Promise<void> {
    await this.find(
      ({ event, type, param }) => event === true && type === 'CALL_DTMF_START' && param === key,
      `key ${key}`,
      from,
    );
  }

  /** Waits until `seconds` more of sound have arrived. */
  async hears(seconds: number, timeout = 15_000): Promise<void> {
    const start = this.heardBytes();
    for (const deadline = Date.now() + timeout; this.heardBytes() - start < seconds * this.octetsPerSecond; ) {
      if (Date.now() > deadline)
        throw new Error(
          `baresip ${this.name} heard ${this.heardBytes() - start} bytes in ${timeout} ms:\n${this.program.output.slice(-4000)}`,
        );
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** The time of Date.now() at which the next sound is decoded. */
  async firstSound(timeout = 20_000): Promise<number> {
    const before = new Map(this.recordings().map((file) => [file, statSync(file).size]));
    const watcher = watch(join(this.folder, 'heard'));
    try {
      return await new Promise((resolve, reject) => {
        setTimeout(() => reject(new Error(`baresip ${this.name} heard nothing in ${timeout} ms`)), timeout).unref();
        watcher.on('change', () => {
          const grown = this.recordings().some((file) => {
            const { size } = statSync(file);
            // A new call begins the recording anew.
            if (size < (before.get(file) ?? 0)) before.set(file, size);
            return size > Math.max(WAV_HEADER, before.get(file) ?? 0);
          });
          if (grown) resolve(Date.now());
        });
      });
    } finally {
      watcher.close();
    }
  }

  /** Waits until it has sent and decoded `seconds` more of sound (its recording stops at the first hold). */
  async flows(seconds = 0.3, timeout = 15_000): Promise<void> {
    const start = await this.soundTimes();
    for (const deadline = Date.now() + timeout; ; ) {
      const now = await this.soundTimes();
      if (now.sent >= start.sent + seconds && now.decoded >= start.decoded + seconds) return;
      if (Date.now() > deadline)
        throw new Error(`no sound both ways at baresip ${this.name}: ${JSON.stringify([start, now])}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Seconds of sound in the call, as `audio_debug` tells them. */
  private async soundTimes(): Promise<{ sent: number; decoded: number }> {
    const [sent = 0, decoded = 0] = [...(await this.command('audio_debug')).matchAll(/^ *time = ([\d.]+) sec/gm)].map(
      ([, seconds]) => Number(seconds),
    );
    return { sent, decoded };
  }

  /** Loudness of the loudest call that is over (files are whole only then). */
  loudness(): number {
    return Math.max(0, ...this.recordings().map(loudness));
  }

  /** Loudness of the newest call, which is over. */
  lastLoudness(): number {
    return Math.max(0, ...this.recordings().sort().slice(-1).map(loudness));
  }

  private heardBytes(): number {
    return this.recordings().reduce((sum, file) => sum + statSync(file).size, 0);
  }

  private recordings(): string[] {
    const folder = join(this.folder, 'heard');
    return readdirSync(folder)
      .filter((file) => file.endsWith('dec.wav'))
      .map((file) => join(folder, file));
  }

  async stop(): Promise<void> {
    this.control.destroy();
    await this.program.stop();
    if (process.env['CHAPPE_TEST_LOG']) process.stderr.write(this.program.output);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private find(wanted: (event: Event) => boolean, what: string, from: number, timeout = 15_000): Promise<Event> {
    return new Promise((resolve, reject) => {
      const done = (): void => {
        clearTimeout(timer);
        this.waiting.delete(check);
      };
      const failed = (why: string): void => {
        done();
        reject(
          new Error(
            `baresip ${this.name}: no ${what} ${why}\n${JSON.stringify(this.events)}\n${this.program.output.slice(-4000)}`,
          ),
        );
      };
      const check = (): void => {
        const found = this.events.slice(from).find(wanted);
        if (found) {
          done();
          resolve(found);
        } else if (!this.program.isRunning) failed('before it ended');
      };
      const timer = setTimeout(() => failed(`in ${timeout} ms`), timeout);
      this.waiting.add(check);
      check();
    });
  }

  private read(text: string): void {
    this.received += text;
    for (;;) {
      const colon = this.received.indexOf(':');
      const length = Number(this.received.slice(0, colon));
      if (colon < 0 || this.received.length < colon + length + 2) break;
      this.events.push(JSON.parse(this.received.slice(colon + 1, colon + 1 + length)) as Event);
      this.received = this.received.slice(colon + length + 2);
    }
    this.look();
  }

  private look(): void {
    for (const check of [...this.waiting]) check();
  }
}

const WAV_HEADER = 44;

function connected(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: '127.0.0.1', port }, () => resolve(socket));
    socket.once('error', reject);
  });
}
