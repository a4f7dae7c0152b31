// Calls of pages to phones through a gateway, both ends scripted: SIP over WebSocket with WebRTC media, SIP over UDP with plain RTP.
import { type Line, overUdp } from '../test/support/line.ts';
import { MediaPeer } from '../test/support/media-peer.ts';
import {
  bodyOf,
  type Dialog,
  ephemeralCredential,
  header,
  lineWithCredential,
  status,
  User,
} from '../test/support/user.ts';

export interface GatewayAddress {
  ws: string;
  udp: { host: string; port: number };
  domain: string;
  secret: string;
}

/** Milliseconds from the answer to media that can be sent: checks and the DTLS handshake. */
const CONNECTING = 10_000;

/** What a phone tells when it is asked by OPTIONS. */
const SPOKEN =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n';

/** A phone over UDP that registers with digest and accepts every call with plain RTP. */
class Phone {
  readonly user: User;
  /** By Call-ID. */
  readonly peers = new Map<string, Promise<MediaPeer>>();
  private readonly line: Line;

  constructor(line: Line, user: User) {
    this.line = line;
    this.user = user;
    this.serve().catch(() => {}); // the line is closed
  }

  private async serve(): Promise<void> {
    const isRequest = (text: string): boolean => /^(?!SIP\/2\.0|ACK )/.test(text);
    for (let from = 0; ; ) {
      const request = await this.line.next(isRequest, { from, timeout: 2 ** 31 - 1 });
      from = this.line.received.indexOf(request, from) + 1;
      const callId = header(request, 'Call-ID');
      if (request.startsWith('INVITE ')) void this.accept(request, callId);
      else {
        this.user.answer(request, '200 OK', { body: request.startsWith('OPTIONS ') ? SPOKEN : '' });
        if (!request.startsWith('BYE ')) continue;
        (await this.peers.get(callId))?.close();
        this.peers.delete(callId);
      }
    }
  }

  private async accept(invite: string, callId: string): Promise<void> {
    if (this.peers.has(callId)) return; // once more
    const tag = `callee-${callId}`;
    if (!/^m=audio \d+ RTP\/AVP /m.test(invite)) {
      this.user.answer(invite, '488 Not Acceptable Here', { tag });
      return;
    }
    const opened = MediaPeer.open('RTP/AVP');
    this.peers.set(callId, opened);
    this.user.answer(invite, '180 Ringing', { tag });
    const peer = await opened;
    this.user.answer(invite, '200 OK', { tag, body: peer.answer(bodyOf(invite)) });
  }
}

interface Call {
  dialog: Dialog;
  page: MediaPeer;
  phone: MediaPeer;
}

export class GatewayCalls {
  /** Each page calls the phone of its number. */
  private readonly pairs: readonly { page: User; phone: Phone }[];
  private readonly domain: string;

  private constructor(domain: string, pairs: GatewayCalls['pairs']) {
    this.domain = domain;
    this.pairs = pairs;
  }

  /** All of them registered. */
  static async open({ ws, udp, domain, secret }: GatewayAddress, count: number): Promise<GatewayCalls> {
    const pair = async (number: number): Promise<GatewayCalls['pairs'][number]> => {
      const [pageName, phoneName] = [`page${number}`, `phone${number}`];
      const page = new User(await lineWithCredential(ws, secret, pageName), { name: pageName, domain });
      const line = await overUdp(udp.host, udp.port);
      const user = new User(line, { name: phoneName, domain, ...ephemeralCredential(secret, phoneName) });
      const phone = new Phone(line, user);
      for (const registered of [await page.register(), await user.register()])
        if (status(registered) !== 200) throw new Error(`not registered: ${registered}`);
      return { page, phone };
    };
    return new GatewayCalls(domain, await Promise.all(Array.from({ length: count }, (_, number) => pair(number))));
  }

  /** One call of each page, up to media that can be sent. */
  begin(): Promise<Call[]> {
    return Promise.all(this.pairs.map((_, number) => this.call(number)));
  }

  async end(calls: readonly Call[]): Promise<void> {
    await Promise.all(calls.map((call, number) => this.hangUp(number, call)));
  }

  /** `count` calls begun at a rate, each ended as soon as it could be spoken in. */
  async short(count: number, rate: number): Promise<void> {
    const all: Promise<void>[] = [];
    const start = performance.now();
    while (all.length < count) {
      const due = Math.min(count, ((performance.now() - start) * rate) / 1000);
      while (all.length < due) {
        const number = all.length % this.pairs.length;
        all.push(this.call(number).then((call) => this.hangUp(number, call)));
      }
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    await Promise.all(all);
  }

  private async call(number: number): Promise<Call> {
    const { page: user, phone: callee } = this.pairs[number]!;
    const page = await MediaPeer.open('webrtc');
    const { answer, dialog } = await user.call(`sip:phone${number}@${this.domain}`, { offer: page.offer() });
    if (dialog === undefined) throw new Error(`the call failed: ${answer}`);
    page.accept(bodyOf(answer));
    await within(CONNECTING, page.ready, `no media with ${bodyOf(answer)}`);
    return { dialog, page, phone: await callee.peers.get(dialog.callId)! };
  }

  private async hangUp(number: number, { dialog, page }: Call): Promise<void> {
    const answer = await this.pairs[number]!.page.within(dialog, 'BYE');
    page.close();
    if (status(answer) !== 200) throw new Error(`BYE: ${answer}`);
  }
}

async function within<T>(milliseconds: number, promise: Promise<T>, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(what)), milliseconds);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
