// RFC 6347: one DTLS 1.2 association, either role, for the keys of SRTP (RFC 5764). Sans-I/O: outputs as in machine.ts.
import { Alert, parseAlert } from './alert.ts';
import { ClientHandshake } from './client-handshake.ts';
import { DtlsError } from './dtls-error.ts';
import {
  DEFAULT_LIMITS,
  type DtlsEvent,
  type DtlsLimits,
  type DtlsOptions,
  type DtlsOutput,
  type DtlsTimer,
} from './dtls-options.ts';
import { FlightSender } from './flight-sender.ts';
import { type Fragment, type HandshakeMessage, HandshakeType, parseFragments } from './handshake-message.ts';
import { Reassembly } from './reassembly.ts';
import { ContentType, type DtlsRecord, type Epoch, openRecord, parseRecords, type WriteKey } from './record-layer.ts';
import { ReplayWindow } from './replay-window.ts';
import { ServerHandshake } from './server-handshake.ts';
import { type Handshake, Session } from './session.ts';

type State = 'idle' | 'handshake' | 'connected' | 'closed';

const TIMERS: readonly DtlsTimer[] = ['retransmit', 'patience', 'deadline'];
const LEAST_MTU = 256;

/**
 * Laws.
 * 1. What came in the clear cannot end a handshake by itself: a wrong message is forgotten, so that the true one may follow,
 *    and an alert is hearsay. Either only starts `patience`, which every good message stops.
 * 2. What is protected is believed: an error in it is final.
 * 3. Once the handshake is done, nothing in the clear is looked at.
 * 4. ChangeCipherSpec is not looked at either: the epoch of a record says the same, and cannot come too early.
 */
export class DtlsEndpoint {
  private readonly handshake: Handshake;
  private readonly session: Session;
  private readonly role: 'client' | 'server';
  private readonly deadline: number;
  private readonly patience: number;
  private readonly limits: DtlsLimits;
  private readonly reassembly: Reassembly;
  private readonly sender: FlightSender;
  private readonly window = new ReplayWindow();
  private readKey: WriteKey | undefined;
  private held: DtlsRecord[] = [];
  private state: State = 'idle';
  /** message_seq of the first message that answers our last flight; an older one is a repetition. */
  private answeredFrom = 0;
  private doubt: { error: DtlsError; alert?: number } | undefined;
  private refusals = 0;
  private outputs: DtlsOutput[] = [];

  constructor(options: DtlsOptions) {
    this.role = options.role;
    this.deadline = options.deadline ?? 30_000;
    this.patience = options.patience ?? 3000;
    this.limits = { ...DEFAULT_LIMITS, ...options.limits };
    this.reassembly = new Reassembly(this.limits);
    const retransmission = { initial: 1000, most: 60_000, ...options.retransmission };
    const mtu = Math.max(options.mtu ?? 1200, LEAST_MTU);
    this.sender = new FlightSender((output) => this.outputs.push(output), mtu, retransmission);
    this.session = new Session({
      ...options,
      srtpProfiles: options.srtpProfiles ?? ['SRTP_AEAD_AES_128_GCM', 'SRTP_AES128_CM_HMAC_SHA1_80'],
      extendedMasterSecret: options.extendedMasterSecret ?? 'required',
    });
    this.handshake = options.role === 'client' ? new ClientHandshake(this.session) : new ServerHandshake(this.session);
  }

  get connected(): boolean {
    return this.state === 'connected';
  }

  /** The transport is up: a client sends its hello, a server begins to listen. */
  start(now: number): DtlsOutput[] {
    if (this.state !== 'idle') return [];
    this.state = 'handshake';
    this.outputs.push({ type: 'setTimer', name: 'deadline', delay: this.deadline });
    this.handshake.start();
    this.sendNewFlight(now);
    return this.take();
  }

  /** The signalling has announced the peer's certificate, perhaps after the handshake was done (RFC 8842 section 5.4). */
  expect(fingerprints: readonly Uint8Array[]): DtlsOutput[] {
    this.session.fingerprints = fingerprints;
    const { peerCertificate } = this.session;
    if (peerCertificate && this.state !== 'closed') {
      this.guarded(() => this.session.checkFingerprint(peerCertificate, fingerprints));
      if (this.handshake.done) this.announce();
    }
    return this.take();
  }

  /** One datagram of the peer's; `now` in milliseconds. */
  receive(datagram: Uint8Array, now: number): DtlsOutput[] {
    for (const record of parseRecords(datagram)) this.receiveRecord(record, now);
    return this.take();
  }

  timer(name: DtlsTimer, now: number): DtlsOutput[] {
    if (this.state !== 'handshake') return [];
    if (name === 'retransmit' && this.handshake.awaitsAnswer) {
      this.sender.onTimer(now);
    } else if (name === 'patience' && this.doubt) {
      this.fail(this.doubt.error, this.doubt.alert);
    } else if (name === 'deadline') {
      this.fail(this.doubt?.error ?? new DtlsError('DTLS_TIMEOUT'), this.doubt?.alert);
    }
    return this.take();
  }

  /** Ends the association with close_notify. */
  close(_now: number): DtlsOutput[] {
    if (this.state === 'handshake' || this.state === 'connected') this.sender.sendAlert(false, Alert.closeNotify);
    if (this.state !== 'closed') this.end({ type: 'closed' });
    return this.take();
  }

  private receiveRecord(record: DtlsRecord, now: number): void {
    if (this.state === 'idle' || this.state === 'closed') return;
    if (record.epoch === 0) {
      if (!this.handshake.done) this.receivePlain(record, now);
    } else if (record.epoch === 1) {
      if (this.readKey) this.receiveProtected(record, this.readKey, now);
      else this.hold(record);
    }
  }

  private receivePlain(record: DtlsRecord, now: number): void {
    if (record.type === ContentType.handshake) {
      // RFC 6347 section 4.2.1, for the answer to a hello with or without a cookie.
      if (this.session.settings.cookie && !this.handshake.awaitsAnswer) this.sender.writer.follow(record.sequence);
      this.receiveHandshake(record.fragment, 0, now);
    } else if (record.type === ContentType.alert) {
      const alert = parseAlert(record.fragment);
      // Who still awaits a first hello has sent nothing that could be refused.
      if (alert && this.handshake.awaitsAnswer && (alert.fatal || alert.description === Alert.closeNotify)) {
        this.suspect(new DtlsError('DTLS_PEER_ALERT'), alert.description);
      }
    }
  }

  private receiveProtected(record: DtlsRecord, key: WriteKey, now: number): void {
    if (!this.window.fresh(record.sequence)) return;
    const content = openRecord(key, record);
    if (!content) return;
    this.window.accept(record.sequence);
    if (record.type === ContentType.alert) this.receiveAlert(content);
    else if (record.type === ContentType.handshake && this.handshake.done) this.receiveLate(content, now);
    else if (record.type === ContentType.handshake) this.receiveHandshake(content, 1, now);
  }

  /** RFC 6347 section 4.2.4: a reordered Finished comes before its keys are known. */
  private hold(record: DtlsRecord): void {
    let octets = record.fragment.length;
    for (const other of this.held) octets += other.fragment.length;
    if (this.held.length >= this.limits.heldRecords || octets > this.limits.heldOctets) return;
    this.held.push({ ...record, fragment: new Uint8Array(record.fragment) });
  }

  private receiveHandshake(content: Uint8Array, epoch: Epoch, now: number): void {
    let fragments: Fragment[];
    try {
      fragments = parseFragments(content);
    } catch (error) {
      if (!(error instanceof DtlsError)) throw error;
      if (epoch === 1) this.fail(error);
      return;
    }
    let repeated = false;
    for (const fragment of fragments) {
      if (fragment.sequence < this.answeredFrom) repeated = true;
      else this.reassembly.add(fragment, epoch);
    }
    this.deliver(now);
    // Section 4.2.4: the peer repeats its flight, so ours was lost.
    if (repeated && this.state === 'handshake') this.sender.repeat(now);
  }

  /** Hands on every message that is whole and in order. */
  private deliver(now: number): void {
    let message = this.reassembly.next();
    while (message && this.state === 'handshake' && !this.handshake.done) {
      const current = message;
      if (!this.guarded(() => this.step(current), current.epoch)) return;
      this.progress(now);
      message = this.reassembly.next();
    }
  }

  private step(message: HandshakeMessage): void {
    if ((message.type === HandshakeType.finished) !== (message.epoch === 1)) {
      throw new DtlsError('DTLS_UNEXPECTED_MESSAGE');
    }
    this.handshake.receive(message);
  }

  /** After a message that was good. */
  private progress(now: number): void {
    this.reassembly.accept();
    if (this.doubt) {
      this.doubt = undefined;
      this.outputs.push({ type: 'clearTimer', name: 'patience' });
    }
    if (this.session.keys && !this.readKey) this.installKeys(this.session.keys);
    this.sendNewFlight(now);
    if (this.handshake.done) {
      this.reassembly.clear();
      this.announce();
      return;
    }
    if (!this.readKey || this.held.length === 0) return;
    const held = this.held;
    this.held = [];
    for (const record of held) this.receiveRecord(record, now);
  }

  private installKeys(keys: NonNullable<Session['keys']>): void {
    this.readKey = this.role === 'client' ? keys.server : keys.client;
    this.sender.writer.install(this.role === 'client' ? keys.client : keys.server);
  }

  private announce(): void {
    if (this.state !== 'handshake' || !this.session.fingerprints) return;
    this.state = 'connected';
    this.clearTimers();
    const { session } = this;
    const event: DtlsEvent = {
      type: 'connected',
      srtpProfile: session.srtpProfile!,
      keyingMaterial: session.conclude(),
      peerCertificate: session.peerCertificate!,
      fingerprint: session.crypto.sha256(session.peerCertificate!),
    };
    this.outputs.push({ type: 'event', event });
  }

  /** A protected handshake message after the handshake: the peer has lost our Finished, or wants another handshake. */
  private receiveLate(content: Uint8Array, now: number): void {
    let fragments: Fragment[];
    try {
      fragments = parseFragments(content);
    } catch (error) {
      if (!(error instanceof DtlsError)) throw error;
      return;
    }
    const has = (...types: number[]): boolean => fragments.some(({ type }) => types.includes(type));
    if (this.role === 'server' && has(HandshakeType.finished)) this.sender.repeat(now);
    // RFC 5246 section 7.2.2
    if (has(HandshakeType.clientHello, HandshakeType.helloRequest)) this.sender.sendAlert(false, Alert.noRenegotiation);
  }

  /** An alert that is vouched for. */
  private receiveAlert(content: Uint8Array): void {
    const alert = parseAlert(content);
    if (alert?.description === Alert.closeNotify) {
      this.sender.sendAlert(false, Alert.closeNotify);
      this.end({ type: 'closed' });
    } else if (alert?.fatal) {
      this.end({ type: 'failed', code: 'DTLS_PEER_ALERT', alert: alert.description });
    }
  }

  private sendNewFlight(now: number): void {
    const flight = this.session.takeFlight();
    if (flight.length === 0) return;
    this.answeredFrom = this.reassembly.awaited;
    this.sender.sendFlight(flight, this.handshake.awaitsAnswer, now);
  }

  /** Runs a check of the peer; false when it failed. */
  private guarded(check: () => void, epoch: Epoch = 1): boolean {
    try {
      check();
      return true;
    } catch (error) {
      if (!(error instanceof DtlsError)) throw error;
      this.reassembly.reject();
      if (epoch === 1) this.fail(error);
      else this.suspect(error);
      return false;
    }
  }

  /** Law 1. Nonsense does not even start `patience`: it says nothing about the peer. */
  private suspect(error: DtlsError, alert?: number): void {
    const nonsense = error.code === 'DTLS_MALFORMED' || error.code === 'DTLS_UNEXPECTED_MESSAGE';
    if (!nonsense && alert === undefined) this.refusals++;
    if (this.patience === 0 && !nonsense) {
      this.fail(error, alert);
    } else if (this.refusals >= this.limits.refusals) {
      this.fail(error, alert);
    } else if (!nonsense && !this.doubt) {
      this.doubt = alert === undefined ? { error } : { error, alert };
      this.outputs.push({ type: 'setTimer', name: 'patience', delay: this.patience });
    }
  }

  private fail(error: DtlsError, alert?: number): void {
    if (error.alert !== undefined) this.sender.sendAlert(true, error.alert);
    this.end(alert === undefined ? { type: 'failed', code: error.code } : { type: 'failed', code: error.code, alert });
  }

  private end(event: DtlsEvent): void {
    this.state = 'closed';
    this.clearTimers();
    this.held = [];
    this.reassembly.clear();
    this.outputs.push({ type: 'event', event });
  }

  private clearTimers(): void {
    for (const name of TIMERS) this.outputs.push({ type: 'clearTimer', name });
  }

  private take(): DtlsOutput[] {
    const { outputs } = this;
    this.outputs = [];
    return outputs;
  }
}
