import { effect } from '@preact/signals';
import { incoming, ongoing } from './calls.ts';

/**
 * The two tones of a telephone, made by the page: the ring of an incoming call, and the one that the caller hears while
 * the other side rings, unless that side sends its own.
 */
let context: AudioContext | undefined;

effect(() => {
  const rings = incoming.value.length > 0;
  const waits = ongoing.value.some(
    (call) => call.direction === 'outgoing' && call.state === 'ringing' && !call.remoteStream?.getTracks().length,
  );
  if (!rings && !waits) return;
  return rings ? play([587, 880], 0.35, 3000, 0.12) : play([425], 1, 4000, 0.04);
});

function play(tones: number[], length: number, period: number, volume: number): () => void {
  context ??= new AudioContext();
  const audio = context;
  void audio.resume();
  const sound = (): void => {
    tones.forEach((frequency, index) => {
      const start = audio.currentTime + index * length * 0.6;
      const gain = new GainNode(audio, { gain: 0 });
      gain.gain.setTargetAtTime(volume, start, 0.015);
      gain.gain.setTargetAtTime(0, start + length, 0.08);
      const oscillator = new OscillatorNode(audio, { frequency });
      oscillator.connect(gain).connect(audio.destination);
      oscillator.start(start);
      oscillator.stop(start + length + 0.6);
      playing.add(oscillator);
      oscillator.onended = () => playing.delete(oscillator);
    });
  };
  const playing = new Set<OscillatorNode>();
  sound();
  const timer = setInterval(sound, period);
  return () => {
    clearInterval(timer);
    for (const oscillator of playing) oscillator.stop();
  };
}
