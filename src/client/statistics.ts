/** What a person, or a test, wants to know of a call; totals since its start, rates since the summary before. */
export interface CallStatistics {
  /** Milliseconds there and back, by the ICE checks of the pair in use. */
  roundTripTime?: number;
  /** `host`, `srflx`, `prflx` or `relay`: how we reach the other side. */
  localCandidate?: string;
  remoteCandidate?: string;
  audio: { sent: StreamStatistics; received: StreamStatistics & { energy: number; jitter: number; lost: number } };
  video: {
    sent: StreamStatistics & { frames: number };
    received: StreamStatistics & {
      frames: number;
      lost: number;
      width?: number;
      height?: number;
      framesPerSecond?: number;
    };
  };
}

export interface StreamStatistics {
  packets: number;
  bytes: number;
  /** Bits a second since the summary before; absent in the first. */
  bitRate?: number;
  codec?: string;
}

type Report = Record<string, unknown> & { id: string; type: string; timestamp: number };

/** The browser's report boiled down. `previous` gives the rates. */
export function summarizeStatistics(
  reports: Iterable<Report>,
  previous?: { statistics: CallStatistics; at: number },
): { statistics: CallStatistics; at: number } {
  const byId = new Map<string, Report>();
  for (const report of reports) byId.set(report.id, report);
  const statistics: CallStatistics = {
    audio: { sent: { packets: 0, bytes: 0 }, received: { packets: 0, bytes: 0, energy: 0, jitter: 0, lost: 0 } },
    video: { sent: { packets: 0, bytes: 0, frames: 0 }, received: { packets: 0, bytes: 0, frames: 0, lost: 0 } },
  };
  let at = 0;
  for (const report of byId.values()) {
    at = Math.max(at, report.timestamp);
    const kind = report['kind'] === 'video' ? 'video' : 'audio';
    if (report.type === 'outbound-rtp') {
      const sent = statistics[kind].sent;
      sent.packets += number(report['packetsSent']);
      sent.bytes += number(report['bytesSent']);
      addCodec(sent, report, byId);
      if (kind === 'video') statistics.video.sent.frames += number(report['framesEncoded']);
    } else if (report.type === 'inbound-rtp') {
      const received = statistics[kind].received;
      received.packets += number(report['packetsReceived']);
      received.bytes += number(report['bytesReceived']);
      received.lost += number(report['packetsLost']);
      addCodec(received, report, byId);
      if (kind === 'audio') {
        statistics.audio.received.energy += number(report['totalAudioEnergy']);
        statistics.audio.received.jitter = number(report['jitter']) * 1000;
      } else {
        const video = statistics.video.received;
        video.frames += number(report['framesDecoded']);
        if (typeof report['frameWidth'] === 'number') video.width = report['frameWidth'];
        if (typeof report['frameHeight'] === 'number') video.height = report['frameHeight'];
        if (typeof report['framesPerSecond'] === 'number') video.framesPerSecond = report['framesPerSecond'];
      }
    } else if (report.type === 'transport') {
      const pair = byId.get(String(report['selectedCandidatePairId']));
      if (pair) addPair(statistics, pair, byId);
    } else if (report.type === 'candidate-pair' && report['selected'] === true) {
      addPair(statistics, report, byId); // Firefox has no transport report
    }
  }
  if (previous && at > previous.at) {
    for (const kind of ['audio', 'video'] as const)
      for (const way of ['sent', 'received'] as const) {
        const bytes = statistics[kind][way].bytes - previous.statistics[kind][way].bytes;
        statistics[kind][way].bitRate = (Math.max(0, bytes) * 8000) / (at - previous.at);
      }
  }
  return { statistics, at };
}

function addPair(statistics: CallStatistics, pair: Report, byId: Map<string, Report>): void {
  if (typeof pair['currentRoundTripTime'] === 'number') statistics.roundTripTime = pair['currentRoundTripTime'] * 1000;
  const local = byId.get(String(pair['localCandidateId']))?.['candidateType'];
  const remote = byId.get(String(pair['remoteCandidateId']))?.['candidateType'];
  if (typeof local === 'string') statistics.localCandidate = local;
  if (typeof remote === 'string') statistics.remoteCandidate = remote;
}

function addCodec(stream: StreamStatistics, report: Report, byId: Map<string, Report>): void {
  const mime = byId.get(String(report['codecId']))?.['mimeType'];
  if (typeof mime === 'string') stream.codec = mime.slice(mime.indexOf('/') + 1);
}

function number(value: unknown): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : 0;
}
