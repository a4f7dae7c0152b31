// RFC 3550 section 5.1: packets in the order in which they were sent.
import { sequenceDistance, sequenceNumber } from '../../../protocol/rtp/header.ts';

/** RFC 3550 A.1: how far a source may jump ahead, or lag, and be the same stream. */
const MAX_DROPOUT = 3000;
const MAX_MISORDER = 100;
/** The longest packet that is understood. */
export const DATAGRAM = 1500;

/**
 * Holds one packet that came before its turn, until the next shows whether two were swapped or one is lost. So a loss costs
 * the receiver's jitter buffer one packet's time, and a swap costs nothing; holding more would delay every loss by more.
 */
export class PacketOrder {
  /** Packets that came too late, or twice. */
  late = 0;
  /** The sequence number that comes next. */
  private expected = 0;
  private readonly held = new Uint8Array(DATAGRAM);
  private heldLength = 0;
  private readonly take: (packet: Uint8Array, length: number, lost: number) => void;

  /** `take` is told of each packet when its turn is there, and how many are lost before it. */
  constructor(take: (packet: Uint8Array, length: number, lost: number) => void) {
    this.take = take;
  }

  /** Whether this number cannot be of the same stream. */
  isFar(sequence: number): boolean {
    const ahead = sequenceDistance(this.expected, sequence);
    return ahead >= MAX_DROPOUT || ahead <= -MAX_MISORDER;
  }

  /** A stream that begins with this number. */
  begin(sequence: number): void {
    this.expected = sequence;
    this.heldLength = 0;
  }

  /** At most DATAGRAM octets. */
  push(packet: Uint8Array, length: number): void {
    const ahead = this.ahead(packet);
    const heldAhead = this.heldLength === 0 ? -1 : this.ahead(this.held);
    if (ahead < 0 || ahead === heldAhead) this.late++;
    else if (ahead > 0 && heldAhead < 0) this.hold(packet, length);
    else if (ahead > heldAhead && ahead > 0) {
      this.passHeld();
      if (this.ahead(packet) === 0) this.pass(packet, length);
      else this.hold(packet, length);
    } else {
      this.pass(packet, length);
      if (heldAhead >= 0 && this.ahead(this.held) === 0) this.passHeld();
    }
  }

  private ahead(packet: Uint8Array): number {
    return sequenceDistance(this.expected, sequenceNumber(packet));
  }

  private hold(packet: Uint8Array, length: number): void {
    for (let i = 0; i < length; i++) this.held[i] = packet[i]!;
    this.heldLength = length;
  }

  private passHeld(): void {
    const length = this.heldLength;
    this.heldLength = 0;
    this.pass(this.held, length);
  }

  private pass(packet: Uint8Array, length: number): void {
    const lost = this.ahead(packet);
    this.expected = (sequenceNumber(packet) + 1) & 0xffff;
    this.take(packet, length, lost);
  }
}
