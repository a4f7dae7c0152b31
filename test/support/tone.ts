// A tone as a WAV file for a phone to speak, and the ear for the WAV file it heard.
import { readFileSync, writeFileSync } from 'node:fs';

/** Two tones that take turns, 16 bit: a steady one can be taken for noise and removed. */
export function writeTone(file: string, { seconds = 60, rate = 8000, channels = 1 } = {}): void {
  const samples = Buffer.alloc(seconds * rate * 2 * channels);
  for (let index = 0; index < seconds * rate; index++) {
    const pitch = Math.floor(index / (rate / 4)) % 2 ? 440 : 620;
    const sample = Math.round(9000 * Math.sin((2 * Math.PI * pitch * index) / rate));
    for (let channel = 0; channel < channels; channel++) samples.writeInt16LE(sample, (index * channels + channel) * 2);
  }
  const head = Buffer.alloc(44);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + samples.length, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2 * channels, 28);
  head.writeUInt16LE(2 * channels, 32);
  head.writeUInt16LE(16, 34);
  head.write('data', 36, 'latin1');
  head.writeUInt32LE(samples.length, 40);
  writeFileSync(file, Buffer.concat([head, samples]));
}

/** Loudness of a 16-bit WAV file, 0 (silent) to 32767; 0 when it holds no sample. */
export function loudness(file: string): number {
  const bytes = readFileSync(file);
  const start = Math.max(44, bytes.indexOf('data', 36, 'latin1') + 8);
  let sum = 0;
  let count = 0;
  for (let at = start; at + 1 < bytes.length; at += 2) {
    sum += bytes.readInt16LE(at) ** 2;
    count++;
  }
  return count === 0 ? 0 : Math.sqrt(sum / count);
}
