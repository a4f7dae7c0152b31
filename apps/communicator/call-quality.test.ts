import { expect, test } from 'vitest';
import { describeStatistics } from './call-quality.tsx';

test('numbers are put in a line that a person can read out', () => {
  const none = { packets: 0, bytes: 0 };
  expect(
    describeStatistics({
      roundTripTime: 12.4,
      localCandidate: 'host',
      remoteCandidate: 'relay',
      audio: {
        sent: none,
        received: { packets: 9, bytes: 9, energy: 0, jitter: 0, lost: 0, codec: 'opus', bitRate: 31_900 },
      },
      video: {
        sent: { ...none, frames: 0 },
        received: { packets: 9, bytes: 9, frames: 9, lost: 0, width: 640, height: 480, codec: 'VP8' },
      },
    }),
  ).toBe('sound opus 32 kbit/s, picture VP8 640×480, 12 ms there and back, host to relay');
});
