// A phone with plain RTP on a socket of its own: says a tone in PCMU in real time once it knows where to, and remembers what
// it hears.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { isRtcp } from '../../src/protocol/rtp/demultiplex.ts';
import { parseTelephoneEvent } from '../../src/protocol/rtp/telephone-event.ts';
import { parseDescription } from '../../src/protocol/sdp/session-description.ts';
import { rootMeanSquare } from './audio.ts';
import { EVENT_8, type Heard, heardPacket, listen, PCMU, speak } from './rtp-audio.ts';

const PACKET_TIME = 20;

export class RtpPhone {
  readonly heard: Heard[] = [];
  /** When the first packet came, by performance.now(). */
  heardAt: number | undefined;
  readonly address: string;
  readonly port: number;
  private readonly socket: Socket;
  private readonly packets: readonly Uint8Array[];
  private sent = 0;
  private timer: NodeJS.Timeout | undefined;

  private constructor(socket: Socket, hertz: number) {
    this.socket = socket;
    this.packets = speak(PCMU, { hertz, seconds: 30 });
    ({ address: this.address, port: this.port } = socket.address());
    socket.on('message', (packet) => {
      if (isRtcp(packet)) return;
      this.heardAt ??= performance.now();
      this.heard.push(heardPacket(packet, packet.length));
    });
  }

  static async open(hertz = 700, address = '127.0.0.1'): Promise<RtpPhone> {
    const socket = createSocket('udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new RtpPhone(socket, hertz);
  }

  /** An answer to any offer, or an offer: PCMU and telephone-event. */
  get description(): string {
    const { address, port } = this;
    const head = ['v=0', `o=phone 1 1 IN IP4 ${address}`, 's=-', `c=IN IP4 ${address}`, 't=0 0'];
    const codecs = ['a=rtpmap:0 PCMU/8000', 'a=rtpmap:101 telephone-event/8000', 'a=fmtp:101 0-15'];
    return `${[...head, `m=audio ${port} RTP/AVP 0 101`, ...codecs, 'a=sendrecv'].join('\r\n')}\r\n`;
  }

  /** Speaks to where this description says. */
  speakTo(description: string): void {
    const section = parseDescription(description).media[0]!;
    const { address } = section.connection!;
    clearInterval(this.timer);
    this.timer = setInterval(() => {
      const packet = this.packets[this.sent++ % this.packets.length]!;
      this.socket.send(packet, section.port, address);
    }, PACKET_TIME);
  }

  /** Root mean square of the last two seconds' samples. */
  get loudness(): number {
    return rootMeanSquare(listen(PCMU, this.heard.slice(-100)));
  }

  /** The events that came, with their durations in milliseconds. */
  get events(): { event: number; length: number }[] {
    const events = new Map<number, { event: number; length: number }>();
    for (const { payloadType, timestamp, payload } of this.heard) {
      const event = payloadType === EVENT_8.payloadType ? parseTelephoneEvent(payload, 0) : undefined;
      if (event?.end) events.set(timestamp, { event: event.event, length: event.duration / 8 });
    }
    return [...events.values()];
  }

  close(): void {
    clearInterval(this.timer);
    this.socket.close();
  }
}
