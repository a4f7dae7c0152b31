// A phone that says what the test wants, message by message, with real RTP.
import { type Line, overUdp } from './line.ts';
import { RtpEndpoint } from './rtp-endpoint.ts';
import { bodyOf, type Dialog, status, User } from './user.ts';

export class ScriptedPhone {
  readonly user: User;
  readonly rtp: RtpEndpoint;
  private readonly line: Line;

  private constructor(user: User, line: Line, rtp: RtpEndpoint) {
    this.user = user;
    this.line = line;
    this.rtp = rtp;
  }

  /** Registers. `options`: its answer to OPTIONS, and the session description in it; default a phone that tells nothing. */
  static async open(
    server: { host: string; port: number },
    account: { name: string; domain: string; password?: string },
    options: (rtp: RtpEndpoint) => { line: string; body?: string } = () => ({ line: '405 Method Not Allowed' }),
  ): Promise<ScriptedPhone> {
    const line = await overUdp(server.host, server.port);
    const rtp = await RtpEndpoint.open();
    const phone = new ScriptedPhone(new User(line, { password: `${account.name}-password`, ...account }), line, rtp);
    phone.answerEach('OPTIONS', options(rtp));
    const registered = await phone.user.register();
    if (status(registered) !== 200) throw new Error(`not registered: ${registered}`);
    return phone;
  }

  /** Position for `incoming`. */
  mark(): number {
    return this.line.received.length;
  }

  /** All that came since. */
  received(from = 0): string[] {
    return this.line.received.slice(from);
  }

  incoming(method: string, from = 0): Promise<string> {
    return this.user.incoming(method, from);
  }

  /** 200 with its description; plays to where the request says. */
  accept(invite: string, options: { tag?: string; sdp?: string; extra?: string } = {}): Dialog {
    const { sdp = this.rtp.sdp(), ...rest } = options;
    const dialog = this.user.answer(invite, '200 OK', { body: sdp, ...rest });
    if (bodyOf(invite)) this.rtp.play(bodyOf(invite));
    return dialog;
  }

  /** Calls, plays to where the answer says. `extra`: further header lines. */
  async call(to: string, extra = ''): Promise<Dialog> {
    const { answer, dialog } = await this.user.call(to, { offer: this.rtp.sdp(), extra });
    if (!dialog) throw new Error(`the call failed: ${answer}`);
    this.rtp.play(bodyOf(answer));
    return dialog;
  }

  /** Unregisters first: nobody shall be sent to a phone that is gone. */
  async close(): Promise<void> {
    this.rtp.close();
    await this.user.register(0);
    this.line.close();
  }

  /** Each request of that method that comes is answered so. */
  answerEach(method: string, { line, body = '' }: { line: string; body?: string }): void {
    let from = 0;
    const next = async (): Promise<void> => {
      for (;;) {
        const isOne = (text: string): boolean => text.startsWith(`${method} `);
        const request = await this.line.next(isOne, { from, timeout: 2 ** 31 - 1 });
        from = this.line.received.indexOf(request, from) + 1;
        this.user.answer(request, line, { body });
      }
    };
    next().catch(() => {}); // the line is closed
  }
}
