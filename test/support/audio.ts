// Sound as samples: tones, and an ear for them.

export function tone(hertz: number, rate: number, count: number, amplitude = 8000): Int16Array {
  return Int16Array.from({ length: count }, (_, n) =>
    Math.round(amplitude * Math.sin((2 * Math.PI * hertz * n) / rate)),
  );
}

/** Amplitude of one frequency in the samples (Goertzel's algorithm, Hann window). */
export function amplitudeOf(hertz: number, samples: ArrayLike<number>, rate: number): number {
  let real = 0;
  let imaginary = 0;
  let weight = 0;
  for (let n = 0; n < samples.length; n++) {
    const window = 1 - Math.cos((2 * Math.PI * n) / samples.length);
    const phase = (2 * Math.PI * hertz * n) / rate;
    real += window * (samples[n] as number) * Math.cos(phase);
    imaginary += window * (samples[n] as number) * Math.sin(phase);
    weight += window;
  }
  return (2 * Math.hypot(real, imaginary)) / weight;
}

export function rootMeanSquare(samples: ArrayLike<number>): number {
  let sum = 0;
  for (let n = 0; n < samples.length; n++) sum += (samples[n] as number) ** 2;
  return Math.sqrt(sum / samples.length);
}

/** How far `one` is above `other`, in dB. */
export function decibels(one: number, other: number): number {
  return 20 * Math.log10(one / other);
}
