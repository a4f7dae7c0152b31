// The media of a scripted phone: a real UDP socket that plays a tone in PCMU and listens, and shares no code with the relay.
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';

const SAMPLES = 160; // 20 ms at 8 kHz
const PCMU = 0;
const PCMA = 8;
export const EVENTS = 101;

export class RtpEndpoint {
  readonly socket: Socket;
  readonly ssrc = Math.floor(Math.random() * 2 ** 32);
  readonly port: number;
  /** What came: whole packets, oldest first, at most the last thousand. */
  readonly packets: { data: Buffer; from: RemoteInfo }[] = [];
  received = 0;
  /** Where it plays to. */
  target: { address: string; port: number } | undefined;
  private readonly waiting = new Set<() => void>();
  private readonly address: string;
  private sequence = Math.floor(Math.random() * 30_000);
  private timestamp = Math.floor(Math.random() * 2 ** 31);
  private playing: NodeJS.Timeout | undefined;

  private constructor(socket: Socket, address: string) {
    this.socket = socket;
    this.address = address;
    this.port = socket.address().port;
    socket.on('message', (data, from) => {
      this.received++;
      this.packets.push({ data, from });
      if (this.packets.length > 1000) this.packets.shift();
      for (const check of [...this.waiting]) check();
    });
    socket.on('error', () => {});
  }

  static async open(address = '127.0.0.1'): Promise<RtpEndpoint> {
    const socket = createSocket('udp4');
    socket.bind(0, address);
    await once(socket, 'listening');
    return new RtpEndpoint(socket, address);
  }

  /** An offer or answer of plain G.711 at this socket. */
  sdp({ direction = 'sendrecv', version = 1 } = {}): string {
    const lines = [
      'v=0',
      `o=phone 7 ${version} IN IP4 ${this.address}`,
      's=-',
      `c=IN IP4 ${this.address}`,
      't=0 0',
      `m=audio ${this.port} RTP/AVP ${PCMU} ${EVENTS}`,
      `a=rtpmap:${PCMU} PCMU/8000`,
      `a=rtpmap:${EVENTS} telephone-event/8000`,
      `a=fmtp:${EVENTS} 0-15`,
      'a=ptime:20',
      `a=${direction}`,
    ];
    return `${lines.join('\r\n')}\r\n`;
  }

  /** Plays a tone there, 50 packets a second, until told otherwise. */
  play(sdp: string, pitch = 440): void {
    this.target = addressIn(sdp);
    this.silence();
    this.playing = setInterval(() => this.send(this.packet(pitch)), 20);
  }

  silence(): void {
    clearInterval(this.playing);
  }

  /** The next packet of its stream. */
  packet(pitch: number): Buffer {
    const data = Buffer.alloc(12 + SAMPLES);
    data[0] = 0x80;
    data[1] = PCMU;
    data.writeUInt16BE(this.sequence++ & 0xffff, 2);
    data.writeUInt32BE(this.timestamp >>> 0, 4);
    data.writeUInt32BE(this.ssrc, 8);
    for (let index = 0; index < SAMPLES; index++) {
      const time = (this.timestamp + index) / 8000;
      data[12 + index] = toMulaw(Math.round(9000 * Math.sin(2 * Math.PI * pitch * time)));
    }
    this.timestamp += SAMPLES;
    return data;
  }

  send(packet: Buffer, to = this.target): void {
    if (to) this.socket.send(packet, to.port, to.address);
  }

  /** A key of a telephone, as RFC 4733 wants it: its end three times. */
  press(event: number): void {
    const [start, sequence] = [this.timestamp, this.sequence];
    for (let index = 0; index < 6; index++) {
      const data = Buffer.alloc(16);
      data[0] = 0x80;
      data[1] = EVENTS | (index === 0 ? 0x80 : 0);
      data.writeUInt16BE((sequence + index) & 0xffff, 2);
      data.writeUInt32BE(start >>> 0, 4);
      data.writeUInt32BE(this.ssrc, 8);
      data[12] = event;
      data[13] = (index < 3 ? 0 : 0x80) | 10;
      data.writeUInt16BE(SAMPLES * Math.min(index + 1, 4), 14);
      this.send(data);
    }
    this.sequence += 6;
  }

  /** Waits until what comes is loud, not only there. */
  async hears(timeout = 10_000): Promise<void> {
    const from = this.received;
    await this.until(
      () => this.received > from && loudness(this.packets.slice(from - this.received)) > 200,
      'sound',
      timeout,
    );
  }

  /** Waits for an event of that key. */
  async key(event: number, timeout = 10_000): Promise<void> {
    const isKey = ({ data }: { data: Buffer }): boolean => (data[1]! & 0x7f) === EVENTS && data[12] === event;
    await this.until(() => this.packets.some(isKey), `key ${event}`, timeout);
  }

  until(wanted: () => boolean, what: string, timeout = 10_000): Promise<void> {
    return new Promise((resolve, reject) => {
      const check = (): void => {
        if (!wanted()) return;
        clearTimeout(timer);
        this.waiting.delete(check);
        resolve();
      };
      const timer = setTimeout(() => {
        this.waiting.delete(check);
        reject(new Error(`no ${what} at the phone in ${timeout} ms, ${this.received} packets came`));
      }, timeout);
      this.waiting.add(check);
      check();
    });
  }

  close(): void {
    this.silence();
    this.socket.close();
  }
}

/** Where a description wants the sound of its first section. */
export function addressIn(sdp: string): { address: string; port: number } {
  const port = Number(/^m=audio (\d+)/m.exec(sdp)?.[1] ?? 0);
  const addresses = [...sdp.matchAll(/^c=IN IP[46] (\S+)/gm)].map((match) => match[1]!);
  return { address: addresses.at(-1) ?? '127.0.0.1', port };
}

/** Of G.711 packets, 0 (silent) to 32767. */
export function loudness(packets: readonly { data: Buffer }[]): number {
  let sum = 0;
  let count = 0;
  for (const { data } of packets) {
    const payloadType = data[1]! & 0x7f;
    if (payloadType !== PCMU && payloadType !== PCMA) continue;
    const decode = payloadType === PCMU ? fromMulaw : fromAlaw;
    for (const octet of data.subarray(12)) sum += decode(octet) ** 2;
    count += data.length - 12;
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}

// ITU-T G.711, each octet the way the standard's tables say.

function toMulaw(sample: number): number {
  const sign = sample < 0 ? 0x80 : 0;
  const magnitude = Math.min(Math.abs(sample), 32_635) + 132;
  const exponent = Math.floor(Math.log2(magnitude)) - 7;
  return ~(sign | (exponent << 4) | ((magnitude >> (exponent + 3)) & 0x0f)) & 0xff;
}

function fromMulaw(octet: number): number {
  const value = ~octet & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + 132) << ((value >> 4) & 7)) - 132;
  return value & 0x80 ? -magnitude : magnitude;
}

function fromAlaw(octet: number): number {
  const value = octet ^ 0x55;
  const exponent = (value >> 4) & 7;
  const mantissa = ((value & 0x0f) << 4) + 8;
  const magnitude = exponent === 0 ? mantissa : (mantissa + 256) << (exponent - 1);
  return value & 0x80 ? magnitude : -magnitude;
}
