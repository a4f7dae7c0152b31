// ITU-T G.722 section 3: what encoder and decoder have in common. One `Band` is the adaptive predictor and the quantizer's
// scale of one sub-band; names in capitals are the blocks of the Recommendation's flow charts. Integers of 16 and 32 bits.

/** Coefficients of the quadrature mirror filter, its first half (table 11). */
export const QMF = Int16Array.of(3, -11, 12, 32, -210, 951, 3876, -805, 362, -156, 53, -11);
/** Samples that the filter looks at. */
export const QMF_LENGTH = 24;

/** Outputs of the inverse quantizers of 6, 4 and 2 bits. */
export const QM6 = Int16Array.of(
  ...[-136, -136, -136, -136, -24808, -21904, -19008, -16704, -14984, -13512, -12280, -11192, -10232, -9360, -8576],
  ...[-7856, -7192, -6576, -6000, -5456, -4944, -4464, -4008, -3576, -3168, -2776, -2400, -2032, -1688, -1360, -1040],
  ...[-728, 24808, 21904, 19008, 16704, 14984, 13512, 12280, 11192, 10232, 9360, 8576, 7856, 7192, 6576, 6000, 5456],
  ...[4944, 4464, 4008, 3576, 3168, 2776, 2400, 2032, 1688, 1360, 1040, 728, 432, 136, -432, -136],
);
const QM4 = Int16Array.of(
  ...[0, -20456, -12896, -8968, -6288, -4240, -2584, -1200],
  ...[20456, 12896, 8968, 6288, 4240, 2584, 1200, 0],
);
export const QM2 = Int16Array.of(-7408, -1616, 7408, 1616);

/** How the logarithmic scale moves, by code word. */
const LOW_STEPS = Int16Array.of(-60, 3042, 1198, 538, 334, 172, 58, -30, 3042, 1198, 538, 334, 172, 58, -30, -60);
const HIGH_STEPS = Int16Array.of(798, -214, 798, -214);

/** Powers of two between 2048 and 4096. */
const ILB = Int16Array.of(
  ...[2048, 2093, 2139, 2186, 2233, 2282, 2332, 2383, 2435, 2489, 2543, 2599, 2656, 2714, 2774, 2834],
  ...[2896, 2960, 3025, 3091, 3158, 3228, 3298, 3371, 3444, 3520, 3597, 3676, 3756, 3838, 3922, 4008],
);

export function saturate(value: number): number {
  return value > 32767 ? 32767 : value < -32768 ? -32768 : value;
}

export class Band {
  /** DET: the quantizer's scale. */
  scale: number;
  /** S: the predicted sample. */
  predicted = 0;
  private readonly low: boolean;
  /** NB: the scale's logarithm. */
  private logarithm = 0;
  /** SZ: what the zeros predict. */
  private fromZeros = 0;
  private readonly zeros = new Int32Array(7);
  private readonly differences = new Int32Array(7);
  private readonly poles = new Int32Array(3);
  private readonly reconstructed = new Int32Array(3);
  private readonly partial = new Int32Array(3);

  constructor(band: 'low' | 'high') {
    this.low = band === 'low';
    this.scale = this.low ? 32 : 8;
  }

  /** After each code word: 4 bits of the lower band (it adapts by those that survive at 48 kbit/s), 2 of the higher. */
  adapt(code: number): void {
    const difference = (this.scale * (this.low ? QM4[code]! : QM2[code]!)) >> 15;
    this.adaptScale(code);
    this.predict(difference);
  }

  /** LOGSCL and SCALEL, LOGSCH and SCALEH. */
  private adaptScale(code: number): void {
    const moved = ((this.logarithm * 127) >> 7) + (this.low ? LOW_STEPS[code]! : HIGH_STEPS[code]!);
    this.logarithm = Math.min(this.low ? 18432 : 22528, Math.max(0, moved));
    const shift = (this.low ? 8 : 10) - (this.logarithm >> 11);
    const power = ILB[(this.logarithm >> 6) & 31]!;
    this.scale = (shift < 0 ? power << -shift : power >> shift) << 2;
  }

  private predict(difference: number): void {
    const { zeros, differences, poles, reconstructed, partial } = this;
    // RECONS, PARREC
    differences[0] = difference;
    reconstructed[0] = saturate(this.predicted + difference);
    partial[0] = saturate(this.fromZeros + difference);

    // UPPOL2
    const sameAsLast = partial[0]! >> 15 === partial[1]! >> 15;
    const sameAsBefore = partial[0]! >> 15 === partial[2]! >> 15;
    const turned = saturate(poles[1]! << 2);
    const leaning = Math.min(32767, sameAsLast ? -turned : turned) >> 7;
    const second = leaning + (sameAsBefore ? 128 : -128) + ((poles[2]! * 32512) >> 15);
    const pole2 = Math.min(12288, Math.max(-12288, second));

    // UPPOL1
    const first = saturate((sameAsLast ? 192 : -192) + ((poles[1]! * 32640) >> 15));
    const stable = saturate(15360 - pole2);
    poles[1] = Math.min(stable, Math.max(-stable, first));
    poles[2] = pole2;

    // UPZERO, DELAYA, FILTEZ
    const step = difference === 0 ? 0 : 128;
    let sum = 0;
    for (let i = 6; i > 0; i--) {
      const same = differences[i]! >> 15 === difference >> 15;
      const zero = saturate((same ? step : -step) + ((zeros[i]! * 32640) >> 15));
      zeros[i] = zero;
      const delayed = differences[i - 1]!;
      differences[i] = delayed;
      sum += (zero * saturate(delayed + delayed)) >> 15;
    }
    reconstructed[2] = reconstructed[1]!;
    reconstructed[1] = reconstructed[0]!;
    partial[2] = partial[1]!;
    partial[1] = partial[0]!;

    // FILTEP, PREDIC
    const pole = (i: number): number => (poles[i]! * saturate(2 * reconstructed[i]!)) >> 15;
    this.fromZeros = saturate(sum);
    this.predicted = saturate(saturate(pole(1) + pole(2)) + this.fromZeros);
  }
}
