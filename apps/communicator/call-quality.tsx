import './call-quality.css';
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import type { Call, CallStatistics, StreamStatistics } from '../../src/client/index.ts';

const INTERVAL = 2000;
const WORDS = ['', 'Poor connection', 'Fair connection', 'Good connection'] as const;

/** How well the other side is heard and seen: bars for everybody, numbers for who points at them. */
export function CallQuality({ call }: { call: Call }) {
  const state = useSignal<{ bars: 1 | 2 | 3; details: string } | undefined>(undefined);
  useEffect(() => {
    let before: CallStatistics | undefined;
    const timer = setInterval(async () => {
      if (call.state !== 'active' || call.held || call.remoteHold) return;
      const now = await call.statistics().catch(() => undefined);
      if (!now) return; // it has ended meanwhile
      state.value = { bars: judge(now, before), details: describeStatistics(now) };
      before = now;
    }, INTERVAL);
    return () => clearInterval(timer);
  }, [call]);
  if (!state.value) return null;
  const { bars, details } = state.value;
  return (
    <span
      class="quality"
      data-bars={bars}
      role="img"
      aria-label={`${WORDS[bars]}: ${details}`}
      title={details}
      data-testid="quality"
    >
      <span />
      <span />
      <span />
    </span>
  );
}

/** By what was lost since the time before, and by the round trip: above 400 ms people talk into each other (ITU-T G.114). */
function judge(now: CallStatistics, before: CallStatistics | undefined): 1 | 2 | 3 {
  const since = (kind: 'audio' | 'video', what: 'lost' | 'packets') =>
    now[kind].received[what] - (before?.[kind].received[what] ?? 0);
  const lost = Math.max(0, since('audio', 'lost')) + Math.max(0, since('video', 'lost'));
  const received = since('audio', 'packets') + since('video', 'packets');
  const loss = lost / Math.max(1, lost + received);
  const roundTrip = now.roundTripTime ?? 0;
  if (received === 0 || loss > 0.08 || roundTrip > 400) return 1;
  return loss > 0.02 || roundTrip > 200 ? 2 : 3;
}

export function describeStatistics({
  roundTripTime,
  localCandidate,
  remoteCandidate,
  audio,
  video,
}: CallStatistics): string {
  const parts = [rate('sound', audio.received)];
  const { width, height } = video.received;
  if (video.received.packets > 0) parts.push(rate('picture', video.received) + (width ? ` ${width}×${height}` : ''));
  if (roundTripTime !== undefined) parts.push(`${Math.round(roundTripTime)} ms there and back`);
  if (localCandidate && remoteCandidate) parts.push(`${localCandidate} to ${remoteCandidate}`);
  return parts.join(', ');
}

function rate(what: string, { codec, bitRate }: StreamStatistics): string {
  return [what, codec, bitRate === undefined ? '' : `${Math.round(bitRate / 1000)} kbit/s`].filter(Boolean).join(' ');
}
