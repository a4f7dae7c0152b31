// ITU-T G.722 at 64 kbit/s: two sub-bands of ADPCM, 16 kHz, one octet for two samples. Its RTP clock counts 8000 a second, by a
// mistake that stayed (RFC 3551 section 4.5.2): one octet is one unit of the timestamp, as in G.711.
import { Band, QM2, QM6, QMF, QMF_LENGTH, saturate } from './g722-band.ts';

/** Decision levels of the lower band's quantizer (Q6). */
const LEVELS = Int16Array.of(
  ...[0, 35, 72, 110, 150, 190, 233, 276, 323, 370, 422, 473, 530, 587, 650],
  ...[714, 786, 858, 940, 1023, 1121, 1219, 1339, 1458, 1612, 1765, 1980, 2195, 2557, 2919],
);
/** Decision level of the higher band's. */
const HIGH_LEVEL = 564;

export class G722Encoder {
  private readonly low = new Band('low');
  private readonly high = new Band('high');
  private readonly history = new Int32Array(QMF_LENGTH);

  /** `count` samples of 16 kHz, an even number, into half as many octets at `start`. */
  encode(samples: Int16Array, count: number, octets: Uint8Array, start: number): void {
    const { low, high, history } = this;
    for (let at = 0; at < count; at += 2) {
      history.copyWithin(0, 2);
      history[QMF_LENGTH - 2] = samples[at]!;
      history[QMF_LENGTH - 1] = samples[at + 1]!;
      let odd = 0;
      let even = 0;
      for (let i = 0; i < 12; i++) {
        odd += history[2 * i]! * QMF[i]!;
        even += history[2 * i + 1]! * QMF[11 - i]!;
      }
      const lowCode = quantizeLow(saturate(((even + odd) >> 14) - low.predicted), low.scale);
      const highCode = quantizeHigh(saturate(((even - odd) >> 14) - high.predicted), high.scale);
      low.adapt(lowCode >> 2);
      high.adapt(highCode);
      octets[start + (at >> 1)] = (highCode << 6) | lowCode;
    }
  }
}

/** QUANTL: 6 bits. Positive ones count down from 61, negative ones from 63 and then from 31. */
function quantizeLow(difference: number, scale: number): number {
  const magnitude = difference < 0 ? -(difference + 1) : difference;
  let level = 1;
  while (level < 30 && magnitude >= (LEVELS[level]! * scale) >> 12) level++;
  if (difference >= 0) return 62 - level;
  return level <= 2 ? 64 - level : 34 - level;
}

/** QUANTH: 2 bits. */
function quantizeHigh(difference: number, scale: number): number {
  const magnitude = difference < 0 ? -(difference + 1) : difference;
  const outer = magnitude >= (HIGH_LEVEL * scale) >> 12;
  return difference < 0 ? (outer ? 0 : 1) : outer ? 2 : 3;
}

export class G722Decoder {
  private readonly low = new Band('low');
  private readonly high = new Band('high');
  private readonly history = new Int32Array(QMF_LENGTH);

  /** `count` octets from `start` into twice as many samples of 16 kHz. */
  decode(octets: Uint8Array, start: number, count: number, samples: Int16Array): void {
    const { low, high, history } = this;
    for (let at = 0; at < count; at++) {
      const code = octets[start + at]!;
      const lowCode = code & 0x3f;
      const highCode = code >> 6;
      const lowSample = limit(low.predicted + ((low.scale * QM6[lowCode]!) >> 15));
      low.adapt(lowCode >> 2);
      const highSample = limit(high.predicted + ((high.scale * QM2[highCode]!) >> 15));
      high.adapt(highCode);

      history.copyWithin(0, 2);
      history[QMF_LENGTH - 2] = lowSample + highSample;
      history[QMF_LENGTH - 1] = lowSample - highSample;
      let first = 0;
      let second = 0;
      for (let i = 0; i < 12; i++) {
        second += history[2 * i]! * QMF[i]!;
        first += history[2 * i + 1]! * QMF[11 - i]!;
      }
      samples[2 * at] = saturate(first >> 11);
      samples[2 * at + 1] = saturate(second >> 11);
    }
  }
}

/** LIMIT: 15 bits. */
function limit(value: number): number {
  return value > 16383 ? 16383 : value < -16384 ? -16384 : value;
}
