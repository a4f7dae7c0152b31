// The least SIP server that lets clients on WebSockets reach each other in one process: a registrar without memory of
// expiry and a proxy that forwards by contact or by name. No security and no retransmission, on purpose: the real one
// has tests of its own.

import { toByteString } from '../../src/client/primitives.ts';
import type { WebSocketLike } from '../../src/client/web-socket-transport.ts';
import { createRequest, createResponse } from '../../src/protocol/sip/create.ts';
import type { Request, Response } from '../../src/protocol/sip/message.ts';
import { parseMessage } from '../../src/protocol/sip/parse.ts';
import { parseUri } from '../../src/protocol/sip/uri.ts';

export class MiniProxy {
  readonly #sockets = new Set<ProxiedSocket>();
  /** Name and contact (user@host) to the socket of whoever registered so. */
  readonly #places = new Map<string, ProxiedSocket>();
  readonly #transactions = new Map<string, ProxiedSocket>();
  #branches = 0;
  /** Every message as it arrived: `INVITE bob`, `200 INVITE`. */
  readonly log: string[] = [];
  lastResponse: Response | undefined;
  /** URLs of the handshakes. */
  readonly handshakes: string[] = [];
  /** Answers a request in the server's stead: with the status it returns, or by itself, when it returns `answered`. */
  refuse: (request: Request, reply: (response: Response) => void) => number | 'answered' | undefined = () => undefined;
  /** Makes another message of each. */
  edit: (message: Request | Response) => void = () => {};

  /** To be given to a client as its WebSocket. */
  get WebSocket(): new (
    url: string,
    protocols: string | string[],
  ) => WebSocketLike {
    const proxy = this;
    return class extends ProxiedSocket {
      constructor(url: string) {
        super(proxy);
        proxy.handshakes.push(url);
      }
    };
  }

  /** Cuts every connection, as a restart of the server would. */
  cut(code = 1006): void {
    for (const socket of [...this.#sockets]) socket.drop(code);
  }

  opened(socket: ProxiedSocket): void {
    this.#sockets.add(socket);
  }

  left(socket: ProxiedSocket): void {
    this.#sockets.delete(socket);
    for (const [place, at] of this.#places) if (at === socket) this.#places.delete(place);
  }

  receive(text: string, from: ProxiedSocket): void {
    if (text === '\r\n\r\n') {
      from.deliver('\r\n');
      return;
    }
    const message = parseMessage(text);
    this.edit(message);
    if (message.kind === 'response') {
      this.log.push(`${message.status} ${message.cseq.method}`);
      this.lastResponse = message;
      const to = this.#transactions.get(message.via.branch ?? '');
      message.removeFirstValue('via');
      to?.deliver(message.serialize());
      return;
    }
    this.log.push(`${message.method} ${place(message.uri).split('@')[0]}`);
    const status = this.refuse(message, (response) => from.deliver(response.serialize()));
    if (status === 'answered') return;
    if (status !== undefined) this.#answer(message, status, from);
    else if (message.method === 'REGISTER') this.#register(message, from);
    else this.#forward(message, from);
  }

  #register(request: Request, from: ProxiedSocket): void {
    const name = place(request.to.uri);
    const { contacts } = request;
    if (contacts !== '*')
      for (const { uri, parameters } of contacts) {
        const gone = (parameters.get('expires') ?? request.get('expires')) === '0';
        for (const at of [name, place(uri)]) {
          if (gone) this.#places.delete(at);
          else this.#places.set(at, from);
        }
      }
    const response = createResponse(request, 200, 'OK', { toTag: 'registrar' });
    for (const contact of request.all('contact'))
      response.append('contact', `${contact.replace(/;expires=\d+/, '')};expires=600`);
    from.deliver(response.serialize());
  }

  #forward(request: Request, from: ProxiedSocket): void {
    const to = this.#places.get(place(request.uri));
    if (!to) {
      if (request.method !== 'ACK') this.#answer(request, 404, from);
      return;
    }
    const key = request.via.branch ?? '';
    const branch =
      request.method === 'ACK' || request.method === 'CANCEL'
        ? (this.#branchOf.get(key) ?? this.#newBranch(key))
        : this.#newBranch(key);
    this.#transactions.set(branch, from);
    request.prepend('via', `SIP/2.0/WS proxy.invalid;branch=${branch}`);
    to.deliver(request.serialize());
  }

  /** A proxy's CANCEL and ACK carry the branch of the INVITE that they are about. */
  readonly #branchOf = new Map<string, string>();

  #newBranch(key: string): string {
    const branch = `z9hG4bKproxy${++this.#branches}`;
    this.#branchOf.set(key, branch);
    return branch;
  }

  #answer(request: Request, status: number, to: ProxiedSocket): void {
    to.deliver(createResponse(request, status, undefined, { toTag: 'proxy' }).serialize());
  }

  /** Says something to a registered name by itself, e.g. a request that no client would send. */
  say(name: string, method: string, fields: Iterable<[string, string]>, body?: string): void {
    const at = this.#places.get(name);
    at?.deliver(createRequest(method, `sip:${name}`, fields, body).serialize());
  }
}

export class ProxiedSocket implements WebSocketLike {
  binaryType = 'blob';
  readyState = 0;
  bufferedAmount = 0;
  onopen: ((event: never) => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: ((event: never) => void) | null = null;
  readonly #proxy: MiniProxy;

  constructor(proxy: MiniProxy) {
    this.#proxy = proxy;
    queueMicrotask(() => {
      if (this.readyState !== 0) return;
      this.readyState = 1;
      proxy.opened(this);
      this.onopen?.(undefined as never);
    });
  }

  send(data: string | Uint8Array): void {
    const text = toByteString(typeof data === 'string' ? new TextEncoder().encode(data) : data);
    queueMicrotask(() => {
      if (this.readyState === 1) this.#proxy.receive(text, this);
    });
  }

  close(): void {
    this.readyState = 3;
    this.#proxy.left(this);
  }

  deliver(text: string): void {
    queueMicrotask(() => {
      if (this.readyState === 1) this.onmessage?.({ data: Uint8Array.from(text, (c) => c.charCodeAt(0)).buffer });
    });
  }

  drop(code: number): void {
    this.close();
    this.onclose?.({ code, reason: '' });
  }
}

function place(uri: string): string {
  const { user, host } = parseUri(uri);
  return user === undefined ? host : `${user}@${host}`;
}
