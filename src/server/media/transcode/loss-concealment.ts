// What a lost packet of G.711 or G.722 sounds like: the last period of the voice again and again, fading out, as G.711
// appendix I does. Opus conceals by itself.

/** Seconds. Voices have a pitch of 66 to 400 Hz. */
const LONGEST_PERIOD = 1 / 66;
const SHORTEST_PERIOD = 1 / 400;
const COMPARED = 0.01;
/** It stays as loud for so long, and is silent at the end. */
const FADES_FROM = 0.01;
const SILENT_AT = 0.06;
/** What was made up passes into what comes again. */
const BLENDED = 0.004;

export class LossConcealment {
  private readonly rate: number;
  private readonly history: Int16Array;
  private period = 0;
  /** Samples made up since the last that came; 0: none was lost. */
  private made = 0;

  constructor(rate: number) {
    this.rate = rate;
    this.history = new Int16Array(Math.ceil((LONGEST_PERIOD + COMPARED) * rate));
  }

  /** What came: kept for later, its beginning blended with what was made up before it. */
  heard(samples: Int16Array, count: number): void {
    if (this.made > 0) {
      const blended = Math.min(count, Math.round(BLENDED * this.rate));
      for (let i = 0; i < blended; i++) {
        const share = (i + 1) / (blended + 1);
        samples[i] = Math.round(share * samples[i]! + (1 - share) * this.next());
      }
      this.made = 0;
    }
    const { history } = this;
    const kept = Math.min(count, history.length);
    history.copyWithin(0, kept);
    for (let i = 0; i < kept; i++) history[history.length - kept + i] = samples[count - kept + i]!;
  }

  /** `count` samples for what did not come. */
  conceal(samples: Int16Array, count: number): void {
    if (this.made === 0) this.period = this.findPeriod();
    for (let i = 0; i < count; i++) samples[i] = Math.round(this.next());
  }

  private next(): number {
    const { history, period, rate } = this;
    const sample = history[history.length - period + (this.made % period)]!;
    const fade = 1 - (this.made / rate - FADES_FROM) / (SILENT_AT - FADES_FROM);
    this.made++;
    return sample * Math.max(0, Math.min(1, fade));
  }

  /** The distance at which the last 10 ms are most like what was before (normalised correlation). */
  private findPeriod(): number {
    const { history, rate } = this;
    const compared = Math.floor(COMPARED * rate);
    const from = history.length - compared;
    const longest = Math.min(from, Math.floor(LONGEST_PERIOD * rate));
    let best = longest;
    let most = 0;
    for (let period = Math.ceil(SHORTEST_PERIOD * rate); period <= longest; period++) {
      let product = 0;
      let energy = 1;
      for (let i = from; i < history.length; i++) {
        const earlier = history[i - period]!;
        product += history[i]! * earlier;
        energy += earlier * earlier;
      }
      const likeness = product / Math.sqrt(energy);
      if (likeness > most) {
        most = likeness;
        best = period;
      }
    }
    return best;
  }
}
