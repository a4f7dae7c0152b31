import { decodeUtf8 } from '../../protocol/byte-string.ts';
import { type FileSelector, serializeFileSelector } from '../../protocol/msrp/file-selector.ts';
import type { Head } from '../../protocol/msrp/head.ts';
import type { SessionEvent } from '../../protocol/msrp/session-event.ts';
import type { Clock } from '../clock.ts';
import { Emitter } from '../emitter.ts';
import { ClientError, toClientError } from '../errors.ts';
import type { Peer } from '../peer.ts';
import type { SipSession } from '../sip-session.ts';
import { answeredSetup, isSameSession, type MessageDescription } from './description.ts';
import type { MsrpEndpoint } from './endpoint.ts';
import { type FileHash, type FileHashName, startFileHash } from './file-hash.ts';
import { BlobSink, type FileSink } from './file-sink.ts';
import type { MsrpLink } from './link.ts';

/** `interrupted`: the other side is expected to go on with the rest. */
export type IncomingFileState = 'offered' | 'receiving' | 'interrupted' | 'done' | 'failed';

export interface IncomingFileEvents {
  state: IncomingFileState;
  progress: { octets: number; total: number };
}

/** An INVITE for this file: the first one, or one for the rest. */
export interface FileInvitation {
  sip: SipSession;
  description: MessageDescription;
  /** The whole offer. */
  sdp: string;
  link: () => Promise<MsrpLink>;
}

/** Milliseconds for which the rest of a file is waited for. */
const PATIENCE = 300_000;
/** Milliseconds for which a file that was given up is still refused. */
const LINGER = 5_000;
/** Octets that a sink may be behind before the sender is held back. */
const BEHIND = 4 * 1024 * 1024;

/** One file that comes in (RFC 5547 section 8.3). What its name and type say is the sender's claim. */
export class IncomingFile extends Emitter<IncomingFileEvents> {
  readonly from: Peer;
  readonly name: string;
  readonly type: string;
  readonly size: number;
  /** Resolves when all of it is there and its hash is right; with the file, unless `accept` was given a sink. */
  readonly done: Promise<Blob | undefined>;
  readonly #selector: FileSelector;
  readonly #hashName: FileHashName | undefined;
  #hash: FileHash | undefined;
  #sink: FileSink | undefined;
  #blobs: BlobSink | undefined;
  #state: IncomingFileState = 'offered';
  #octets = 0;
  /** Octets given to the sink and not yet taken. */
  #behind = 0;
  #writing: Promise<void> = Promise.resolve();
  readonly #clock: Clock;
  #cancelPatience: (() => void) | undefined;
  #invitation: FileInvitation;
  #link: MsrpLink | undefined;
  #endpoint: MsrpEndpoint | undefined;
  /** The MSRP message that it comes in. */
  #message = '';
  #settle: { resolve: (file: Blob | undefined) => void; reject: (error: ClientError) => void } | undefined;

  constructor(from: Peer, invitation: FileInvitation, clock: Clock) {
    super();
    this.#clock = clock;
    const selector = invitation.description.file?.selector ?? {};
    this.from = from;
    this.name = safeName(selector.name ?? 'file');
    this.type = selector.type ?? 'application/octet-stream';
    this.size = selector.size ?? 0;
    this.#selector = selector;
    this.#hashName =
      selector.hash?.['sha-256'] !== undefined
        ? 'sha-256'
        : selector.hash?.['sha-1'] !== undefined
          ? 'sha-1'
          : undefined;
    this.#invitation = invitation;
    this.#watch(invitation);
    this.done = new Promise((resolve, reject) => {
      this.#settle = { resolve, reject };
    });
    this.done.catch(() => {}); // also told by `state`
  }

  get state(): IncomingFileState {
    return this.#state;
  }

  get octets(): number {
    return this.#octets;
  }

  /** Takes it. Without a sink it is kept in memory, or wherever the browser keeps Blobs. */
  async accept(sink?: FileSink): Promise<void> {
    if (this.#state !== 'offered') throw new ClientError('WRONG_STATE', 'the file is not offered any more');
    if (sink === undefined) this.#blobs = new BlobSink();
    this.#sink = sink ?? this.#blobs;
    if (this.#hashName !== undefined) this.#hash = startFileHash(this.#hashName);
    await this.#answer(this.#invitation);
  }

  reject(status = 603): void {
    if (this.#state !== 'offered') return;
    this.#invitation.sip.reject(status);
    this.#fail(new ClientError('REJECTED', 'rejected by us', status));
  }

  /** Gives it up while it comes in. */
  abort(): void {
    if (this.#state === 'done' || this.#state === 'failed') return;
    if (this.#state === 'offered') this.reject();
    else this.#fail(new ClientError('REJECTED', 'aborted'));
  }

  /** Whether that invitation is for the rest of this file. */
  continues({ description: { file } }: FileInvitation): boolean {
    if (file === undefined || this.#state === 'offered' || this.#state === 'failed') return false;
    const [mine, theirs] = [this.#selector, file.selector];
    return mine.size === theirs.size && JSON.stringify(mine.hash) === JSON.stringify(theirs.hash);
  }

  /** The rest of it is offered: taken up without asking again. */
  resume(invitation: FileInvitation): void {
    this.#cancelPatience?.();
    this.#leave();
    this.#watch(invitation);
    this.#answer(invitation).catch(() => {}); // interrupted once more, or failed: told by `state`
  }

  #watch(invitation: FileInvitation): void {
    this.#invitation = invitation;
    // RFC 5547 section 8.4: another file in the same session is not taken for this one.
    invitation.sip.isAgreed = (offer) => isSameSession(invitation.description, offer);
    invitation.sip.onEnd = () => {
      if (this.#invitation !== invitation) return;
      if (this.#state === 'offered') this.#fail(new ClientError('REJECTED', 'taken back'));
      else this.#interrupted();
    };
  }

  async #answer({ sip, description, sdp, link: open }: FileInvitation): Promise<void> {
    if (this.#state !== 'done') this.#enter('receiving');
    const setup = answeredSetup(description.setup);
    try {
      const link = await open();
      this.#link = link;
      await this.#writing; // what was written before a cut counts
      const attributes = [
        'recvonly',
        'accept-types:*',
        `setup:${setup}`,
        `file-selector:${decodeUtf8(serializeFileSelector(this.#selector))}`,
        `file-transfer-id:${description.file?.transferId ?? ''}`,
        'file-disposition:attachment',
        `file-range:${this.#octets + 1}-*`,
      ];
      const answer = await link.describe(attributes, sdp);
      const opening = link.open(description.path, {
        accept: (head) => this.#judge(head),
        onEvent: (event) => this.#happened(event),
        onLost: () => {
          link.close();
          this.#interrupted();
        },
      });
      sip.accept(answer);
      this.#endpoint = await opening;
      if (setup === 'active') this.#endpoint.greet();
    } catch (error) {
      sip.reject(480);
      if (this.#octets > 0) this.#interrupted();
      else this.#fail(toClientError(error, 'NOT_CONNECTED'));
      throw toClientError(error, 'NOT_CONNECTED');
    }
  }

  /** The file and nothing else, of the size that was said. */
  #judge(head: Head): number {
    const { total, start } = head.byteRange;
    return (total ?? this.size) === this.size && start - 1 <= this.#octets ? 200 : 413;
  }

  #happened(event: SessionEvent): void {
    if (event.type === 'incoming') this.#message = event.message;
    else if (event.type === 'data') this.#take(event.offset, event.octets);
    else if (event.type === 'received') void this.#received(event.message);
    else if (event.type === 'aborted') this.#fail(new ClientError('REJECTED', 'the other side has given it up'));
  }

  #take(offset: number, octets: Uint8Array): void {
    if (this.#state === 'failed') return;
    const known = this.#octets - offset;
    if (known < 0) {
      this.#fail(new ClientError('REJECTED', 'octets are missing'));
      return;
    }
    if (known >= octets.length) return; // sent again after a cut
    if (offset + octets.length > this.size) {
      // A sender that says no total (`*`) has no other bound.
      this.#fail(new ClientError('REJECTED', 'more octets than were offered'));
      return;
    }
    const fresh = octets.slice(known) as Uint8Array<ArrayBuffer>;
    this.#octets += fresh.length;
    this.#hash?.update(fresh);
    const written = this.#sink?.write(fresh);
    if (written !== undefined) this.#await(written, fresh.length);
    this.emit('progress', { octets: this.#octets, total: this.size });
  }

  #await(written: Promise<void>, length: number): void {
    this.#behind += length;
    if (this.#behind > BEHIND) this.#endpoint?.hold();
    const before = this.#writing;
    this.#writing = Promise.all([before, written])
      .then(() => {
        this.#behind -= length;
        if (this.#behind < BEHIND / 2) this.#endpoint?.release();
      })
      .catch((error) => this.#fail(toClientError(error, 'REJECTED')));
  }

  async #received(message: string): Promise<void> {
    await this.#writing;
    if (this.#octets < this.size) return;
    if (this.#state === 'done') this.#endpoint?.confirm(message); // the first report was lost
    if (this.#state !== 'receiving' && this.#state !== 'interrupted') return;
    this.#cancelPatience?.();
    const wanted = this.#hashName && this.#selector.hash?.[this.#hashName];
    if (wanted !== undefined && this.#hash?.digest() !== wanted) {
      this.#endpoint?.confirm(message, 413);
      this.#fail(new ClientError('REJECTED', 'the hash is wrong'));
      return;
    }
    this.#endpoint?.confirm(message);
    this.#enter('done');
    this.#settle?.resolve(this.#blobs?.blob(this.type));
    // The sender says goodbye; should it not, this side is done all the same.
    this.#invitation.sip.onEnd = () => this.#link?.close();
  }

  #interrupted(): void {
    if (this.#state !== 'receiving') return;
    // No BYE: it would tell the sender that this side wants no more. What was on its way when the sender's came still
    // counts: the end of the file, or that it is given up.
    this.#enter('interrupted');
    this.#cancelPatience = this.#clock.after(PATIENCE, () =>
      this.#fail(new ClientError('TIMEOUT', 'the rest of the file has not come')),
    );
  }

  #fail(error: ClientError): void {
    if (this.#state === 'done' || this.#state === 'failed') return;
    this.#cancelPatience?.();
    this.#enter('failed');
    const { sip } = this.#invitation;
    sip.onEnd = () => {};
    sip.hangUp();
    // What still comes is answered 413 for a while: "not there" (481) would have the sender try again.
    const link = this.#link;
    this.#endpoint?.refuse(this.#message);
    this.#clock.after(LINGER, () => link?.close());
    this.#settle?.reject(error);
  }

  #leave(): void {
    const { sip } = this.#invitation;
    sip.onEnd = () => {};
    sip.hangUp();
    this.#link?.close();
    this.#endpoint = undefined;
    this.#link = undefined;
  }

  #enter(state: IncomingFileState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit('state', state);
  }
}

/** A name to save it by: no path, nothing that is not seen. */
function safeName(name: string): string {
  const last =
    name
      .replace(/[\p{Cc}\p{Cf}]/gu, '')
      .split(/[/\\]/)
      .at(-1) ?? '';
  return last.replace(/^\.+/, '').trim().slice(0, 200) || 'file';
}
