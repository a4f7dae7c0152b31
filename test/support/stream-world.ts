// XMPP streams on virtual time, without sockets and without a router that does anything.
import type { Element } from '../../src/protocol/xmpp/element.ts';
import type { Jid } from '../../src/protocol/xmpp/jid.ts';
import type { StreamError } from '../../src/protocol/xmpp/stream-error.ts';
import { parseElement } from '../../src/protocol/xmpp/tokenizer.ts';
import { type Material, makeMaterial } from '../../src/server/accounts/material.ts';
import type { XmppSession } from '../../src/server/xmpp/session.ts';
import type {
  ChannelBinding,
  ConnectionHandler,
  StreamHeader,
  XmppConnection,
  XmppTransport,
} from '../../src/server/xmpp/streams/connection.ts';
import { alone, FRAMED_CLOSE, framedOpen } from '../../src/server/xmpp/streams/framing.ts';
import type { XmppLimits } from '../../src/server/xmpp/streams/limits.ts';
import type { StreamAccounts } from '../../src/server/xmpp/streams/mechanisms.ts';
import { Reception } from '../../src/server/xmpp/streams/reception.ts';
import type { StreamRouter } from '../../src/server/xmpp/streams/router.ts';
import { XmppStreams } from '../../src/server/xmpp/streams/streams.ts';
import type { XmppTls } from '../../src/server/xmpp/streams/tcp-port.ts';
import type { DocumentStore } from '../../src/storage/messaging.ts';
import { Admission } from '../../src/transport/admission.ts';
import { VirtualClock } from '../../src/transport/clock.ts';
import type { Identity } from '../../src/transport/flow.ts';
import { type TransportLimits, transportLimits } from '../../src/transport/limits.ts';
import { primitives } from '../../src/transport/primitives.ts';
import { ScramClient } from './scram-client.ts';

export const DOMAIN = 'example.test';
const OPEN = `<open xmlns='urn:ietf:params:xml:ns:xmpp-framing' to='${DOMAIN}' version='1.0'/>`;

export class FakeConnection implements XmppConnection {
  transport: XmppTransport = 'ws';
  readonly remote;
  readonly identity: Identity | undefined;
  open = true;
  bindings = new Map<ChannelBinding, string>();
  /** What was written and not read by the test yet. */
  readonly written: string[] = [];
  readonly #reception: Reception;
  #waiting: (() => void) | undefined;

  constructor(streams: XmppStreams, options: { identity?: Identity | undefined; address?: string } = {}) {
    this.identity = options.identity;
    this.remote = { address: options.address ?? '127.0.0.1', port: 40_000 };
    this.#reception = new Reception(this, NOBODY, streams.fault);
    this.#reception.handler = streams.accept(this);
  }

  get handler(): ConnectionHandler {
    return this.#reception.handler;
  }

  set handler(handler: ConnectionHandler) {
    this.#reception.handler = handler;
  }

  openStream(header: StreamHeader): void {
    this.#write(framedOpen({ ...header, id: 'stream-id' }));
  }

  send(element: Element): boolean {
    if (this.open) this.#write(alone(element));
    return this.open;
  }

  restart(): void {}
  trust(): void {}

  close(error?: StreamError): void {
    if (!this.open) return;
    if (error !== undefined) this.#write(alone(error.toElement()));
    this.#write(FRAMED_CLOSE);
    this.cut('closed by us');
  }

  pause(): void {
    this.#reception.pause();
  }

  resume(): void {
    this.#reception.resume();
  }

  channelBinding(type: ChannelBinding): string | undefined {
    return this.bindings.get(type);
  }

  // The client's side.

  say(xml: string): void {
    if (xml.startsWith('<open')) {
      const { to, from, version } = parseElement(xml).attributes;
      this.#reception.tell({ header: { to, from, version } });
    } else if (xml.startsWith('<close')) this.#reception.tell('ended');
    else {
      try {
        this.#reception.tell({ element: parseElement(xml) });
      } catch (error) {
        this.#reception.tell({ error: error as StreamError });
      }
    }
  }

  /** The connection is gone. */
  cut(reason = 'cut'): void {
    this.open = false;
    this.#reception.over(reason);
  }

  /** The next element that was written. */
  async hear(): Promise<Element> {
    for (let turn = 0; this.written.length === 0; turn++) {
      if (turn === 50) throw new Error('nothing was said');
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
        setTimeout(resolve, 100);
      });
    }
    return parseElement(this.written.shift() as string);
  }

  async login(username = 'alice', password = `${username}-password`): Promise<void> {
    this.say(OPEN);
    await this.hear();
    await this.hear();
    await this.authenticate(username, password);
    this.say(OPEN);
    await this.hear();
    await this.hear();
  }

  /** SASL, SCRAM-SHA-256. Resolves to the answer. */
  async authenticate(username: string, password: string): Promise<Element> {
    const scram = new ScramClient({ username, password });
    this.say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='SCRAM-SHA-256'>${scram.first()}</auth>`);
    const challenge = await this.hear();
    if (challenge.name !== 'challenge') return challenge;
    this.say(`<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'>${scram.final(challenge.text)}</response>`);
    const answer = await this.hear();
    if (answer.name === 'success' && !scram.isProof(answer.text)) throw new Error('the server has proved nothing');
    return answer;
  }

  /** Logged in and bound; the full address. */
  async bind(resource?: string, username?: string, password?: string): Promise<string> {
    await this.login(username, password);
    const inside = resource === undefined ? '' : `<resource>${resource}</resource>`;
    this.say(
      `<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'>${inside}</bind></iq>`,
    );
    const answer = await this.hear();
    const jid = answer.child('bind', 'urn:ietf:params:xml:ns:xmpp-bind')?.childText('jid');
    if (jid === undefined) throw new Error(answer.serialize());
    return jid;
  }

  #write(text: string): void {
    this.written.push(text);
    this.#waiting?.();
  }
}

const NOBODY: ConnectionHandler = { opened() {}, received() {}, failed() {}, ended() {}, gone() {}, idle() {} };

export class FakeRouter implements StreamRouter {
  readonly domain = DOMAIN;
  readonly bound = new Map<string, XmppSession>();
  readonly received: Element[] = [];
  readonly lost: Element[] = [];
  readonly log: string[] = [];
  /** What `receive` answers. */
  promise: () => Promise<void> | undefined = () => undefined;

  session(jid: Jid): XmppSession | undefined {
    return this.bound.get(jid.full);
  }

  *sessions(account: string): Generator<XmppSession> {
    for (const session of this.bound.values()) if (session.account === account) yield session;
  }

  bind(session: XmppSession): void {
    this.bound.set(session.jid.full, session);
    this.log.push(`bound ${session.jid.full}`);
  }

  receive(_session: XmppSession, stanza: Element): Promise<void> | undefined {
    this.received.push(stanza);
    return this.promise();
  }

  resumed(session: XmppSession): void {
    this.log.push(`resumed ${session.jid.full}`);
  }

  undelivered(_session: XmppSession, stanzas: readonly Element[]): void {
    this.lost.push(...stanzas);
  }

  ended(session: XmppSession): void {
    if (this.bound.get(session.jid.full) === session) this.bound.delete(session.jid.full);
    this.log.push(`ended ${session.jid.full}`);
  }

  streamFeatures(): readonly Element[] {
    return [];
  }
}

const materials = new Map<string, Promise<Material>>();

function materialOf(name: string): Promise<Material> {
  let material = materials.get(name);
  if (material === undefined) {
    material = makeMaterial(name, `${name}-password`, DOMAIN);
    materials.set(name, material);
  }
  return material;
}

export class StreamWorld {
  readonly router = new FakeRouter();
  readonly clock = new VirtualClock();
  readonly documents = new Map<string, string>();
  readonly faults: unknown[] = [];
  readonly streams: XmppStreams;
  /** Unix milliseconds. */
  now = 1_800_000_000_000;

  private constructor(
    accounts: StreamAccounts,
    limits: Partial<XmppLimits>,
    transport: Partial<TransportLimits>,
    tls: XmppTls | undefined,
  ) {
    this.streams = new XmppStreams({
      router: this.router,
      accounts,
      documents: documentStore(this.documents),
      primitives,
      secret: 'a secret of the server',
      admission: new Admission(transportLimits),
      limits,
      transport,
      tls,
      clock: this.clock,
      wallClock: () => this.now,
      fault: (error) => this.faults.push(error),
    });
  }

  static async make(
    limits: Partial<XmppLimits> = {},
    transport: Partial<TransportLimits> = {},
    tls?: XmppTls,
  ): Promise<StreamWorld> {
    const names = ['alice', 'bob'];
    const known = new Map(await Promise.all(names.map(async (name) => [name, await materialOf(name)] as const)));
    const identity = (name: string) => (known.has(name) ? { name, account: true, admin: name === 'alice' } : undefined);
    return new StreamWorld(
      {
        identity,
        scramKeys: (name, hash) => known.get(name)?.scram[hash],
        ephemeralPasswords: (username, now) => {
          const [, expiry, name] = /^(\d+):(.+)$/.exec(username) ?? [];
          if (name === undefined || Number(expiry) * 1000 <= now) return undefined;
          const proved = { name, account: known.has(name), admin: false, expires: Number(expiry) };
          return { passwords: ['other', `hmac of ${username}`], identity: proved };
        },
        verifyCredential: (username, password, now) => {
          const [, expiry, name] = /^(\d+):(.+)$/.exec(username) ?? [];
          if (name === undefined || Number(expiry) * 1000 <= now || password !== `hmac of ${username}`)
            return undefined;
          return { name, account: known.has(name), admin: false, expires: Number(expiry) };
        },
        signIn: async (name, password) => (password === `${name}-password` ? identity(name) : undefined),
      },
      limits,
      transport,
      tls,
    );
  }

  connect(options: { identity?: Identity; address?: string } = {}): FakeConnection {
    return new FakeConnection(this.streams, options);
  }
}

export function documentStore(documents: Map<string, string>): DocumentStore {
  return {
    get: async (owner, name) => documents.get(`${owner} ${name}`),
    set: async (owner, name, value) => {
      if (value === undefined) documents.delete(`${owner} ${name}`);
      else documents.set(`${owner} ${name}`, value);
    },
    list: async (owner, prefix) =>
      [...documents]
        .filter(([key]) => key.startsWith(`${owner} ${prefix}`))
        .map(([key, value]) => ({ name: key.slice(owner.length + 1), value })),
    all: async () => [],
  };
}
