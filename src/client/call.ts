import type { UserAgent } from '../protocol/sip/user-agent.ts';
import type { CallName, CallSnapshot, UserAgentEvent, UserAgentOutput } from '../protocol/sip/user-agent-event.ts';
import { endOf } from './call-end.ts';
import type { CallEnd, CallEvents, CallState } from './call-event.ts';
import type { Clock } from './clock.ts';
import { type Devices, type MediaWish, openDevices, openScreen } from './devices.ts';
import { Emitter } from './emitter.ts';
import { ClientError, toClientError, wrongState } from './errors.ts';
import { ForkedAnswers } from './forked-answers.ts';
import { IceRecovery } from './ice-recovery.ts';
import type { MediaSession } from './media-session.ts';
import { Negotiation, sessionDescription, textOf } from './negotiation.ts';
import type { Peer } from './peer.ts';
import { hasVideo } from './session-description.ts';
import { type CallStatistics, summarizeStatistics } from './statistics.ts';
import { Transfers } from './transfers.ts';

/** What a call needs of its client. */
export interface CallPort {
  /** Runs a command of the user agent and carries its outputs out. */
  perform(command: (agent: UserAgent, now: number) => UserAgentOutput[]): void;
  snapshot(name: CallName): CallSnapshot | undefined;
  /** Sends a request in the call; rejects with its final status. */
  request(command: (agent: UserAgent, request: string, now: number) => UserAgentOutput[]): Promise<void>;
  mediaSession(): MediaSession;
  /** Completes what a person typed to a URI; throws BAD_TARGET. */
  uriOf(target: string): string;
  readonly connected: boolean;
  readonly devices: Devices | undefined;
  readonly clock: Clock;
}

/** Where the INVITE of an outgoing call comes from: our own wish, or the other side's REFER. */
export type Invitation = (agent: UserAgent, name: CallName, offer: string, now: number) => UserAgentOutput[];

/**
 * One call. Properties tell how it is, `change` that it is otherwise now. Methods that agree something with the other
 * side (hold, video, transfer) resolve when it has agreed, and reject with a ClientError and leave the call as it was.
 */
export class Call extends Emitter<CallEvents> {
  /** Names the call in this client. */
  readonly id: CallName;
  readonly direction: 'incoming' | 'outgoing';
  readonly remote: Peer;
  /** Incoming: the caller would show a picture. */
  readonly offersVideo: boolean;
  /** Incoming: the call whose place it takes (RFC 3891). It is answered by itself. */
  readonly replaces: Call | undefined;

  readonly #port: CallPort;
  readonly #offer: string | undefined;
  #state: CallState;
  #end: CallEnd | undefined;
  #startedAt: number | undefined;
  #media: MediaSession | undefined;
  #negotiation: Negotiation | undefined;
  #recovery: IceRecovery | undefined;
  #sharing = false;
  #cameraBeforeSharing = false;
  #interrupted = false;
  #hungUp = false;
  #invited = false;
  readonly #answers = new ForkedAnswers({
    hearEarly: async (sdp) => this.#media?.acceptAnswer(sdp, true),
    settle: (sdp) => this.#takeFinalAnswer(sdp),
    reconnect: () => this.#recovery?.restart(),
  });
  readonly #transfers = new Transfers(() => this.#changed());
  #lastStatistics: { statistics: CallStatistics; at: number } | undefined;

  constructor(port: CallPort, origin: { id: CallName; remote: Peer; incoming?: { offer?: string; replaces?: Call } }) {
    super();
    this.#port = port;
    this.id = origin.id;
    this.remote = origin.remote;
    this.direction = origin.incoming ? 'incoming' : 'outgoing';
    this.#offer = origin.incoming?.offer;
    this.offersVideo = this.#offer !== undefined && hasVideo(this.#offer);
    this.replaces = origin.incoming?.replaces;
    this.#state = origin.incoming ? 'ringing' : 'calling';
  }

  // --- how it is

  get state(): CallState {
    return this.#state;
  }

  /** Why it ended. */
  get end(): CallEnd | undefined {
    return this.#end;
  }

  /** When it was answered, in milliseconds of Date.now(). */
  get startedAt(): number | undefined {
    return this.#startedAt;
  }

  /** We hold the other side. */
  get held(): boolean {
    return this.#media?.held ?? false;
  }

  /** The other side holds us. */
  get remoteHold(): boolean {
    return this.#media?.remoteHold ?? false;
  }

  get muted(): { audio: boolean; video: boolean } {
    return this.#media?.muted ?? { audio: false, video: false };
  }

  /** Our screen is what the other side sees. */
  get sharing(): boolean {
    return this.#sharing;
  }

  /** The media connection is lost and being restored. */
  get interrupted(): boolean {
    return this.#interrupted;
  }

  get transferring(): boolean {
    return this.#transfers.pending;
  }

  /** Empty until there is media. The same objects all call long, with changing tracks. */
  get localStream(): MediaStream | undefined {
    return this.#media?.local;
  }

  get remoteStream(): MediaStream | undefined {
    return this.#media?.remote;
  }

  get sendsVideo(): boolean {
    return this.#media?.track('video') !== undefined;
  }

  get receivesVideo(): boolean {
    return (this.#media?.remote.getVideoTracks().length ?? 0) > 0;
  }

  /** For what this class has no method for. */
  get connection(): RTCPeerConnection | undefined {
    return this.#media?.connection;
  }

  // --- from ringing to hanging up

  /** Answers an incoming call. Default: with sound, without picture. */
  async answer(wish: MediaWish = {}): Promise<void> {
    if (this.direction !== 'incoming' || this.#state !== 'ringing') throw wrongState('answer');
    this.#enter('connecting');
    try {
      const tracks = await openDevices(this.#port.devices, wish);
      if (this.#ended()) return stop(tracks);
      const media = this.#openMedia();
      if (this.#offer !== undefined) await media.acceptOffer(this.#offer);
      for (const track of tracks) await media.send(track);
      const sdp = this.#offer === undefined ? await media.offer() : await media.answer();
      if (this.#ended()) return;
      this.#port.perform((agent, now) => agent.accept(this.id, sessionDescription(sdp), now));
    } catch (error) {
      const failure = toClientError(error, 'NO_MEDIA');
      this.#refuse(failure.code === 'BAD_DESCRIPTION' ? 488 : 480, failure);
      throw failure;
    }
  }

  /** Refuses an incoming call: 603 Decline, or another status. */
  async reject(status = 603): Promise<void> {
    if (this.direction !== 'incoming' || this.#state !== 'ringing') throw wrongState('reject');
    this.#refuse(status);
  }

  /** Refuses an incoming call: 486 Busy Here. */
  async busy(): Promise<void> {
    return this.reject(486);
  }

  /** Ends the call, whatever its state. */
  hangUp(): void {
    if (this.#hungUp || this.#ended()) return;
    this.#hungUp = true;
    if (this.direction === 'outgoing' && !this.#invited) this.#finish({ by: 'local', reason: 'cancelled' });
    else this.#port.perform((agent, now) => agent.hangUp(this.id, {}, now));
  }

  // --- sound and picture

  muteAudio(muted: boolean): void {
    this.#media?.muteAudio(muted);
    this.#changed();
  }

  /** Black instead of the picture, at once; the camera stays on. See `dropVideo`. */
  muteVideo(muted: boolean): void {
    this.#media?.muteVideo(muted);
    this.#changed();
  }

  async hold(): Promise<void> {
    return this.#setHeld(true);
  }

  async resume(): Promise<void> {
    return this.#setHeld(false);
  }

  /** Turns the camera on. */
  async addVideo(video: boolean | MediaTrackConstraints = true): Promise<void> {
    this.#mustBeActive('add video');
    const [track] = await openDevices(this.#port.devices, { audio: false, video });
    if (!track) return;
    this.#sharing = false;
    await this.#send(track);
  }

  /** Turns the camera off, so that its light goes out; the other side's picture stays. */
  async dropVideo(): Promise<void> {
    const { media, negotiation } = this.#mustBeActive('drop video');
    this.#sharing = false;
    const renegotiate = await media.drop('video');
    this.#changed();
    if (renegotiate) await negotiation.offer();
  }

  /** Shows a screen or window in place of the camera. */
  async shareScreen(): Promise<void> {
    this.#mustBeActive('share the screen');
    const track = await openScreen(this.#port.devices);
    if (!this.#sharing) this.#cameraBeforeSharing = this.sendsVideo;
    this.#sharing = true;
    await this.#send(track);
  }

  /** Back to the camera if it was on before. */
  async stopSharing(): Promise<void> {
    if (!this.#sharing) return;
    if (this.#cameraBeforeSharing) await this.addVideo();
    else await this.dropVideo();
  }

  /**
   * Keys of a telephone: 0-9 * # A-D. As events in RTP (RFC 4733) where the other side knows them, else, or if asked
   * for, by INFO. Resolves when INFO was accepted; RTP events are on their way when it resolves.
   */
  async sendDtmf(tones: string, options: { by?: 'rtp' | 'info'; duration?: number } = {}): Promise<void> {
    const { media } = this.#mustBeActive('send tones');
    const wanted = tones.toUpperCase();
    if (!/^[0-9*#A-D]+$/.test(wanted)) throw new ClientError('BAD_TARGET', 'tones are 0-9, *, # and A-D');
    const duration = options.duration ?? 160;
    if (options.by !== 'info' && media.sendTones(wanted, duration)) return;
    if (options.by === 'rtp') throw new ClientError('REJECTED', 'the other side takes no tones in RTP', 488);
    for (const tone of wanted)
      await this.#port.request((agent, request, now) => agent.sendDtmf(request, this.id, tone, duration, now));
  }

  /** Finds new paths for the media, after a change of networks (RFC 8445 section 2.4). It happens by itself when needed. */
  async restartIce(): Promise<void> {
    await this.#mustBeActive('restart ICE').negotiation.offer({ iceRestart: true });
  }

  /** Bit rates are since the call before. */
  async statistics(): Promise<CallStatistics> {
    if (!this.#media) throw wrongState('statistics');
    const reports = await this.#media.connection.getStats();
    this.#lastStatistics = summarizeStatistics(
      (reports as unknown as Map<string, never>).values(),
      this.#lastStatistics,
    );
    return this.#lastStatistics.statistics;
  }

  // --- transfer

  /** Blind: the other side calls `target` and this call ends. Rejects if it could not, and the call goes on. */
  async transfer(target: string): Promise<void> {
    await this.#transferTo((agent, refer, now) => agent.refer(this.id, refer, this.#port.uriOf(target), now));
  }

  /**
   * Attended: connects the other side of this call with that of another one; both of ours end. Whoever knows Replaces (RFC
   * 3891) is asked to call the other, first of all the side of this call; who does not, as many phones, rings once more.
   */
  async transferTo(other: Call): Promise<void> {
    this.#mustBeActive('transfer');
    const swapped = !this.#knowsReplaces && other.#knowsReplaces && other.state === 'active';
    const [asked, target] = swapped ? [other, this] : [this, other];
    await asked.#transferTo((agent, refer, now) => agent.refer(asked.id, refer, { call: target.id }, now));
    target.hangUp();
  }

  get #knowsReplaces(): boolean {
    return this.#port.snapshot(this.id)?.remoteReplaces ?? false;
  }

  async #transferTo(command: (agent: UserAgent, refer: string, now: number) => UserAgentOutput[]): Promise<void> {
    this.#mustBeActive('transfer');
    await this.#transfers.ask((refer) => this.#port.perform((agent, now) => command(agent, refer, now)));
    this.hangUp();
  }

  // --- called by the client

  /** Starts an outgoing call. Its failures end it; nobody waits for this. */
  async start(wish: MediaWish, invite: Invitation): Promise<void> {
    try {
      const tracks = await openDevices(this.#port.devices, wish);
      if (this.#ended()) return stop(tracks);
      const media = this.#openMedia();
      for (const track of tracks) await media.send(track);
      if (tracks.length === 0) media.receive('audio');
      const offer = await media.offer();
      if (this.#ended()) return;
      this.#invited = true;
      this.#port.perform((agent, now) => invite(agent, this.id, offer, now));
    } catch (error) {
      const failure = toClientError(error, 'NO_MEDIA');
      this.#finish({ by: 'local', reason: failure.message, error: failure });
    }
  }

  /** An event of the user agent about this call. */
  receive(event: UserAgentEvent): void {
    switch (event.type) {
      case 'progress':
        if (event.status >= 180 && this.#state === 'calling') this.#enter('ringing');
        break;
      case 'answer':
        if (this.#negotiation) this.#negotiation.receive(event);
        else if (this.direction === 'incoming') void this.#takeFinalAnswer(textOf(event.body));
        else void this.#answers.receive(event);
        break;
      case 'offer':
      case 'offerRequested':
        if (this.#negotiation) this.#negotiation.receive(event);
        // An UPDATE before the call is established (RFC 3311 section 5.2): its time has not come, the other side tries again.
        else this.#port.perform((agent, now) => agent.rejectOffer(this.id, now, { status: 491 }));
        break;
      case 'accepted':
        void this.#answers.accept(event.leg);
        break;
      case 'confirmed':
        // With an offer in our 200, the answer in the ACK establishes.
        if (this.direction === 'incoming' && this.#offer !== undefined) this.#establish();
        break;
      case 'referProgress':
        this.emit('transfer', this.#transfers.receive(event));
        break;
      case 'dtmf':
        this.emit('dtmf', { tone: event.tone, duration: event.duration });
        break;
      case 'ended':
        this.#finish(endOf(event, this.#hungUp));
        break;
      default:
        this.#negotiation?.receive(event);
    }
  }

  /** The signalling connection is back, perhaps from another network: the other side learns our new address. */
  reconnected(networkChanged: boolean): void {
    if (this.#state !== 'active') return;
    if (networkChanged || this.#interrupted) this.#recovery?.restart();
    else if (this.#port.snapshot(this.id)?.stable)
      this.#port.perform((agent, now) => agent.renegotiate(this.id, undefined, now));
  }

  /** Ends without a word to the other side: the client is shut down. */
  abandon(): void {
    this.#finish({ by: 'local', reason: 'disconnected' });
  }

  // --- inside

  #openMedia(): MediaSession {
    const media = this.#port.mediaSession();
    this.#media = media;
    media.on('tracks', () => this.#changed());
    media.on('trackEnded', (track) => {
      if (track.kind === 'audio') this.emit('error', new ClientError('MEDIA_REFUSED', 'the microphone is gone'));
      else if (this.#state === 'active') this.#report(this.#sharing ? this.stopSharing() : this.dropVideo());
    });
    this.#recovery = new IceRecovery(this.#port.clock, {
      restart: () => this.restartIce(),
      possible: () => this.#state === 'active' && this.#port.connected,
      interrupted: (interrupted) => {
        this.#interrupted = interrupted;
        this.emit('interrupted', interrupted);
        this.#changed();
      },
    });
    media.on('connection', (state) => this.#recovery?.connection(state));
    return media;
  }

  /** Of the leg that accepted; or in the ACK, when the INVITE had no offer. */
  async #takeFinalAnswer(sdp: string): Promise<void> {
    try {
      await this.#media?.acceptAnswer(sdp);
      this.#establish();
    } catch (error) {
      const failure = toClientError(error, 'BAD_DESCRIPTION');
      this.#port.perform((agent, now) => agent.hangUp(this.id, {}, now));
      this.#finish({ by: 'local', reason: failure.message, error: failure });
    }
  }

  #establish(): void {
    const media = this.#media;
    if (!media || this.#negotiation || this.#ended()) return;
    const { id } = this;
    const port = this.#port;
    let hold = media.remoteHold;
    this.#negotiation = new Negotiation(
      media,
      {
        get stable() {
          return port.snapshot(id)?.stable ?? false;
        },
        renegotiate: (offer) => port.perform((agent, now) => agent.renegotiate(id, offer, now)),
        answer: (body) => port.perform((agent, now) => agent.answer(id, body, now)),
        rejectOffer: () => port.perform((agent, now) => agent.rejectOffer(id, now)),
      },
      port.clock,
      () => {
        if (hold !== media.remoteHold) {
          hold = media.remoteHold;
          this.emit('remoteHold', hold);
        }
        this.#changed();
      },
    );
    this.#startedAt = Date.now();
    this.#enter('active');
  }

  async #setHeld(held: boolean): Promise<void> {
    const { media, negotiation } = this.#mustBeActive(held ? 'hold' : 'resume');
    if (media.held === held) return;
    media.hold(held);
    this.#changed();
    try {
      await negotiation.offer();
    } catch (error) {
      media.hold(!held);
      this.#changed();
      throw error;
    }
  }

  async #send(track: MediaStreamTrack): Promise<void> {
    const { media, negotiation } = this.#mustBeActive('send');
    const renegotiate = await media.send(track);
    this.#changed();
    if (renegotiate) await negotiation.offer();
  }

  #refuse(status: number, error?: ClientError): void {
    this.#hungUp = true;
    this.#port.perform((agent, now) => agent.reject(this.id, { status }, now));
    this.#finish({ by: 'local', status, reason: error?.message ?? 'declined', ...(error ? { error } : {}) });
  }

  #finish(end: CallEnd): void {
    if (this.#ended()) return;
    this.#end = end;
    this.#negotiation?.close();
    this.#recovery?.close();
    this.#media?.close();
    this.#transfers.end(end.by);
    this.#enter('ended');
    this.emit('ended', end);
  }

  #enter(state: CallState): void {
    this.#state = state;
    this.emit('state', state);
    this.#changed();
  }

  #changed(): void {
    this.emit('change', undefined);
  }

  #report(action: Promise<unknown>): void {
    action.catch((error: ClientError) => this.emit('error', error));
  }

  #ended(): boolean {
    return this.#state === 'ended';
  }

  #mustBeActive(what: string): { media: MediaSession; negotiation: Negotiation } {
    if (this.#state !== 'active' || !this.#media || !this.#negotiation) throw wrongState(what);
    return { media: this.#media, negotiation: this.#negotiation };
  }
}

function stop(tracks: MediaStreamTrack[]): void {
  for (const track of tracks) track.stop();
}
