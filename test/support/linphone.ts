// linphone's phone of the command line, as a second phone with real media: files in place of a soundcard.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerPath } from './peer.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import { loudness, writeTone } from './tone.ts';

export interface LinphoneOptions {
  name: string;
  password: string;
  domain: string;
  /** `host:port` of the server, UDP. */
  server: string;
  /** Default: in the clear. */
  encryption?: 'srtp' | 'dtls';
}

export class Linphone {
  readonly name: string;
  readonly program: Program;
  private readonly folder: string;

  private constructor(name: string, folder: string, program: Program) {
    this.name = name;
    this.folder = folder;
    this.program = program;
  }

  /** Starts it and waits until it is registered. */
  static async start({ name, password, domain, server, encryption }: LinphoneOptions): Promise<Linphone> {
    const folder = mkdtempSync(join(tmpdir(), `chappe-linphone-${name}-`));
    writeTone(join(folder, 'tone.wav'));
    // It does not listen without its database.
    mkdirSync(join(folder, '.local/share/linphone'), { recursive: true });
    const port = await freePort();
    const lines = [
      '[sip]',
      `sip_port=${port}`,
      'sip_tcp_port=-1',
      'sip_tls_port=-1',
      'register_only_when_network_is_up=0',
      'default_proxy=0',
      'use_ipv6=0',
      ...(encryption ? [`media_encryption=${encryption}`, 'media_encryption_mandatory=1'] : []),
      '[rtp]',
      `audio_rtp_port=${await freePort(2)}`,
      '[proxy_0]',
      `reg_proxy=<sip:${server};transport=udp>`,
      `reg_route=<sip:${server};transport=udp;lr>`,
      `reg_identity="${name}" <sip:${name}@${domain}>`,
      'reg_expires=600',
      'reg_sendregister=1',
      '[auth_info_0]',
      `username=${name}`,
      `passwd=${password}`,
      `realm=${domain}`,
    ];
    writeFileSync(join(folder, 'linphonerc'), `${lines.join('\n')}\n`);
    const program = new Program(
      `linphone ${name}`,
      peerPath('linphonec'),
      ['-d', '6', '-c', join(folder, 'linphonerc')],
      {
        cwd: folder,
        env: { ...process.env, HOME: folder },
      },
    );
    const phone = new Linphone(name, folder, program);
    try {
      await program.waitFor(/linphonec>/);
      await phone.command('soundcard use files', /Using wav files/);
      program.write(`play ${folder}/tone.wav\nrecord ${folder}/heard.wav\n`);
      await program.waitFor(/\[LinphoneRegistrationOk\]/);
      return phone;
    } catch (error) {
      await phone.stop();
      throw error;
    }
  }

  /** Types a line, and waits for what is to be printed after it. */
  async command(line: string, printed: RegExp): Promise<void> {
    const from = this.program.mark();
    this.program.write(`${line}\n`);
    await this.program.waitFor(printed, { from });
  }

  /** Waits until it rings, and answers. */
  async answer(from: number): Promise<void> {
    await this.program.waitFor(/^SIP\/2\.0 180 Ringing/m, { from });
    await this.command('answer', /\bLinphoneCallStreamsRunning\b/);
  }

  /** Waits until the call is over. */
  async ended(from: number): Promise<void> {
    await this.program.waitFor(/\bLinphoneCallReleased\b/, { from });
  }

  /** A position in what it prints. */
  mark(): number {
    return this.program.mark();
  }

  /** Waits until what it has heard is loud (of a recording that is still written). */
  async hears(least = 300, timeout = 15_000): Promise<void> {
    const file = join(this.folder, 'heard.wav');
    for (const deadline = Date.now() + timeout; !existsSync(file) || loudness(file) < least; ) {
      if (Date.now() > deadline) throw new Error(`linphone ${this.name} heard nothing in ${timeout} ms`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async stop(): Promise<void> {
    this.program.write('quit\n');
    await this.program.stop();
    if (process.env['CHAPPE_TEST_LOG']) process.stderr.write(this.program.output);
    rmSync(this.folder, { recursive: true, force: true });
  }
}
