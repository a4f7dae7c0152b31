// The relay on a web port and a TCP port of loopback, with accounts alice and bob, in this process.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as tlsConnect } from 'node:tls';
import { WebSocket } from 'ws';
import { type Frame, serializeFrame } from '../../src/protocol/msrp/frame.ts';
import type { Head } from '../../src/protocol/msrp/head.ts';
import type { RelayLimits } from '../../src/protocol/msrp/limits.ts';
import type { RelayEvent } from '../../src/protocol/msrp/relay-event.ts';
import { parseChallenge, serializeCredentials } from '../../src/protocol/sip/digest.ts';
import { answerChallenge } from '../../src/protocol/sip/digest-client.ts';
import { MsrpAuthentication } from '../../src/server/msrp/authentication.ts';
import { type AllowedPeer, MsrpServer } from '../../src/server/msrp/msrp-server.ts';
import { msrpSubprotocol } from '../../src/server/msrp/websocket-connection.ts';
import { Admission } from '../../src/transport/admission.ts';
import { nativeClock } from '../../src/transport/clock.ts';
import { type TransportLimits, transportLimits } from '../../src/transport/limits.ts';
import { primitives } from '../../src/transport/primitives.ts';
import { WebPort } from '../../src/transport/web-port.ts';
import { collectFrames, type ReadFrame } from './msrp-world.ts';

export const REALM = 'example.test';

export interface MsrpHost {
  server: MsrpServer;
  events: RelayEvent[];
  faults: unknown[];
  traced: string[];
  /** A WebSocket client; `name`: proved by its handshake. */
  webSocket(name?: string): Promise<MsrpClient>;
  stream(): Promise<MsrpClient>;
  /** Over TLS, on the port that is listened on with `tls`. */
  secureStream(): Promise<MsrpClient>;
  close(): Promise<void>;
}

export async function msrpHost(
  options: {
    limits?: Partial<RelayLimits>;
    transport?: Partial<TransportLimits>;
    allowPeers?: AllowedPeer[];
    tls?: { cert: string; key: string };
    wallClock?: () => number;
  } = {},
): Promise<MsrpHost> {
  const transport = { ...transportLimits, ...options.transport };
  const admission = new Admission(transport);
  const events: RelayEvent[] = [];
  const faults: unknown[] = [];
  const traced: string[] = [];
  const wallClock = options.wallClock ?? Date.now;
  let port = 0;
  const server = new MsrpServer({
    authentication: new MsrpAuthentication({
      realm: REALM,
      algorithms: ['SHA-256', 'MD5'],
      secret: 'secret',
      accounts: {
        digestSecrets(username, realm, algorithm) {
          if (username !== 'alice' && username !== 'bob') return undefined;
          const name = algorithm === 'MD5' ? 'md5' : 'sha256';
          const ha1 = Buffer.from(primitives.hash(name, `${username}:${realm}:${username}-password`), 'latin1');
          return { ha1: [ha1.toString('hex')], identity: { name: username, account: true, admin: false } };
        },
      },
      primitives,
      wallClock,
      failures: { burst: 5, rate: 1 },
      now: () => performance.now(),
    }),
    primitives,
    clock: nativeClock,
    wallClock,
    address: () => ({ secure: false, host: '127.0.0.1', port, transport: 'tcp' }),
    allowPeers: options.allowPeers ?? [],
    limits: options.limits ?? {},
    transport,
    admission,
    onFrame: (out, connection, head) => traced.push(`${out ? 'out' : 'in'} ${connection} ${head}`),
    onEvent: (event) => events.push(event),
    onFault: (error) => faults.push(error),
  });
  const web = new WebPort({
    origins: [],
    isOurHost: () => true,
    handshake: 'optional',
    verify: (credential) =>
      credential === undefined ? undefined : { name: credential.username, account: true, admin: false },
    limits: transport,
    admission,
  });
  web.registerSubprotocol('msrp', msrpSubprotocol(server));
  const webEndpoint = await web.listen({ address: '127.0.0.1', port: 0 });
  port = (await server.listenTcp({ address: '127.0.0.1', port: 0 })).endpoint.port;
  const secure = options.tls && (await server.listenTls({ address: '127.0.0.1', port: 0 }, options.tls)).endpoint.port;
  const clients: MsrpClient[] = [];
  return {
    server,
    events,
    faults,
    traced,
    async webSocket(name) {
      const query = name === undefined ? '' : `?username=${name}&password=x`;
      const socket = new WebSocket(`ws://127.0.0.1:${webEndpoint.port}/${query}`, 'msrp', { perMessageDeflate: false });
      await once(socket, 'open');
      const client = new MsrpClient(socket, port);
      clients.push(client);
      return client;
    },
    async stream() {
      const socket = connect(port, '127.0.0.1');
      await once(socket, 'connect');
      const client = new MsrpClient(socket, port);
      clients.push(client);
      return client;
    },
    async secureStream() {
      const socket = tlsConnect({ host: '127.0.0.1', port: secure as number, rejectUnauthorized: false });
      await once(socket, 'secureConnect');
      const client = new MsrpClient(socket, port);
      clients.push(client);
      return client;
    },
    async close() {
      for (const client of clients) client.destroy();
      await server.close();
      await web.close();
    },
  };
}

/** A client that says what it is told and keeps what it hears. */
export class MsrpClient {
  readonly frames: ReadFrame[] = [];
  readonly own: string;
  readonly socket: WebSocket | Socket;
  closed: { code: number } | undefined;
  use = '';
  /** Answers SENDs with 200. */
  answers = true;
  readonly relay: string;
  readonly #waiting = new Set<() => void>();

  /** `port`: of the relay it is connected to. */
  constructor(socket: WebSocket | Socket, port: number) {
    this.socket = socket;
    const transport = socket instanceof WebSocket ? 'ws' : 'tcp';
    this.own = `msrp://${Math.random().toString(36).slice(2)}.invalid:2855/s1;${transport}`;
    this.relay = `msrp://127.0.0.1:${port};${transport}`;
    const { reader, frames } = collectFrames();
    const read = (octets: Buffer) => {
      reader.push(octets);
      for (const frame of frames.splice(0)) {
        this.frames.push({ ...frame, octets: octets.length });
        if (this.answers && frame.head.method === 'SEND' && frame.head.failureReport === 'yes')
          this.respond(frame.head);
      }
      this.#wake();
    };
    socket.on('error', () => {});
    if (socket instanceof WebSocket) {
      socket.on('message', (data) => read(data as Buffer));
      socket.on('close', (code) => this.#ended(code));
    } else {
      socket.on('data', read);
      socket.on('close', () => this.#ended(0));
    }
  }

  raw(octets: string | Uint8Array): void {
    const bytes = typeof octets === 'string' ? Buffer.from(octets, 'latin1') : octets;
    if (this.socket instanceof WebSocket) this.socket.send(bytes);
    else this.socket.write(bytes);
  }

  frame(frame: Frame): void {
    this.raw(serializeFrame(frame));
  }

  /** A SEND by our use, or without one. */
  send(
    toPath: string,
    body: string,
    { id = `s${this.frames.length}xyz`, fields = '', from = this.own, flag = '$' } = {},
  ): void {
    const path = this.use === '' ? toPath : `${this.use} ${toPath}`;
    this.raw(
      `MSRP ${id} SEND\r\nTo-Path: ${path}\r\nFrom-Path: ${from}\r\nMessage-ID: m${id}\r\n${fields}Content-Type: text/plain\r\n\r\n${body}\r\n-------${id}${flag}\r\n`,
    );
  }

  respond(head: Head, status = '200 OK'): void {
    this.raw(
      `MSRP ${head.transaction} ${status}\r\nTo-Path: ${head.fromPath[0]}\r\nFrom-Path: ${head.toPath[0]}\r\n-------${head.transaction}$\r\n`,
    );
  }

  /** AUTH, with digest when there is a password. */
  async auth(username?: string, password = `${username}-password`, algorithm = 'SHA-256'): Promise<ReadFrame> {
    let answer = await this.ask('');
    if (answer.head.status === 401 && username !== undefined) {
      const challenge = answer.head
        .all('WWW-Authenticate')
        .map((value) => parseChallenge(value))
        .find((it) => it?.algorithm === algorithm);
      const credentials = answerChallenge(primitives, challenge!, {
        username,
        password,
        method: 'AUTH',
        uri: this.relay,
      });
      answer = await this.ask(`Authorization: ${serializeCredentials(credentials)}\r\n`);
    }
    this.use = answer.head.get('Use-Path') ?? '';
    return answer;
  }

  /** One AUTH as it is. */
  async ask(fields: string): Promise<ReadFrame> {
    const id = `a${Math.random().toString(36).slice(2, 10)}`;
    this.raw(`MSRP ${id} AUTH\r\nTo-Path: ${this.relay}\r\nFrom-Path: ${this.own}\r\n${fields}-------${id}$\r\n`);
    return this.until(({ head }) => head.transaction === id);
  }

  /** The first frame that fits, if need be once it has come. */
  async until(fits: (frame: ReadFrame) => boolean): Promise<ReadFrame> {
    let found: ReadFrame | undefined;
    await this.when(() => {
      found = this.frames.find(fits);
      return found !== undefined;
    });
    return found as ReadFrame;
  }

  /** Waits for it, looking after each thing that comes. Rejects after 5 s, or when the connection is over and it is not so. */
  when(fits: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const deadline = setTimeout(() => done(new Error(`not in time; closed: ${JSON.stringify(this.closed)}`)), 5000);
      const look = () => {
        if (fits()) done();
        else if (this.closed !== undefined) done(new Error(`closed: ${this.closed.code}`));
      };
      const done = (error?: Error) => {
        clearTimeout(deadline);
        this.#waiting.delete(look);
        if (error === undefined) resolve();
        else reject(error);
      };
      this.#waiting.add(look);
      look();
    });
  }

  /** The close code (0 for a stream). */
  async end(): Promise<number> {
    await this.when(() => this.closed !== undefined);
    return this.closed!.code;
  }

  pause(): void {
    this.socket.pause();
  }

  resume(): void {
    this.socket.resume();
  }

  destroy(): void {
    if (this.socket instanceof WebSocket) this.socket.terminate();
    else this.socket.destroy();
  }

  #ended(code: number): void {
    this.closed = { code };
    this.#wake();
  }

  #wake(): void {
    for (const look of [...this.#waiting]) look();
  }
}
