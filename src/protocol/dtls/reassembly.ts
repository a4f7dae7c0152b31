// RFC 6347 sections 4.2.2 and 4.2.3: messages put in order and together from fragments in any order, with bounds.
import type { Fragment, HandshakeMessage } from './handshake-message.ts';
import type { Epoch } from './record-layer.ts';

export interface ReassemblyLimits {
  /** Octets of one handshake message. */
  message: number;
  /** How many messages beyond the awaited one are kept. */
  messagesAhead: number;
  /** Octets of these together; the awaited one always has room. */
  octetsAhead: number;
}

interface Partial {
  type: number;
  epoch: Epoch;
  body: Uint8Array;
  /** 1 for each octet that has come. */
  present: Uint8Array;
  missing: number;
}

export class Reassembly {
  private readonly limits: ReassemblyLimits;
  private readonly partials = new Map<number, Partial>();
  /** message_seq of the next message to be delivered. */
  awaited = 0;

  constructor(limits: ReassemblyLimits) {
    this.limits = limits;
  }

  /** False when it was dropped: old, too far ahead, too big, or in conflict with itself. */
  add(fragment: Fragment, epoch: Epoch): boolean {
    const { sequence, offset, length, body } = fragment;
    if (sequence < this.awaited || sequence > this.awaited + this.limits.messagesAhead) return false;
    if (length > this.limits.message || offset + body.length > length) return false;
    let partial = this.partials.get(sequence);
    // What a record's tag vouches for outranks what came in the clear.
    if (partial && partial.epoch > epoch) return false;
    if (!partial || partial.epoch < epoch || partial.type !== fragment.type || partial.body.length !== length) {
      if (!this.hasRoom(sequence, length)) return false;
      partial = {
        type: fragment.type,
        epoch,
        body: new Uint8Array(length),
        present: new Uint8Array(length),
        missing: length,
      };
      this.partials.set(sequence, partial);
    }
    for (let i = 0; i < body.length; i++) {
      if (partial.present[offset + i] === 1) continue;
      partial.present[offset + i] = 1;
      partial.body[offset + i] = body[i]!;
      partial.missing--;
    }
    return true;
  }

  /** The awaited message, once it is whole. It is to be accepted or rejected. */
  next(): HandshakeMessage | undefined {
    const partial = this.partials.get(this.awaited);
    if (!partial || partial.missing > 0) return undefined;
    return { type: partial.type, sequence: this.awaited, epoch: partial.epoch, body: partial.body };
  }

  accept(): void {
    this.partials.delete(this.awaited);
    this.awaited++;
  }

  /** It was no good: perhaps forged, so the peer's own, or its repetition, may still come. */
  reject(): void {
    this.partials.delete(this.awaited);
  }

  clear(): void {
    this.partials.clear();
  }

  private hasRoom(sequence: number, length: number): boolean {
    if (sequence === this.awaited) return true;
    let octets = length;
    for (const [other, partial] of this.partials) {
      if (other !== this.awaited && other !== sequence) octets += partial.body.length;
    }
    return octets <= this.limits.octetsAhead;
  }
}
