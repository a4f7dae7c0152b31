// RTCPeerConnection without media: offers, answers, directions and rollback as RFC 8829 has them, enough to hold two of
// them against each other in Node.
import type { Direction } from '../../src/client/session-description.ts';
import { summarizeMedia } from '../../src/client/session-description.ts';

let tracks = 0;

export class FakeTrack extends EventTarget {
  readonly kind: string;
  readonly id = `track-${++tracks}`;
  enabled = true;
  readyState = 'live';

  constructor(kind: string) {
    super();
    this.kind = kind;
  }

  stop(): void {
    this.readyState = 'ended';
  }

  /** The device went away, or the person ended the share in the browser's own bar. */
  end(): void {
    this.readyState = 'ended';
    this.dispatchEvent(new Event('ended'));
  }
}

export class FakeStream {
  readonly tracks = new Set<FakeTrack>();
  addTrack(track: FakeTrack): void {
    this.tracks.add(track);
  }
  removeTrack(track: FakeTrack): void {
    this.tracks.delete(track);
  }
  getTracks(): FakeTrack[] {
    return [...this.tracks];
  }
  getVideoTracks(): FakeTrack[] {
    return this.getTracks().filter(({ kind }) => kind === 'video');
  }
}

interface Transceiver {
  kind: string;
  direction: Direction;
  currentDirection: Direction | null;
  agreedDirection: Direction | null;
  sender: {
    track: FakeTrack | null;
    dtmf: { canInsertDTMF: boolean; toneBuffer: string; insertDTMF(tones: string): void } | null;
    replaceTrack(track: FakeTrack | null): Promise<void>;
  };
  receiver: { track: FakeTrack };
}

export class FakePeerConnection extends EventTarget {
  signalingState: RTCSignalingState = 'stable';
  connectionState: RTCPeerConnectionState = 'new';
  iceGatheringState: RTCIceGatheringState = 'complete';
  localDescription: { type: string; sdp: string } | null = null;
  remoteDescription: { type: string; sdp: string } | null = null;
  readonly configuration: RTCConfiguration;
  readonly transceivers: Transceiver[] = [];
  /** Tones sent in RTP; `takesTones` false: the other side does not know telephone-event. */
  tones = '';
  takesTones = true;
  iceGeneration = 0;
  /** Each step waits a turn, as in a browser; set it to hold a step up. */
  delay: () => Promise<void> = () => new Promise((resolve) => setImmediate(resolve));

  constructor(configuration: RTCConfiguration = {}) {
    super();
    this.configuration = configuration;
  }

  getTransceivers(): Transceiver[] {
    return this.transceivers;
  }

  addTransceiver(trackOrKind: FakeTrack | string, init: { direction?: Direction } = {}): Transceiver {
    const track = typeof trackOrKind === 'string' ? null : trackOrKind;
    const kind = typeof trackOrKind === 'string' ? trackOrKind : trackOrKind.kind;
    const connection = this;
    const transceiver: Transceiver = {
      kind,
      direction: init.direction ?? 'sendrecv',
      currentDirection: null,
      agreedDirection: null,
      sender: {
        track,
        dtmf:
          kind === 'audio'
            ? {
                get canInsertDTMF() {
                  return connection.takesTones;
                },
                toneBuffer: '',
                insertDTMF: (tones) => {
                  this.tones += tones;
                },
              }
            : null,
        async replaceTrack(replacement) {
          transceiver.sender.track = replacement;
        },
      },
      receiver: { track: new FakeTrack(kind) },
    };
    this.transceivers.push(transceiver);
    return transceiver;
  }

  async createOffer(options: { iceRestart?: boolean } = {}): Promise<{ type: string; sdp: string }> {
    await this.delay();
    if (options.iceRestart) this.iceGeneration++;
    return { type: 'offer', sdp: this.#describe(this.transceivers.map(({ direction }) => direction)) };
  }

  async createAnswer(): Promise<{ type: string; sdp: string }> {
    await this.delay();
    if (this.signalingState !== 'have-remote-offer') throw new Error('no offer to answer');
    const offered = summarizeMedia(this.remoteDescription?.sdp ?? '');
    return {
      type: 'answer',
      sdp: this.#describe(
        offered.map(({ direction }, at) => both(this.transceivers[at]!.direction, reverse(direction))),
      ),
    };
  }

  async setLocalDescription(description: { type: string; sdp?: string }): Promise<void> {
    await this.delay();
    if (description.type === 'rollback') {
      this.#rollBack();
      return;
    }
    this.localDescription = { type: description.type, sdp: description.sdp ?? '' };
    if (description.type === 'offer') this.signalingState = 'have-local-offer';
    else this.#agree(summarizeMedia(description.sdp ?? '').map(({ direction }) => direction));
  }

  async setRemoteDescription(description: { type: string; sdp: string }): Promise<void> {
    await this.delay();
    if (!description.sdp.startsWith('v=0')) throw new Error('no session description');
    if (description.type === 'offer') {
      if (this.signalingState === 'have-local-offer') this.#rollBack();
      if (this.signalingState !== 'stable') throw new Error(`offer in ${this.signalingState}`);
      this.signalingState = 'have-remote-offer';
      summarizeMedia(description.sdp).forEach(({ kind }, at) => {
        if (!this.transceivers[at]) this.addTransceiver(kind, { direction: 'recvonly' });
      });
    } else {
      if (this.signalingState !== 'have-local-offer' && this.signalingState !== 'have-remote-pranswer')
        throw new Error(`answer in ${this.signalingState}`);
      const directions = summarizeMedia(description.sdp).map(({ direction }) => reverse(direction));
      if (description.type === 'pranswer') {
        this.signalingState = 'have-remote-pranswer';
        this.#set(directions);
      } else this.#agree(directions);
    }
    this.remoteDescription = description;
  }

  async getStats(): Promise<Map<string, unknown>> {
    return new Map();
  }

  close(): void {
    this.signalingState = 'closed';
    this.connectionState = 'closed';
  }

  // --- what the test does

  connect(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }

  #agree(directions: Direction[]): void {
    this.signalingState = 'stable';
    this.#set(directions);
    for (const transceiver of this.transceivers) transceiver.agreedDirection = transceiver.currentDirection;
  }

  #set(directions: Direction[]): void {
    directions.forEach((direction, at) => {
      this.transceivers[at]!.currentDirection = direction;
    });
  }

  #rollBack(): void {
    this.signalingState = 'stable';
    for (const transceiver of this.transceivers) transceiver.currentDirection = transceiver.agreedDirection;
  }

  #describe(directions: Direction[]): string {
    const media = directions.map((direction, at) => [
      `m=${this.transceivers[at]!.kind} 9 UDP/TLS/RTP/SAVPF 111`,
      'c=IN IP4 0.0.0.0',
      'a=candidate:1 1 udp 1 127.0.0.1 9 typ host',
      `a=ice-ufrag:gen${this.iceGeneration}`,
      `a=${direction}`,
    ]);
    return ['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=-', 't=0 0', ...media.flat(), ''].join('\r\n');
  }
}

export function reverse(direction: Direction): Direction {
  return direction === 'sendonly' ? 'recvonly' : direction === 'recvonly' ? 'sendonly' : direction;
}

function both(a: Direction, b: Direction): Direction {
  const sends = (way: Direction) => way === 'sendrecv' || way === 'sendonly';
  const receives = (way: Direction) => way === 'sendrecv' || way === 'recvonly';
  const send = sends(a) && sends(b);
  const receive = receives(a) && receives(b);
  return send ? (receive ? 'sendrecv' : 'sendonly') : receive ? 'recvonly' : 'inactive';
}
