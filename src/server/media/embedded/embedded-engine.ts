// MediaEngine in this process: descriptions are made here, packets are relayed in worker threads (relay-thread.ts).
import { availableParallelism } from 'node:os';
import { ProtocolError } from '../../../protocol/errors.ts';
import type { Fingerprint } from '../../../protocol/sdp/dtls-attributes.ts';
import type { DescriptionLimits } from '../../../protocol/sdp/limits.ts';
import { primitives } from '../../../transport/primitives.ts';
import { generateKeyAndCertificate } from '../certificate.ts';
import type { MediaCall, MediaCallOptions, MediaEngine, MediaMetrics, MediaParty } from '../engine.ts';
import type { EmbeddedBranch } from './embedded-branch.ts';
import { EmbeddedCall } from './embedded-call.ts';
import { type MediaLimits, mediaLimits } from './limits.ts';
import { MediaAddresses, type MediaAddressOptions } from './media-addresses.ts';
import { MediaSide } from './media-side.ts';
import { PhonePorts } from './phone-ports.ts';
import type { PortRange } from './port-pairs.ts';
import type { RelayThread } from './relay-thread.ts';
import { RelayThreads } from './relay-threads.ts';
import { SharedPorts } from './shared-ports.ts';

export interface EmbeddedEngineOptions {
  addresses: MediaAddressOptions;
  /** Of phone legs. */
  ports: PortRange;
  limits?: Partial<MediaLimits>;
  log?: MediaLog;
}

export interface MediaLog {
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

const SILENT: MediaLog = { warn() {}, error() {} };

/** Sockets of ours on the shared port, all threads together: before Linux 6.13 the kernel looks through all of them for each datagram. */
const TAKEOVERS = 1_000;

export class EmbeddedEngine implements MediaEngine {
  readonly name = 'embedded';
  /** The ports of all WebRTC legs: each to be given its socket. */
  readonly shared = new SharedPorts((port) => this.threads.listening(port));
  readonly phonePorts: PhonePorts;
  /** Descriptions that had no translation for want of something: MediaMetrics. */
  refused = 0;
  readonly descriptionLimits: Partial<DescriptionLimits>;
  private readonly limits: MediaLimits;
  private readonly log: MediaLog;
  private readonly ports: PortRange;
  private readonly addresses: MediaAddresses;
  private readonly fingerprint: Fingerprint;
  private readonly threads: RelayThreads;
  private readonly branches = new Map<string, EmbeddedBranch>();
  /** Branches whose codecs may have to be translated. */
  private readonly transcoded = new Set<EmbeddedBranch>();
  private readonly byAccount = new Map<string, number>();
  private failed = 0;
  private lastId = 0;
  private closed = false;

  constructor({ addresses, ports, limits, log = SILENT }: EmbeddedEngineOptions) {
    this.limits = { ...mediaLimits, ...limits };
    this.log = log;
    this.ports = ports;
    this.descriptionLimits = { media: this.limits.sections };
    this.addresses = new MediaAddresses(addresses);
    this.phonePorts = new PhonePorts({
      range: ports,
      addresses: this.addresses,
      mostOfAccount: this.limits.portPairsPerAccount,
      now: () => performance.now(),
    });
    const certificate = generateKeyAndCertificate(Date.now());
    const digest = primitives.hash('sha256', Buffer.from(certificate.der).toString('latin1'));
    const value = Buffer.from(digest, 'latin1').toString('hex').toUpperCase().match(/../g)!.join(':');
    this.fingerprint = { hash: 'sha-256', value };
    const count = Math.min(this.limits.workers, Math.max(1, availableParallelism() - 1));
    const { silence: mediaTimeout, packetRate } = this.limits;
    this.threads = new RelayThreads({
      count,
      data: { certificate, options: { mediaTimeout, packetRate }, takeovers: Math.floor(TAKEOVERS / count) },
      shared: this.shared,
      onEvent: ({ branch, ...event }) => {
        this.failed += 1;
        this.branches.get(branch)?.onEvent(event);
      },
      onFault: (error) => this.fault(error),
      onDeath: (thread, reason) => this.lost(thread, reason),
    });
  }

  open(options: MediaCallOptions): MediaCall {
    return new EmbeddedCall(this.nextId(), this, this.threads.leastLoaded(), options);
  }

  reaches(address: string): boolean {
    return this.addresses.forPhone(address) !== undefined;
  }

  /** Whether media is received at this port: TURN's clients may reach it, and nothing else here. */
  isMediaPort(port: number): boolean {
    return this.shared.numbers.includes(port) || (port >= this.ports.first && port <= this.ports.last);
  }

  metrics(): MediaMetrics {
    const { refused, failed } = this;
    return { calls: this.branches.size, ...this.threads.metrics(), refused, failed };
  }

  async close(): Promise<void> {
    this.closed = true;
    await this.threads.close();
  }

  /** For calls and branches: */

  nextId(): string {
    this.lastId += 1;
    return String(this.lastId);
  }

  /** Throws ProtocolError 503 where the bounds do not allow one more. */
  admit(branch: EmbeddedBranch, account: string | undefined): void {
    const own = account === undefined ? 0 : (this.byAccount.get(account) ?? 0);
    const why = this.closed
      ? 'The server is shutting down'
      : this.branches.size >= this.limits.calls
        ? 'Too many calls with media'
        : own >= this.limits.callsPerAccount
          ? 'Too many calls with media of this account'
          : undefined;
    if (why !== undefined) throw new ProtocolError('MEDIA_TOO_MANY', why, { status: 503 });
    this.branches.set(branch.id, branch);
    if (account !== undefined) this.byAccount.set(account, own + 1);
  }

  /** What its last description says. */
  countTranscoded(branch: EmbeddedBranch, transcoded: boolean): void {
    if (transcoded) this.transcoded.add(branch);
    else this.transcoded.delete(branch);
  }

  dismiss(branch: EmbeddedBranch, account: string | undefined): void {
    this.transcoded.delete(branch);
    if (!this.branches.delete(branch.id) || account === undefined) return;
    const left = (this.byAccount.get(account) ?? 1) - 1;
    if (left > 0) this.byAccount.set(account, left);
    else this.byAccount.delete(account);
  }

  side(party: MediaParty, thread: RelayThread, account: string | undefined): MediaSide {
    return new MediaSide({
      party,
      account,
      fingerprint: this.fingerprint,
      candidates: () => {
        const addresses = this.addresses.candidates(party.address);
        const numbers = this.shared.numbers;
        const [first, ...others] = numbers.flatMap((port) => addresses.map((address) => ({ address, port })));
        return { ...(first ?? { address: addresses[0]!, port: 0 }), others };
      },
      mayTranscode: () => this.transcoded.size < this.limits.transcodedCalls,
      phoneAddress: () => this.addresses.forPhone(party.address)?.advertised ?? party.address,
      onFragment: (fragment) => this.shared.addFragment(fragment, thread),
      onForgotten: (fragment) => this.shared.removeFragment(fragment),
    });
  }

  release(side: MediaSide, thread: RelayThread): void {
    for (const fragment of side.fragments) this.shared.removeFragment(fragment);
    this.phonePorts.release(thread, side);
  }

  fault(error: unknown): void {
    this.log.error(
      { error: error instanceof Error ? (error.stack ?? error.message) : String(error) },
      'fault in media',
    );
  }

  private lost(thread: RelayThread, reason: string): void {
    this.log.error({ reason, calls: thread.calls }, 'a relaying thread ended');
    for (const branch of this.branches.values()) {
      if (branch.thread !== thread) continue;
      this.failed += 1;
      branch.onEvent({ type: 'failed', reason: 'The relaying thread ended' });
    }
  }
}
