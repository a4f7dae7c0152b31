// What the tests ask of a SIP library in a page: the same few verbs for JsSIP, SIP.js and our own SDK. Runs in the browser.

export interface StartOptions {
  /** `ws://host:port`, with the credential's query when there is no password. */
  ws: string;
  uri: string;
  /** For digest; else the handshake's credential is the proof. */
  password?: string;
  /** Session interval to ask for in seconds (RFC 4028), where the library can. */
  sessionExpires?: number;
  /** Media of every call. */
  constraints: MediaStreamConstraints;
  /** Default: none. */
  iceServers?: RTCIceServer[];
  /** Through TURN alone. */
  relayOnly?: boolean;
  /** Default: calls that come in are answered. Else the test says when: `answer`. */
  answer?: 'manual';
}

export interface Media {
  framesDecoded: number;
  audioEnergy: number;
  /** RTP packets of sound. */
  audioPackets: number;
  /** Loudness now, 0 to 1. */
  audioLevel: number;
  /** Of the sound that comes, such as `audio/opus`. */
  codec: string;
  /** Type of our candidate in use (`host`, `relay`) and how a relay is reached (`udp`, `tcp`, `tls`). */
  path: string;
  /** Address and port of the candidates in use. */
  local: string;
  remote: string;
}

export interface WebPhone {
  /** What happened, oldest first: `registered`, `call 0 from bob`, `established 0`, `held 0`, `tone 5`, `message TEXT`, ... */
  readonly events: readonly string[];
  /** Resolves once registered. Incoming calls are answered, transfers followed. */
  start(options: StartOptions): Promise<void>;
  /** Calls, and returns the call's number; `established N` follows. */
  call(target: string): Promise<number>;
  /** Where calls are not answered by themselves. Resolves with the time of Date.now() at which it was. */
  answer(call: number): Promise<number>;
  hangUp(call: number): Promise<void>;
  hold(call: number): Promise<void>;
  resume(call: number): Promise<void>;
  /** Keys of a telephone, as events in RTP. */
  dtmf(call: number, tones: string): Promise<void>;
  /** From now on the tones that are heard in that call are told as events: `tone 5`. */
  listen(call: number): Promise<void>;
  /** Resolves with the time of Date.now() when sound was played for the first time. */
  firstSound(call: number): Promise<number>;
  /** Resolves with the final answer's status. */
  message(target: string, text: string): Promise<number>;
  /** Blind transfer: resolves when the transferee reports success. */
  transfer(call: number, target: string): Promise<void>;
  /** Attended transfer of the party of `call` to the party of `other`. */
  connect(call: number, other: number): Promise<void>;
  /** What arrived in that call until now. */
  media(call: number): Promise<Media>;
  stop(): Promise<void>;
}

/** A list of events that a test can wait on from outside: `window.phone.events` and `window.until`. */
export class EventList {
  readonly all: string[] = [];
  private readonly waiting = new Set<() => void>();

  add(event: string): void {
    this.all.push(event);
    for (const check of [...this.waiting]) check();
  }

  until(pattern: string, from: number, timeout: number): Promise<string> {
    const expression = new RegExp(pattern);
    return new Promise((resolve, reject) => {
      const check = (): void => {
        const found = this.all.slice(from).find((event) => expression.test(event));
        if (found === undefined) return;
        clearTimeout(timer);
        this.waiting.delete(check);
        resolve(found);
      };
      const timer = setTimeout(() => {
        this.waiting.delete(check);
        reject(new Error(`no ${pattern} after event ${from} in ${timeout} ms: ${JSON.stringify(this.all)}`));
      }, timeout);
      this.waiting.add(check);
      check();
    });
  }
}

/** Plays what comes (an unmuted sink is needed for the energy to count) and reads the statistics. */
export function play(connection: RTCPeerConnection): void {
  const sink = document.createElement('video');
  sink.autoplay = true;
  sink.playsInline = true;
  sink.srcObject = new MediaStream(connection.getReceivers().map((receiver) => receiver.track));
  document.body.append(sink);
  connection.addEventListener('track', ({ track }) => (sink.srcObject as MediaStream).addTrack(track));
}

export async function mediaOf(connection: RTCPeerConnection): Promise<Media> {
  const media: Media = {
    framesDecoded: 0,
    audioEnergy: 0,
    audioPackets: 0,
    audioLevel: 0,
    codec: '',
    path: '',
    local: '',
    remote: '',
  };
  const reports = await connection.getStats();
  for (const report of reports.values()) {
    if (report.type === 'candidate-pair' && report.state === 'succeeded' && report.nominated) {
      const local = reports.get(report.localCandidateId);
      media.path = [local?.candidateType, local?.relayProtocol].filter(Boolean).join(' ');
      const remote = reports.get(report.remoteCandidateId);
      media.local = `${local?.address}:${local?.port}`;
      media.remote = `${remote?.address}:${remote?.port}`;
    }
    if (report.type !== 'inbound-rtp') continue;
    media.framesDecoded += report.framesDecoded ?? 0;
    media.audioEnergy += report.totalAudioEnergy ?? 0;
    if (report.kind !== 'audio') continue;
    media.audioPackets += report.packetsReceived ?? 0;
    media.audioLevel = Math.max(media.audioLevel, report.audioLevel ?? 0);
    media.codec = reports.get(report.codecId)?.mimeType ?? media.codec;
  }
  return media;
}

/** Sound has reached the track: Date.now() of its first frame. */
export async function firstSound(connection: () => RTCPeerConnection | undefined): Promise<number> {
  for (const deadline = Date.now() + 20_000; ; ) {
    if (Date.now() > deadline) throw new Error('no sound in 20 s');
    for (const receiver of connection()?.getReceivers() ?? [])
      if (receiver.track.kind === 'audio' && receiver.getSynchronizationSources().length > 0) return Date.now();
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/**
 * Tells the keys of a telephone that are heard, in the next ten seconds. The sound is recorded and what there is of it looked
 * at again and again, since without a loudspeaker Firefox has no AudioContext that runs.
 */
export async function listen(connection: RTCPeerConnection, events: EventList): Promise<void> {
  const track = connection.getReceivers().find((receiver) => receiver.track.kind === 'audio')!.track;
  const recorder = new MediaRecorder(new MediaStream([track]));
  const recorded: Blob[] = [];
  let told = 0;
  let looking = Promise.resolve();
  recorder.addEventListener('dataavailable', ({ data }) => {
    recorded.push(data);
    looking = looking.then(async () => {
      const octets = await new Blob(recorded).arrayBuffer();
      const sound = await new OfflineAudioContext(1, 1, 8000).decodeAudioData(octets).catch(() => undefined);
      const keys = sound ? keysIn(sound.getChannelData(0)) : [];
      for (const key of keys.slice(told)) events.add(`tone ${key}`);
      told = Math.max(told, keys.length);
    });
  });
  recorder.start(100);
  setTimeout(() => recorder.state === 'recording' && recorder.stop(), 10_000);
}

const LOW = [697, 770, 852, 941];
const HIGH = [1209, 1336, 1477, 1633];
const KEYS = ['123A', '456B', '789C', '*0#D'];

/** Keys in sound of 8 kHz (ITU-T Q.23): the two pitches of one stand out of all others. */
function keysIn(sound: Float32Array): string[] {
  const keys: string[] = [];
  let last = '';
  for (let at = 0; at + 240 <= sound.length; at += 120) {
    const block = sound.subarray(at, at + 240);
    const powers = [...LOW, ...HIGH].map((pitch) => power(block, pitch));
    const loudest = (from: number): number => powers.indexOf(Math.max(...powers.slice(from, from + 4)), from);
    const [low, high] = [loudest(0), loudest(4)];
    const others = Math.max(...powers.filter((_, index) => index !== low && index !== high));
    const key = Math.min(powers[low]!, powers[high]!) > Math.max(1e-4, 3 * others) ? KEYS[low]![high - 4]! : '';
    if (key && key !== last) keys.push(key);
    last = key;
  }
  return keys;
}

/** Goertzel's algorithm: how much of that pitch is in it, 0 to 1. */
function power(block: Float32Array, pitch: number): number {
  const turn = 2 * Math.cos((2 * Math.PI * pitch) / 8000);
  let [one, two] = [0, 0];
  for (const sample of block) [one, two] = [sample + turn * one - two, one];
  return (one * one + two * two - turn * one * two) / (block.length / 2) ** 2;
}

export function publish(phone: WebPhone, events: EventList): void {
  Object.assign(window, {
    phone,
    until: (pattern: string, from: number, timeout: number) => events.until(pattern, from, timeout),
  });
}
