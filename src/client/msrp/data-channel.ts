import { ProtocolError } from '../../protocol/errors.ts';
import { randomName } from '../../protocol/msrp/frame.ts';
import { FrameReader } from '../../protocol/msrp/frame-reader.ts';
import { ClientError } from '../errors.ts';
import { gathered } from '../gathering.ts';
import { primitives } from '../primitives.ts';
import type { SessionPort } from '../session-port.ts';
import { withDataChannel } from './description.ts';
import { MsrpEndpoint } from './endpoint.ts';
import type { EndpointHandlers, MsrpLink } from './link.ts';

const CHANNEL = 0;
const OPEN_DEADLINE = 20_000;
const CLOSE_GRACE = 1_000;
/** Octets of one frame, and frames on their way: the channel's own queue stays far below what a browser allows. */
const CHUNK = 48 * 1024;
const WINDOW = 64;

/** MSRP over a WebRTC data channel (RFC 8873), from browser to browser. A message of the channel is a frame. */
export class DataChannelLink implements MsrpLink {
  readonly #port: SessionPort;
  readonly #connection: RTCPeerConnection;
  readonly #channel: RTCDataChannel;
  readonly #own = `msrps://${randomName(primitives, 16)}.invalid:2855/${randomName(primitives, 20)};dc`;
  #endpoint: MsrpEndpoint | undefined;

  constructor(port: SessionPort) {
    this.#port = port;
    this.#connection = port.peerConnection();
    this.#channel = this.#connection.createDataChannel('msrp', { negotiated: true, id: CHANNEL, protocol: 'msrp' });
    this.#channel.binaryType = 'arraybuffer';
  }

  /** `remote`: the offer that this is to answer. */
  async describe(attributes: readonly string[], remote?: string): Promise<string> {
    const connection = this.#connection;
    if (remote === undefined) await connection.setLocalDescription(await connection.createOffer());
    else {
      await connection.setRemoteDescription({ type: 'offer', sdp: withoutChannels(remote) });
      await connection.setLocalDescription(await connection.createAnswer());
    }
    await gathered(connection, this.#port.clock);
    return withDataChannel(connection.localDescription?.sdp ?? '', CHANNEL, this.#own, attributes);
  }

  async answered(description: string): Promise<void> {
    await this.#connection.setRemoteDescription({ type: 'answer', sdp: withoutChannels(description) });
  }

  async open(remotePath: readonly string[], handlers: EndpointHandlers): Promise<MsrpEndpoint> {
    const channel = this.#channel;
    const endpoint = new MsrpEndpoint({
      ...handlers,
      primitives,
      clock: this.#port.clock,
      localPath: [this.#own],
      remotePath,
      chunkBytes: CHUNK,
      window: WINDOW,
      send: (octets) => {
        if (channel.readyState === 'open') channel.send(octets);
      },
    });
    this.#endpoint = endpoint;
    const reader = new FrameReader({
      head: (head) => endpoint.head(head),
      body: (octets) => endpoint.body(octets),
      end: (flag) => endpoint.end(flag),
    });
    channel.onmessage = ({ data }) => {
      try {
        reader.push(typeof data === 'string' ? new TextEncoder().encode(data) : new Uint8Array(data as ArrayBuffer));
      } catch (error) {
        if (!(error instanceof ProtocolError)) throw error;
        this.#connection.close();
        endpoint.lost();
      }
    };
    channel.onclose = () => endpoint.lost();
    this.#connection.addEventListener('connectionstatechange', () => {
      if (this.#connection.connectionState === 'failed') endpoint.lost();
    });
    await this.#opened();
    return endpoint;
  }

  close(): void {
    this.#endpoint?.close();
    this.#channel.onclose = null;
    this.#channel.close(); // what was sent still goes out
    this.#port.clock.after(CLOSE_GRACE, () => this.#connection.close());
  }

  #opened(): Promise<void> {
    const channel = this.#channel;
    if (channel.readyState === 'open') return Promise.resolve();
    return new Promise((resolve, reject) => {
      const cancel = this.#port.clock.after(OPEN_DEADLINE, () =>
        reject(new ClientError('NOT_CONNECTED', 'the data channel did not open')),
      );
      channel.onopen = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** Browsers have no use for the attributes of a channel that both sides agreed on. */
function withoutChannels(sdp: string): string {
  return sdp.replace(/^a=dc(?:map|sa):[^\r\n]*\r?\n/gm, '');
}
