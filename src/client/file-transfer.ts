// File transfer (RFC 5547) over MSRP, through our relay (RFC 7977) or a data channel (RFC 8873). An import of its own: a
// page with calls alone does not load it.

import { tryOr } from '../protocol/msrp/try-or.ts';
import type { UserAgentEvent } from '../protocol/sip/user-agent-event.ts';
import type { Client } from './client.ts';
import { Emitter } from './emitter.ts';
import { DataChannelLink } from './msrp/data-channel.ts';
import { readMessageDescription } from './msrp/description.ts';
import type { FileHashName } from './msrp/file-hash.ts';
import { type FileInvitation, IncomingFile } from './msrp/incoming-file.ts';
import { OutgoingFile } from './msrp/outgoing-file.ts';
import { RelayConnections } from './msrp/relay-connection.ts';
import { textOf } from './negotiation.ts';
import { describePeer } from './peer.ts';
import type { SessionListener, SessionPort } from './session-port.ts';
import { SipSession } from './sip-session.ts';

export type { FileSink } from './msrp/file-sink.ts';
export type { IncomingFile, IncomingFileState } from './msrp/incoming-file.ts';
export type { OutgoingFile, OutgoingFileState } from './msrp/outgoing-file.ts';

export interface FileTransferEvents {
  /** Somebody offers a file: `accept` or `reject` it. */
  file: IncomingFile;
}

export interface SendFileOptions {
  /** Default: the File's own. */
  name?: string;
  /** `relay` reaches everybody; `data-channel` goes from browser to browser. Default: `relay`. */
  by?: 'relay' | 'data-channel';
  /** Default: `sha-1`, which everybody knows. */
  hash?: FileHashName;
}

/** Files that come in, or are offered, at the same time. */
const MOST_FILES = 32;
/** Milliseconds for which a file that has arrived is known. */
const KNOWN = 60_000;

/**
 * Files of a client's account, in both directions.
 *
 *     const files = new FileTransfers(client);
 *     files.on('file', (file) => file.accept());
 *     const sending = files.send('bob', input.files[0]);
 *     sending.on('progress', ({ octets, total }) => show(octets / total));
 *     await sending.done;
 */
export class FileTransfers extends Emitter<FileTransferEvents> {
  readonly #port: SessionPort;
  readonly #relay: RelayConnections;
  /** By the sender and its file-transfer-id, so that the rest of a file finds its beginning. */
  readonly #incoming = new Map<string, IncomingFile>();
  readonly #forgetting = new Set<() => void>();

  constructor(client: Client) {
    super();
    this.#port = client.sessions(
      (event) => this.#take(event),
      () => this.#leave(),
    );
    this.#relay = new RelayConnections(this.#port);
  }

  /** Throws BAD_TARGET. All else that fails rejects `done`. */
  send(target: string, file: Blob & { name?: string }, options: SendFileOptions = {}): OutgoingFile {
    const by = options.by ?? 'relay';
    return new OutgoingFile({
      port: this.#port,
      target: this.#port.uriOf(target),
      file,
      name: options.name ?? file.name ?? 'file',
      hash: options.hash ?? 'sha-1',
      link: async () => (by === 'relay' ? this.#relay.link() : new DataChannelLink(this.#port)),
    });
  }

  #take(event: Extract<UserAgentEvent, { type: 'incomingCall' }>): SessionListener | undefined {
    if (event.offer === undefined) return undefined;
    const sdp = textOf(event.offer);
    const description = tryOr(undefined, () => readMessageDescription(sdp));
    if (description?.file === undefined || description.direction === 'recvonly') return undefined;
    const sip = new SipSession(this.#port, event.call);
    const invitation: FileInvitation = {
      sip,
      description,
      sdp,
      link: async () => (description.dataChannel ? new DataChannelLink(this.#port) : this.#relay.link()),
    };
    // What answers the INVITE is to happen after whoever called this has noted the session.
    queueMicrotask(() => this.#invited(event, invitation));
    return sip;
  }

  #invited(event: Extract<UserAgentEvent, { type: 'incomingCall' }>, invitation: FileInvitation): void {
    const { sip, description } = invitation;
    if (sip.over) return;
    const from = describePeer(event.from);
    const key = `${from.user}@${from.host} ${description.file?.transferId ?? event.callId}`;
    const known = this.#incoming.get(key);
    if (known?.continues(invitation)) {
      known.resume(invitation);
      return;
    }
    if (known !== undefined || this.#incoming.size >= MOST_FILES) {
      sip.reject(486);
      return;
    }
    const file = new IncomingFile(from, invitation, this.#port.clock);
    this.#incoming.set(key, file);
    file.on('state', (state) => {
      if (state === 'failed') this.#incoming.delete(key);
      else if (state === 'done') this.#forgetLater(key);
    });
    sip.ring();
    this.emit('file', file);
  }

  /** A file that has arrived is known for a while: its sender may not have heard of it. */
  #forgetLater(key: string): void {
    const cancel = this.#port.clock.after(KNOWN, () => {
      this.#forgetting.delete(cancel);
      this.#incoming.delete(key);
    });
    this.#forgetting.add(cancel);
  }

  #leave(): void {
    this.#relay.close();
    for (const cancel of this.#forgetting) cancel();
    this.#forgetting.clear();
    this.#incoming.clear();
  }
}
