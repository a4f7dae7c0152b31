import { ProtocolError } from '../errors.ts';
import type { Primitives } from '../primitives.ts';
import type { ChunkCutter } from './chunk-cutter.ts';
import { type Frame, makeFrame, Names } from './frame.ts';
import type { ContinuationFlag, FrameSink } from './frame-reader.ts';
import { type Field, Head } from './head.ts';
import { type RelayLimits, relayLimits } from './limits.ts';
import { type AuthOptions, judgeAuth } from './relay-auth.ts';
import type { RelayEvent, RelayOutput } from './relay-event.ts';
import { type LinkOptions, RelayLink, type ReportTarget, type WaitingPiece } from './relay-link.ts';
import { cutChunk } from './relay-pieces.ts';
import { findRoute, type Route, type RouteOptions, stillFits } from './relay-routes.ts';
import { type RelayUse, RelayUses } from './relay-uses.ts';
import { responseFrame } from './response.ts';
import { serializeReportStatus } from './status.ts';
import { DEFAULT_PORT, type MsrpUri, serializeMsrpUri } from './uri.ts';

export interface RelayOptions extends Pick<AuthOptions, 'authenticate' | 'address' | 'unixTime'> {
  primitives: Pick<Primitives, 'random'>;
  limits?: Partial<RelayLimits>;
  /** Whether a connection may be opened to that host and port. Default: to none. */
  allows?: (uri: MsrpUri) => boolean;
}

/**
 * The MSRP relay (RFC 4976) without I/O. Chunks are passed on piece by piece as they come, each a chunk of its own of a
 * bounded size; what waits is bounded for each connection, which is not read meanwhile (`pause`).
 *
 * Laws: a chunk is answered once (200 when its last piece has been handed on, or the refusal); a piece that was handed on
 * and then fails is reported; nothing is answered for Failure-Report `no`, and no 200 for `partial`; responses and REPORTs
 * are never answered.
 */
export class Relay {
  readonly uses: RelayUses;
  readonly limits: RelayLimits;
  readonly #auth: AuthOptions;
  readonly #names: Names;
  readonly #links = new Map<string, RelayLink>();
  readonly #peers = new Map<string, RelayLink>();
  /** Connections we opened, by where they lead. */
  readonly #opened = new Map<string, RelayLink>();
  readonly #routing: RouteOptions;
  #outputs: RelayOutput[] = [];
  #now = 0;

  constructor(options: RelayOptions) {
    this.limits = { ...relayLimits, ...options.limits };
    this.uses = new RelayUses(options.primitives, this.limits);
    this.#auth = { ...options, limits: this.limits, uses: this.uses };
    this.#names = new Names(options.primitives);
    const allowed = (uri: MsrpUri) => options.allows?.(uri) ?? false;
    this.#routing = {
      uses: this.uses,
      peers: this.#peers,
      peerAddresses: this.limits.peerAddresses,
      allowed,
      connect: (uri) => (allowed(uri) ? this.#linkTo(uri) : undefined),
    };
  }

  /** A connection that is up. */
  open(options: LinkOptions, now: number): { link: RelayLink; outputs: RelayOutput[] } {
    const link = this.#makeLink(options);
    this.#now = now;
    this.#watchIdle(link);
    return { link, outputs: this.#take() };
  }

  /** What was read from it: a whole WebSocket message, or any piece of a stream. */
  receive(link: RelayLink, octets: Uint8Array, now: number): RelayOutput[] {
    this.#now = now;
    if (!link.open) return [];
    link.framesInMessage = 0;
    try {
      link.reader.push(octets);
      if (link.framing === 'message' && !link.reader.idle) throw framing();
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      this.#broken(link, error);
    }
    return this.#take();
  }

  /** It takes more again, or is up. */
  writable(link: RelayLink, now: number): RelayOutput[] {
    this.#now = now;
    if (!link.open) return [];
    link.writable = true;
    this.#flush(link);
    return this.#take();
  }

  /** It takes no more for now. */
  blocked(link: RelayLink): void {
    link.writable = false;
  }

  /** It is gone, whoever closed it. */
  closed(link: RelayLink, now: number): RelayOutput[] {
    this.#now = now;
    this.#forget(link);
    return this.#take();
  }

  timer(name: string, now: number): RelayOutput[] {
    this.#now = now;
    const [kind, id = ''] = name.split(' ');
    if (kind === 'use') {
      const use = this.uses.byId(id);
      if (use !== undefined) this.#endUse(use);
      return this.#take();
    }
    const link = this.#links.get(id);
    if (link === undefined) return this.#take();
    if (kind === 'answer') this.#expire(link);
    else if (kind === 'stall') this.#close(link, 1013, 'You do not read what is sent to you.');
    else if (kind === 'idle' && link.uses.size === 0 && link.addresses.size === 0)
      this.#close(link, 1008, 'No AUTH, and no traffic for a session.');
    return this.#take();
  }

  // --- connections

  #makeLink(options: LinkOptions): RelayLink {
    const link = new RelayLink(options, (it) => this.#sink(it), this.limits);
    this.#links.set(link.name, link);
    return link;
  }

  #linkTo(uri: MsrpUri): RelayLink {
    const place = serializeMsrpUri({
      secure: uri.secure,
      host: uri.host,
      port: uri.port ?? DEFAULT_PORT,
      transport: 'tcp',
    });
    const known = this.#opened.get(place);
    if (known?.open) return known;
    const link = this.#makeLink({ name: `to${this.#names.next()}`, framing: 'stream' });
    link.writable = false;
    this.#opened.set(place, link);
    this.#event({ type: 'connect', link, uri });
    return link;
  }

  #close(link: RelayLink, code: number, reason: string): void {
    if (!link.open) return;
    this.#event({ type: 'close', link, code, reason });
    this.#forget(link);
  }

  #forget(link: RelayLink): void {
    if (!link.open) return;
    link.open = false;
    for (const timer of ['answer', 'stall', 'idle'])
      this.#outputs.push({ type: 'clearTimer', name: `${timer} ${link.name}` });
    for (const use of [...link.uses]) this.#endUse(use);
    for (const address of link.addresses) if (this.#peers.get(address) === link) this.#peers.delete(address);
    for (const [place, opened] of this.#opened) if (opened === link) this.#opened.delete(place);
    this.#links.delete(link.name);
    for (const { report } of link.unanswered.values()) this.#report(report, 481);
    link.unanswered.clear();
    for (const piece of link.queue.drain()) {
      this.#leave(piece);
      if (piece.refusal !== undefined) this.#send(piece.from, piece.refusal);
      else if (piece.report !== undefined) this.#report(piece.report, 481);
    }
  }

  #endUse(use: RelayUse): void {
    this.uses.end(use);
    this.#outputs.push({ type: 'clearTimer', name: `use ${use.id}` });
    if (use.link.open) this.#watchIdle(use.link);
  }

  #watchIdle(link: RelayLink): void {
    if (link.uses.size > 0 || link.addresses.size > 0) return;
    this.#outputs.push({ type: 'setTimer', name: `idle ${link.name}`, delay: this.limits.idleTimeout });
  }

  /** The stream is of no use any more. What can be answered is. */
  #broken(link: RelayLink, error: ProtocolError): void {
    const head = link.reader.current;
    if (head?.isRequest && head.method !== 'REPORT' && head.fromPath.length > 0)
      this.#respond(link, head, error.answer.status ?? 400);
    this.#close(link, error.answer.close ?? 1007, error.message);
  }

  // --- what comes in

  #sink(link: RelayLink): FrameSink {
    return {
      head: (head) => this.#head(link, head),
      body: (octets) => link.intake?.cutter?.body(octets),
      end: (flag) => this.#end(link, flag),
    };
  }

  #head(link: RelayLink, head: Head): void {
    if (isNotable(head)) this.#event({ type: 'head', link, head });
    link.framesInMessage += 1;
    if (link.framing === 'message' && link.framesInMessage > 1) throw framing();
    const previous = link.intake?.route;
    link.intake = { head };
    if (!head.isRequest || head.method === 'AUTH' || !link.open) return;
    let route: Route | number;
    try {
      if (head.method !== 'SEND' && head.method !== 'REPORT') route = 501;
      else if (previous !== undefined && stillFits(previous, head)) route = previous;
      else route = findRoute(link, head, this.#routing);
      if (typeof route !== 'number') link.intake = { head, route, cutter: this.#cutter(link, head, route) };
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error;
      route = error.answer.status ?? 400;
    }
    if (typeof route === 'number') this.#refuse(link, head, route);
  }

  #end(link: RelayLink, flag: ContinuationFlag): void {
    const { intake } = link;
    if (intake === undefined || !link.open) return;
    const { head, cutter } = intake;
    if (!head.isRequest) this.#response(link, head);
    else if (head.method === 'AUTH') this.#authenticate(link, head);
    else cutter?.end(flag, head.get('Content-Type') !== undefined);
    delete intake.cutter;
  }

  /** Throws 400 and 413. */
  #cutter(link: RelayLink, head: Head, route: Route): ChunkCutter {
    return cutChunk(link, head, route, this.limits, {
      take: (piece) => this.#enqueue(route, piece),
      tooLarge: () => {
        delete link.intake?.cutter;
        this.#refuse(link, head, 413);
      },
    });
  }

  #authenticate(link: RelayLink, head: Head): void {
    const verdict = judgeAuth(link, head, this.#auth);
    if ('status' in verdict) {
      this.#refuse(link, head, verdict.status, verdict.fields);
      return;
    }
    const { use, expires, fields } = verdict;
    this.#outputs.push({ type: 'setTimer', name: `use ${use.id}`, delay: expires * 1000 });
    this.#outputs.push({ type: 'clearTimer', name: `idle ${link.name}` });
    this.#respond(link, head, 200, fields);
    this.#event({ type: 'granted', link, name: use.account, expires });
    link.refusals = 0;
  }

  /** RFC 4976 section 6.5: the next hop's answer ends our responsibility, or has its failure reported. */
  #response(link: RelayLink, head: Head): void {
    const { transaction, status } = head;
    const sent = link.unanswered.get(transaction)?.report ?? link.silent.get(transaction);
    if (sent === undefined) return;
    const wasOldest = link.unanswered.keys().next().value === transaction;
    link.silent.delete(transaction);
    if (link.unanswered.delete(transaction) && wasOldest) this.#awaitAnswer(link);
    if (status !== 200) this.#report(sent, status);
    this.#flush(link);
  }

  // --- what goes out

  #enqueue(route: Route, piece: WaitingPiece): void {
    const { next, writer } = route;
    const { from } = piece;
    if (!next.open) {
      if (piece.refusal !== undefined) this.#send(from, piece.refusal);
      return;
    }
    next.queue.push(writer, piece);
    from.refusals = 0;
    from.waitingOctets += piece.length;
    this.#flush(next);
    if (!from.paused && from.waitingOctets > this.limits.queuedBytes && from.open) {
      from.paused = true;
      this.#event({ type: 'pause', link: from });
    }
  }

  #flush(link: RelayLink): void {
    const { unanswered, transactionTimeout, stallTimeout } = this.limits;
    while (link.writable && link.unanswered.size < unanswered) {
      const piece = link.queue.shift();
      if (piece === undefined) break;
      this.#leave(piece);
      this.#pass(link, piece, transactionTimeout);
    }
    const stalls = !link.writable && !link.queue.empty;
    if (stalls === link.stalling) return;
    link.stalling = stalls;
    const name = `stall ${link.name}`;
    this.#outputs.push(stalls ? { type: 'setTimer', name, delay: stallTimeout } : { type: 'clearTimer', name });
  }

  #pass(link: RelayLink, piece: WaitingPiece, timeout: number): void {
    const { body, flag, report, acknowledgement, from } = piece;
    const transaction = this.#names.transactionFor(body);
    const head = `MSRP ${transaction} ${piece.method}\r\n${piece.fields}`;
    const end = `-------${transaction}${flag}\r\n`;
    this.#send(link, body === undefined ? { head, tail: end } : { head: `${head}\r\n`, body, tail: `\r\n${end}` });
    if (report?.timed) {
      link.unanswered.set(transaction, { due: this.#now + timeout, report });
      if (link.unanswered.size === 1) this.#awaitAnswer(link);
    } else if (report !== undefined) {
      link.silent.set(transaction, report);
      if (link.silent.size > MOST_SILENT) link.silent.delete(link.silent.keys().next().value as string);
    }
    if (acknowledgement !== undefined) this.#send(from, acknowledgement);
  }

  /** A piece no longer waits. */
  #leave({ from, length }: WaitingPiece): void {
    from.waitingOctets -= length;
    if (from.paused && from.waitingOctets <= this.limits.queuedBytes / 2) {
      from.paused = false;
      if (from.open) this.#event({ type: 'resume', link: from });
    }
  }

  /** For the oldest that is unanswered. */
  #awaitAnswer(link: RelayLink): void {
    const name = `answer ${link.name}`;
    const [oldest] = link.unanswered.values();
    this.#outputs.push(
      oldest === undefined
        ? { type: 'clearTimer', name }
        : { type: 'setTimer', name, delay: Math.max(0, oldest.due - this.#now) },
    );
  }

  #expire(link: RelayLink): void {
    for (const [transaction, { due, report }] of link.unanswered) {
      if (due > this.#now) break;
      link.unanswered.delete(transaction);
      this.#report(report, 408);
    }
    this.#awaitAnswer(link);
    this.#flush(link);
  }

  /** RFC 4975 section 7.1.2: to the sender, by the way the chunk came. */
  #report({ link, toPath, fromPath, messageId, range }: ReportTarget, status: number): void {
    this.#event({ type: 'reported', link, status });
    const head = new Head(this.#names.next(), { method: 'REPORT' });
    head.toPath = [toPath];
    head.fromPath = [fromPath];
    head.add('Message-ID', messageId).add('Byte-Range', range).add('Status', serializeReportStatus(status));
    this.#send(link, makeFrame(head));
  }

  #refuse(link: RelayLink, head: Head, status: number, fields: readonly Field[] = []): void {
    this.#event({ type: 'refused', link, head, status });
    if (head.method !== 'REPORT' && head.failureReport !== 'no') this.#respond(link, head, status, fields);
    if (status === 413) return;
    // A message whose session has ended meets one refusal, however many of its chunks were on their way.
    const message = head.get('Message-ID');
    if (message !== undefined && message === link.lastRefused) return;
    link.lastRefused = message;
    link.refusals += 1;
    if (link.refusals > this.limits.refusals) this.#close(link, 1008, 'Too many requests that were refused.');
  }

  #respond(link: RelayLink, head: Head, status: number, fields: readonly Field[] = []): void {
    this.#send(link, responseFrame(head, status, fields));
  }

  #send(link: RelayLink, frame: Frame): void {
    if (link.open) this.#outputs.push({ type: 'send', message: { link, frame } });
  }

  #event(event: RelayEvent): void {
    this.#outputs.push({ type: 'event', event });
  }

  #take(): RelayOutput[] {
    const outputs = this.#outputs;
    this.#outputs = [];
    return outputs;
  }
}

const MOST_SILENT = 64;

function framing(): ProtocolError {
  return new ProtocolError('MSRP_FRAMING', 'A WebSocket message holds one whole MSRP message.', {
    status: 400,
    close: 1007,
  });
}

/** For a trace: requests but for the chunks of a message after its first, and the answers that say no. */
function isNotable(head: Head): boolean {
  if (!head.isRequest) return head.status !== 200;
  return head.method !== 'SEND' || /^1-/.test(head.get('Byte-Range') ?? '1-');
}
