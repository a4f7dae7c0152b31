import type { ByteString } from '../byte-string.ts';
import type { ChunkCutter } from './chunk-cutter.ts';
import { FairQueue } from './fair-queue.ts';
import type { Frame } from './frame.ts';
import { type ContinuationFlag, FrameReader, type FrameSink } from './frame-reader.ts';
import type { Head } from './head.ts';
import type { FrameLimits } from './limits.ts';
import type { RelayIdentity } from './relay-event.ts';
import type { Route } from './relay-routes.ts';
import type { RelayUse } from './relay-uses.ts';

export interface LinkOptions {
  /** Unique, for timers and logs. */
  name: string;
  /** One frame in each message (RFC 7977 section 5.2), or a stream of them. */
  framing: 'message' | 'stream';
  /** What the handshake has proved. */
  identity?: RelayIdentity;
}

/** Where the failure of a chunk is to be reported. */
export interface ReportTarget {
  link: RelayLink;
  toPath: ByteString;
  fromPath: ByteString;
  messageId: ByteString;
  range: string;
}

/** A piece of a chunk that waits for its turn. */
export interface WaitingPiece {
  from: RelayLink;
  /** The request without its start line. */
  method: string;
  fields: ByteString;
  body?: Uint8Array;
  flag: ContinuationFlag;
  length: number;
  /** The answer to the chunk of which this is the last piece: sent when the piece is. */
  acknowledgement?: Frame;
  refusal?: Frame;
  /** `timed`: its answer must come in time. */
  report?: ReportTarget & { timed: boolean };
}

/** The request that is being read. */
export interface Intake {
  head: Head;
  route?: Route;
  cutter?: ChunkCutter;
}

/** What the relay knows of one connection. */
export class RelayLink {
  readonly name: string;
  readonly framing: 'message' | 'stream';
  readonly identity: RelayIdentity | undefined;
  readonly reader: FrameReader;
  open = true;
  /** Takes more at the moment; the driver says so by `blocked` and `writable`. */
  writable = true;
  /** Frames read since the last message began. */
  framesInMessage = 0;
  intake: Intake | undefined;
  readonly uses = new Set<RelayUse>();
  /** URIs of peers without a use that have sent something by it. */
  readonly addresses = new Set<string>();
  readonly queue = new FairQueue<string, WaitingPiece>();
  /** Octets that came by it and wait for others. */
  waitingOctets = 0;
  paused = false;
  stalling = false;
  idling = false;
  /** Refused messages since the last that went on. */
  refusals = 0;
  /** The Message-ID of the latest. */
  lastRefused: ByteString | undefined;
  /** Sent by it and not answered, oldest first, with the time by which the answer is due. */
  readonly unanswered = new Map<string, { due: number; report: ReportTarget }>();
  /** The latest of those that are only answered when refused (Failure-Report: partial). */
  readonly silent = new Map<string, ReportTarget>();

  constructor(options: LinkOptions, sink: (link: RelayLink) => FrameSink, limits: FrameLimits) {
    this.name = options.name;
    this.framing = options.framing;
    this.identity = options.identity;
    this.reader = new FrameReader(sink(this), limits);
  }
}
