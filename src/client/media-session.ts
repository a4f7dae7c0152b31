import type { Clock } from './clock.ts';
import { Emitter } from './emitter.ts';
import { ClientError } from './errors.ts';
import { gathered } from './gathering.ts';
import { isHold } from './session-description.ts';

export interface MediaSessionEvents {
  /** Streams or their tracks changed: show them again. */
  tracks: undefined;
  /** ICE and DTLS together: `connected`, `disconnected`, `failed`, ... */
  connection: RTCPeerConnectionState;
  /** The person ended the screen share from the browser's own bar, or the device was unplugged. */
  trackEnded: MediaStreamTrack;
}

/**
 * One RTCPeerConnection and the offers and answers through it (RFC 8829, RFC 3264). It knows nothing of SIP: a call
 * hands it descriptions in order and sends what it returns.
 */
export class MediaSession extends Emitter<MediaSessionEvents> {
  readonly connection: RTCPeerConnection;
  /** What we send: at most one audio track, and one video track (camera or screen). */
  readonly local: MediaStream;
  readonly remote: MediaStream;
  readonly #clock: Clock;
  #held = false;
  #remoteHold = false;
  #mutedAudio = false;
  #mutedVideo = false;
  #closed = false;

  constructor(connection: RTCPeerConnection, clock: Clock, streams: { local: MediaStream; remote: MediaStream }) {
    super();
    this.connection = connection;
    this.#clock = clock;
    this.local = streams.local;
    this.remote = streams.remote;
    connection.addEventListener('connectionstatechange', () => this.emit('connection', connection.connectionState));
  }

  get held(): boolean {
    return this.#held;
  }

  get remoteHold(): boolean {
    return this.#remoteHold;
  }

  get muted(): { audio: boolean; video: boolean } {
    return { audio: this.#mutedAudio, video: this.#mutedVideo };
  }

  track(kind: 'audio' | 'video'): MediaStreamTrack | undefined {
    return this.local.getTracks().find((track) => track.kind === kind);
  }

  // --- offers and answers

  /** An offer that carries its candidates, as the local description. */
  async offer(options: { iceRestart?: boolean } = {}): Promise<string> {
    this.#applyDirections();
    await this.connection.setLocalDescription(await this.connection.createOffer(options));
    return this.#gatheredDescription();
  }

  /** Takes an offer. `answer` follows, after the person has been asked where that is needed. */
  async acceptOffer(sdp: string): Promise<void> {
    await this.#setRemote('offer', sdp);
  }

  async answer(): Promise<string> {
    this.#applyDirections();
    await this.connection.setLocalDescription(await this.connection.createAnswer());
    this.#afterNegotiation();
    return this.#gatheredDescription();
  }

  /**
   * The answer to our offer. `early`: it came in a provisional response, so another dialog's answer may still replace it
   * (RFC 3261 section 13.2.2.4, RFC 8829 section 4.1.10.1).
   */
  async acceptAnswer(sdp: string, early = false): Promise<void> {
    if (this.connection.signalingState === 'stable') return; // the 2xx repeats the answer of a reliable provisional response
    await this.#setRemote(early ? 'pranswer' : 'answer', sdp);
    this.#afterNegotiation();
  }

  /** The other side refused our offer (488) or offered at the same time (491): back to what was agreed before. */
  async rollback(): Promise<void> {
    if (this.connection.signalingState !== 'stable' && this.connection.signalingState !== 'closed')
      await this.connection.setLocalDescription({ type: 'rollback' });
  }

  async #setRemote(type: RTCSdpType, sdp: string): Promise<void> {
    try {
      await this.connection.setRemoteDescription({ type, sdp });
    } catch (error) {
      throw new ClientError('BAD_DESCRIPTION', 'the session description cannot be used', 488, error);
    }
    this.#remoteHold = isHold(sdp);
  }

  async #gatheredDescription(): Promise<string> {
    await gathered(this.connection, this.#clock);
    const sdp = this.connection.localDescription?.sdp;
    if (sdp === undefined) throw new ClientError('WRONG_STATE', 'the media session is closed');
    return sdp;
  }

  // --- tracks

  /** Sends the track, in the place of one of its kind that is sent already. True: this needs a new offer. */
  async send(track: MediaStreamTrack): Promise<boolean> {
    const kind = track.kind as 'audio' | 'video';
    const before = this.track(kind);
    if (before && before !== track) {
      this.local.removeTrack(before);
      before.stop();
    }
    this.local.addTrack(track);
    track.addEventListener('ended', () => {
      if (this.track(kind) === track && !this.#closed) this.emit('trackEnded', track);
    });
    this.#applyMute();
    const transceiver = this.#transceiver(kind);
    let renegotiate = true;
    if (transceiver) {
      await transceiver.sender.replaceTrack(track);
      transceiver.sender.setStreams?.(this.local);
      renegotiate = !sends(transceiver.currentDirection);
    } else this.connection.addTransceiver(track, { direction: 'sendrecv', streams: [this.local] });
    this.#applyDirections();
    this.emit('tracks', undefined);
    return renegotiate;
  }

  /** Stops sending that kind. True: this needs a new offer. */
  async drop(kind: 'audio' | 'video'): Promise<boolean> {
    const track = this.track(kind);
    if (!track) return false;
    this.local.removeTrack(track);
    track.stop();
    const transceiver = this.#transceiver(kind);
    await transceiver?.sender.replaceTrack(null);
    this.#applyDirections();
    this.emit('tracks', undefined);
    return transceiver !== undefined && sends(transceiver.currentDirection);
  }

  /** Offers to receive that kind though nothing of it is sent: a device is missing, or the camera stays off. */
  receive(kind: 'audio' | 'video'): void {
    if (!this.#transceiver(kind)) this.connection.addTransceiver(kind, { direction: 'recvonly' });
  }

  muteAudio(muted: boolean): void {
    this.#mutedAudio = muted;
    this.#applyMute();
  }

  muteVideo(muted: boolean): void {
    this.#mutedVideo = muted;
    this.#applyMute();
  }

  /** Takes effect for the other side with the next offer; silence and blackness begin at once. */
  hold(held: boolean): void {
    this.#held = held;
    this.#applyMute();
    this.#applyDirections();
  }

  /** Named telephone events in RTP (RFC 4733). False: not negotiated with the other side. */
  sendTones(tones: string, duration = 160, gap = 70): boolean {
    const sender = this.#transceiver('audio')?.sender.dtmf;
    if (!sender?.canInsertDTMF) return false;
    sender.insertDTMF(sender.toneBuffer + tones, duration, gap);
    return true;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (const track of this.local.getTracks()) {
      this.local.removeTrack(track);
      track.stop();
    }
    this.connection.close();
    this.emit('tracks', undefined);
  }

  #transceiver(kind: 'audio' | 'video'): RTCRtpTransceiver | undefined {
    return this.connection
      .getTransceivers()
      .find((transceiver) => transceiver.receiver.track.kind === kind && transceiver.direction !== 'stopped');
  }

  #applyMute(): void {
    for (const track of this.local.getTracks())
      track.enabled = !this.#held && !(track.kind === 'audio' ? this.#mutedAudio : this.#mutedVideo);
  }

  /**
   * RFC 3264 section 8.4: a stream on hold that was `sendrecv` is offered `sendonly`, one that was `recvonly` is
   * `inactive`. We send no music: the muted track is silence, so that the other side's player keeps running.
   */
  #applyDirections(): void {
    for (const transceiver of this.connection.getTransceivers()) {
      if (transceiver.direction === 'stopped') continue;
      const sending = transceiver.sender.track !== null;
      const direction = this.#held ? (sending ? 'sendonly' : 'inactive') : sending ? 'sendrecv' : 'recvonly';
      if (transceiver.direction !== direction) transceiver.direction = direction;
    }
  }

  /** The remote stream holds the tracks of those transceivers over which the other side may send now. */
  #afterNegotiation(): void {
    const receiving = new Set(
      this.connection
        .getTransceivers()
        .filter(({ currentDirection }) => currentDirection === 'sendrecv' || currentDirection === 'recvonly')
        .map(({ receiver }) => receiver.track),
    );
    for (const track of this.remote.getTracks()) if (!receiving.has(track)) this.remote.removeTrack(track);
    for (const track of receiving) this.remote.addTrack(track);
    this.emit('tracks', undefined);
  }
}

function sends(direction: RTCRtpTransceiverDirection | null): boolean {
  return direction === 'sendrecv' || direction === 'sendonly';
}
