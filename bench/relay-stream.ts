// One direction of one call: packets that were made before they are needed, and when each went and came.
import { sequenceNumber, ssrc } from '../src/protocol/rtp/header.ts';
import type { MediaPeer } from '../test/support/media-peer.ts';

/** Sequence numbers turn over: a run has fewer packets a stream. */
const TURN = 0x10000;

export class RelayStream {
  sent = 0;
  received = 0;
  /** Came twice, or before it was sent. */
  wrong = 0;
  readonly from: MediaPeer;
  readonly to: MediaPeer;
  private packets: Buffer[] = [];
  private sentAt = new Float64Array(0);
  private firstSequence = 0;
  /** What the relay adds to sequence numbers. */
  private shift = 0;
  private source = 0;
  private readonly take: (milliseconds: number) => void;

  constructor(from: MediaPeer, to: MediaPeer, take: (milliseconds: number) => void) {
    this.from = from;
    this.to = to;
    this.take = take;
  }

  /** Until packets come through, and it is known what becomes of their numbers. */
  async open(): Promise<void> {
    for (let attempt = 0; attempt < 200; attempt++) {
      let came: Buffer | undefined;
      this.to.onPacket = (packet) => {
        if ((packet[1]! & 0x7f) === 0) came = packet;
      };
      const packet = this.from.packet();
      this.from.post(packet);
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (came === undefined) continue;
      this.shift = (sequenceNumber(came) - sequenceNumber(packet)) & (TURN - 1);
      this.source = ssrc(came);
      return;
    }
    throw new Error(`nothing comes through from ${this.from.profile} to ${this.to.profile}`);
  }

  prepare(count: number): void {
    if (count >= TURN) throw new RangeError('too many packets for one run');
    this.packets = Array.from({ length: count }, () => Buffer.from(this.from.packet()));
    this.firstSequence = (sequenceNumber(this.packets[0]!) + this.shift) & (TURN - 1);
    this.sentAt = new Float64Array(count);
    this.sent = this.received = this.wrong = 0;
    this.to.onPacket = (packet) => this.receive(packet);
  }

  /** False: all have gone. */
  send(): boolean {
    const packet = this.packets[this.sent];
    if (packet === undefined) return false;
    this.sentAt[this.sent++] = performance.now();
    this.from.post(packet);
    return true;
  }

  private receive(packet: Buffer): void {
    if ((packet[1]! & 0x7f) !== 0) return; // RTCP of the relay's own
    const number = (sequenceNumber(packet) - this.firstSequence) & (TURN - 1);
    const at = this.sentAt[number] ?? 0;
    if (at <= 0 || ssrc(packet) !== this.source) {
      this.wrong++;
      return;
    }
    this.sentAt[number] = -1;
    this.received++;
    this.take(performance.now() - at);
  }
}
