import { expect, test } from 'vitest';
import { summarizeStatistics } from './statistics.ts';

const reports = (timestamp: number, bytes: number) => [
  { id: 'T', type: 'transport', timestamp, selectedCandidatePairId: 'P' },
  {
    id: 'P',
    type: 'candidate-pair',
    timestamp,
    currentRoundTripTime: 0.012,
    localCandidateId: 'L',
    remoteCandidateId: 'R',
  },
  { id: 'L', type: 'local-candidate', timestamp, candidateType: 'relay' },
  { id: 'R', type: 'remote-candidate', timestamp, candidateType: 'host' },
  { id: 'C', type: 'codec', timestamp, mimeType: 'audio/opus' },
  {
    id: 'I',
    type: 'inbound-rtp',
    kind: 'audio',
    timestamp,
    packetsReceived: 50,
    bytesReceived: bytes,
    packetsLost: 1,
    jitter: 0.004,
    totalAudioEnergy: 0.25,
    codecId: 'C',
  },
  {
    id: 'V',
    type: 'inbound-rtp',
    kind: 'video',
    timestamp,
    packetsReceived: 9,
    bytesReceived: 900,
    framesDecoded: 7,
    frameWidth: 640,
    frameHeight: 480,
  },
  { id: 'O', type: 'outbound-rtp', kind: 'audio', timestamp, packetsSent: 40, bytesSent: 4000 },
];

test('a report is boiled down to what matters, with rates since the one before', () => {
  const first = summarizeStatistics(reports(1000, 5000));
  expect(first.statistics).toMatchObject({
    roundTripTime: 12,
    localCandidate: 'relay',
    remoteCandidate: 'host',
    audio: { sent: { packets: 40 }, received: { packets: 50, lost: 1, jitter: 4, energy: 0.25, codec: 'opus' } },
    video: { received: { frames: 7, width: 640, height: 480 } },
  });
  expect(first.statistics.audio.received.bitRate).toBeUndefined();
  const second = summarizeStatistics(reports(3000, 13_000), first);
  expect(second.statistics.audio.received.bitRate).toBe(32_000);
  expect(second.statistics.audio.sent.bitRate).toBe(0);
});

test('an empty or strange report gives zeros', () => {
  const { statistics } = summarizeStatistics([
    {
      id: 'I',
      type: 'inbound-rtp',
      kind: 'audio',
      timestamp: 1,
      packetsReceived: 'many',
      totalAudioEnergy: Number.NaN,
    },
  ]);
  expect(statistics.audio.received).toEqual({ packets: 0, bytes: 0, energy: 0, jitter: 0, lost: 0 });
});
