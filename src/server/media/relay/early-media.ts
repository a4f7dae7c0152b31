// RFC 3960: before an answer several branches may send, and one of them is heard.

/** A branch that has not sent for so long begins anew, and one that is silent for so long is taken over from; milliseconds. */
const PAUSE = 500;

export interface EarlyVoice {
  /** When it last sent media. */
  heardAt: number;
}

/** Who began to send last is heard, not who sent the last packet: of two at once nothing would be understood. */
export class EarlyMedia {
  private heard: EarlyVoice | undefined;

  /** Whether what this branch sends now is heard. */
  admit(voice: EarlyVoice, now: number): boolean {
    const begins = now - voice.heardAt > PAUSE;
    voice.heardAt = now;
    if (voice === this.heard) return true;
    if (!begins && this.heard !== undefined && now - this.heard.heardAt <= PAUSE) return false;
    this.heard = voice;
    return true;
  }

  leave(voice: EarlyVoice): void {
    if (this.heard === voice) this.heard = undefined;
  }
}
