// A page that sends and receives files with our SDK. What it has done is in `window.files`, for the test to ask.
import { FileTransfers, type IncomingFile, type OutgoingFile } from '../../../src/client/file-transfer.ts';
import { Client } from '../../../src/client/index.ts';

export interface FilePage {
  start(options: { ws: string; name: string; password: string; domain: string }): Promise<void>;
  /** Makes a file of that many megabytes and begins to send it. The SHA-256 of its content. */
  send(to: string, megabytes: number, by: 'relay' | 'data-channel'): Promise<string>;
  progress(): { octets: number; states: string[] };
  /** Once it has arrived, what the receiver made of it. */
  sent(): Promise<void>;
  received(): Promise<{ hash: string; size: number; name: string }>;
  /** Closes the media connections, as if the path had died. */
  cutPeers(): void;
}

const MEGABYTE = 1024 * 1024;
const peers: RTCPeerConnection[] = [];
let files: FileTransfers;
let outgoing: OutgoingFile | undefined;
let incoming: IncomingFile | undefined;
let states: string[] = [];
let octets = 0;

function follow(transfer: OutgoingFile | IncomingFile): void {
  states = [];
  octets = 0;
  transfer.on('state', (state: string) => states.push(state));
  transfer.on('progress', (progress) => {
    octets = progress.octets;
  });
}

const page: FilePage = {
  start({ ws, name, password, domain }) {
    const client = new Client({
      credentials: async () => ({ username: name, password, domain, ws }),
      peerConnection: (configuration) => {
        const connection = new RTCPeerConnection(configuration);
        peers.push(connection);
        return connection;
      },
    });
    files = new FileTransfers(client);
    files.on('file', (file) => {
      incoming = file;
      follow(file);
      void file.accept();
    });
    client.connect();
    return new Promise((resolve) => {
      client.on('state', ({ state }) => state === 'registered' && resolve());
    });
  },

  async send(to, megabytes, by) {
    const parts = Array.from({ length: megabytes }, (_, part) => {
      const words = new Uint32Array(MEGABYTE / 4);
      let value = part + 1;
      for (let i = 0; i < words.length; i++) {
        value = (Math.imul(value, 1_664_525) + 1_013_904_223) >>> 0;
        words[i] = value;
      }
      return new Blob([words]);
    });
    const file = new File(parts, 'large.bin');
    outgoing = files.send(to, file, { by });
    follow(outgoing);
    return hashOf(file);
  },

  progress: () => ({ octets, states }),
  sent: async () => outgoing?.done,

  async received() {
    const blob = await incoming?.done;
    if (blob === undefined || incoming === undefined) throw new Error('nothing');
    octets = 0; // the next one begins
    return { hash: await hashOf(blob), size: blob.size, name: incoming.name };
  },

  cutPeers() {
    for (const peer of peers.splice(0)) peer.close();
  },
};

async function hashOf(blob: Blob): Promise<string> {
  const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', await blob.arrayBuffer()));
  return Array.from(hash, (octet) => octet.toString(16).padStart(2, '0')).join('');
}

Object.assign(globalThis, { files: page });
