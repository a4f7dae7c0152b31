import type { ByteString } from '../../protocol/byte-string.ts';
import { decodeUtf8 } from '../../protocol/byte-string.ts';
import { type FileSelector, serializeFileSelector } from '../../protocol/msrp/file-selector.ts';
import type { SessionEvent } from '../../protocol/msrp/session-event.ts';
import { BackOff } from '../back-off.ts';
import { Emitter } from '../emitter.ts';
import { ClientError, toClientError } from '../errors.ts';
import type { SessionPort } from '../session-port.ts';
import { SipSession } from '../sip-session.ts';
import { isSameSession, readMessageDescription } from './description.ts';
import type { MsrpEndpoint } from './endpoint.ts';
import { type FileHashName, hashFile } from './file-hash.ts';
import type { MsrpLink } from './link.ts';

/** `interrupted`: the connection is lost; it is taken up again where it was. */
export type OutgoingFileState = 'hashing' | 'inviting' | 'sending' | 'interrupted' | 'done' | 'failed';

export interface OutgoingFileEvents {
  state: OutgoingFileState;
  /** Octets that are on their way safely, of all. */
  progress: { octets: number; total: number };
}

export interface OutgoingFileOptions {
  port: SessionPort;
  target: ByteString;
  file: Blob;
  name: string;
  hash: FileHashName;
  link: () => Promise<MsrpLink>;
}

/** It broke off, and may go on. */
class Interrupted extends Error {}

/** For how long the report that it has arrived may take after the last octet went out. Milliseconds. */
const REPORT_DEADLINE = 30_000;
/** For how long a transfer that was interrupted is tried again. Milliseconds. */
const PATIENCE = 120_000;

/** One file on its way out (RFC 5547 section 8.2): offered with its hash, sent, confirmed; resumed after a cut. */
export class OutgoingFile extends Emitter<OutgoingFileEvents> {
  readonly name: string;
  readonly size: number;
  /** Resolves when the other side has it all and has found its hash right. */
  readonly done: Promise<void>;
  readonly #options: OutgoingFileOptions;
  /** RFC 5547 section 6: the same for each attempt, so that the other side knows it again. */
  readonly #transferId = crypto.randomUUID();
  #state: OutgoingFileState = 'hashing';
  #octets = 0;
  #aborted = false;
  /** Ends what is being waited for. */
  #interrupt: (error: Error) => void = () => {};

  constructor(options: OutgoingFileOptions) {
    super();
    this.#options = options;
    this.name = options.name;
    this.size = options.file.size;
    this.done = this.#run();
    this.done.catch(() => {}); // also told by `state`
  }

  get state(): OutgoingFileState {
    return this.#state;
  }

  get octets(): number {
    return this.#octets;
  }

  /** Gives it up, wherever it is. `done` rejects. */
  abort(): void {
    this.#aborted = true;
    this.#interrupt(new ClientError('REJECTED', 'aborted'));
  }

  async #run(): Promise<void> {
    const { file, hash, port } = this.#options;
    try {
      const digest = await hashFile(file, hash, () => this.#aborted);
      if (digest === undefined) throw new ClientError('REJECTED', 'aborted');
      const selector: FileSelector = {
        name: this.name,
        type: file.type || 'application/octet-stream',
        size: file.size,
        hash: { [hash]: digest },
      };
      const backOff = new BackOff(500, 10_000);
      for (let since = 0; ; ) {
        try {
          await this.#attempt(selector);
          break;
        } catch (error) {
          if (this.#aborted || !(error instanceof Interrupted)) throw error;
          if (this.#state === 'sending' || since === 0) since = port.clock.now();
          if (port.clock.now() - since > PATIENCE) throw new ClientError('TIMEOUT', 'the connection did not come back');
          this.#enter('interrupted');
          await this.#pause(backOff.next());
        }
      }
      this.#progress(this.size);
      this.#enter('done');
    } catch (error) {
      this.#enter('failed');
      throw toClientError(error, 'REJECTED');
    }
  }

  /** One INVITE and what it leads to. Throws Interrupted when the rest can be sent by another. */
  async #attempt(selector: FileSelector): Promise<void> {
    const { port, target, link: open } = this.#options;
    if (this.#state === 'hashing') this.#enter('inviting');
    const begun = this.#state === 'interrupted';
    const interrupted = new Promise<never>((_, reject) => {
      this.#interrupt = reject;
    });
    interrupted.catch(() => {});
    const sip = new SipSession(port);
    let link: MsrpLink | undefined;
    let endpoint: MsrpEndpoint | undefined;
    let message = '';
    try {
      link = await Promise.race([open(), interrupted]);
      const attributes = [
        'sendonly',
        'accept-types:*',
        'setup:active',
        `file-selector:${decodeUtf8(serializeFileSelector(selector))}`,
        `file-transfer-id:${this.#transferId}`,
        'file-disposition:attachment',
        'file-range:1-*',
      ];
      const offer = await link.describe(attributes);
      if (!port.connected) throw new Interrupted();
      const answer = await Promise.race([sip.invite(target, offer), interrupted]);
      const remote = readMessageDescription(answer);
      if (remote === undefined || remote.path.length === 0)
        throw new ClientError('BAD_DESCRIPTION', 'the answer has no MSRP session', 488);
      sip.isAgreed = (again) => isSameSession(remote, again);
      await link.answered(answer);
      const finished = new Promise<void>((resolve, reject) => {
        sip.onEnd = () => reject(new ClientError('REJECTED', 'the other side has ended it'));
        void link
          ?.open(remote.path, {
            onEvent: (event) => this.#happened(event, () => endpoint, resolve, reject),
            onLost: () => reject(new Interrupted()),
          })
          .then((opened) => {
            endpoint = opened;
            this.#enter('sending');
            opened.greet();
            const from = Math.min((remote.file?.start ?? 1) - 1, this.size);
            this.#progress(from);
            message = opened.send({
              contentType: selector.type as string,
              total: this.size,
              from,
              successReport: true,
              fields: [['Content-Disposition', 'attachment']],
            });
          }, reject);
      });
      await Promise.race([finished, interrupted]);
    } catch (error) {
      if (this.#aborted && endpoint !== undefined) endpoint.abort(message);
      throw begun || this.#octets > 0 ? resumable(error) : error;
    } finally {
      sip.onEnd = () => {};
      link?.close();
      sip.hangUp();
    }
  }

  #happened(
    event: SessionEvent,
    endpoint: () => MsrpEndpoint | undefined,
    resolve: () => void,
    reject: (error: Error) => void,
  ): void {
    if (event.type === 'wanted') {
      const { message, offset, length } = event;
      this.#options.file
        .slice(offset, offset + length)
        .arrayBuffer()
        .then((octets) => endpoint()?.supply(message, new Uint8Array(octets)))
        .catch((error) => reject(toClientError(error, 'REJECTED')));
    } else if (event.type === 'progress') this.#progress(event.octets);
    else if (event.type === 'sent') this.#options.port.clock.after(REPORT_DEADLINE, () => reject(new Interrupted()));
    else if (event.type === 'delivered') resolve();
    else if (event.type === 'failed')
      reject(
        event.status === 408 || event.status === 481
          ? new Interrupted()
          : new ClientError('REJECTED', 'the other side does not take it', event.status),
      );
  }

  #pause(delay: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#interrupt = reject;
      this.#options.port.clock.after(delay, resolve);
    });
  }

  #progress(octets: number): void {
    this.#octets = octets;
    this.emit('progress', { octets, total: this.size });
  }

  #enter(state: OutgoingFileState): void {
    if (this.#state === state) return;
    this.#state = state;
    this.emit('state', state);
  }
}

/** Once some of it is there: whatever only says that a side is away for the moment is no end. */
function resumable(error: unknown): unknown {
  if (!(error instanceof ClientError)) return error;
  const away = error.code === 'NOT_CONNECTED' || error.code === 'TIMEOUT';
  return away || [404, 408, 430, 480, 481, 503].includes(error.status ?? 0) ? new Interrupted() : error;
}
