// RFC 3711 section 3.2.3: what a cryptographic context holds for one SSRC.
import { sequenceDistance } from '../rtp/header.ts';
import { ReplayWindow } from './replay-window.ts';

const NO_KEYSTREAM = new Uint8Array();

export class Source {
  ssrc: number;
  readonly window = new ReplayWindow();
  /** Counter mode's keystream made ahead: for `ahead` packets from index `first`, `blocks` blocks each. */
  keystream: Uint8Array = NO_KEYSTREAM;
  first = -1;
  ahead = 0;
  blocks = 0;

  constructor(ssrc: number) {
    this.ssrc = ssrc;
  }

  /**
   * Section 3.3.1 and appendix A: the index 2^16 * ROC + SEQ of a packet, by the highest one so far. Negative: it would be
   * from before the first.
   */
  estimate(sequence: number): number {
    const { highest } = this.window;
    if (highest < 0) return sequence;
    const before = highest % 0x10000;
    const distance = sequenceDistance(before, sequence);
    // Just half way round, the appendix stays with the same rollover counter.
    return distance === -0x8000 && before < 0x8000 ? highest + 0x8000 : highest + distance;
  }
}

/** The sources of a session, bounded. Whoever adds one has found it authentic. */
export class Sources {
  private readonly bySsrc = new Map<number, Source>();
  private readonly most: number;
  private last: Source | undefined;

  constructor(most: number) {
    this.most = most;
  }

  get size(): number {
    return this.bySsrc.size;
  }

  get full(): boolean {
    return this.bySsrc.size >= this.most;
  }

  find(ssrc: number): Source | undefined {
    if (this.last !== undefined && this.last.ssrc === ssrc) return this.last;
    const found = this.bySsrc.get(ssrc);
    if (found !== undefined) this.last = found;
    return found;
  }

  add(source: Source): void {
    this.bySsrc.set(source.ssrc, source);
    this.last = source;
  }
}
