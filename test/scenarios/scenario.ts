// A conversation script: who sends what to the server, and what the server sends to whom, as a ladder diagram that runs.
//
//   flow alice ws as alice           a WebSocket whose handshake proved alice (`until 60`: for 60 seconds)
//   flow phone udp 198.51.100.9:5062 a phone; further words: `name bob` (who it says it is; default: the flow's name)
//   option auth.required false       of the server; route, limits.NAME, ...
//   gateway auto                     media is relayed by a fake engine (`never`, `always`; further words: `probe`, `bob=never`)
//   messaging                        messages and presence are shared with XMPP: a fake inbox, where nobody but phones is
//   inbox has alice bob hello        a message that somebody's XMPP client sends; `inbox got` what was submitted last
//   inbox copies alice bob hello     what alice has written to bob, for her other devices
//   roster bob alice yes             whether alice may see bob; `pending`, `no`, `blocked`
//   register alice                   REGISTER and its 200
//   alice -> INVITE sip:bob@example.test #c1     a request; #c1 names the call (default #1)
//     Subject: hello                 a header added or replaced; `-Route` takes one away; `Body: text`
//     digest alice                   answers the last challenge
//     Cpim: From: <im:...>|||text     a body, each `|` of which ends a line
//     Sdp: one webrtc                a description of that name and profile; arriving, that it is such a one
//   bob <- INVITE                    what arrives, in order, nothing left out
//     Request-URI: sip:x@y           must be so; /pattern/ must match; `-Header` must be missing; `Header` must be there
//   bob -> 200                       answers the last request (of that method: `200 INVITE`)
//   alice closed 1008 · alice drops · alice mute · alice unmute · alice loops · wait 2s · idle (nothing has been sent to anybody)
//   restarts                         it was killed and is there again, with what is stored; who comes back has a new flow
//   engine holds · engine releases · engine refuses 503 · engine says silent caller · engine says failed
//   engine asked offer caller one    what it was asked since it was looked at last, in order (`engine asked nothing`)
//   engine open 2                    branches that are open
//   call 200 caller                  status, and who ended it, in the record of the last call; its fields below
//   calls 2                          that many calls have been recorded
//
// Dialogs are kept as RFC 3261 section 12 says: tags, route set and remote target come from what was received.
import {
  digestAlgorithm,
  digestHa1,
  digestResponse,
  parseChallenge,
  parseCredentials,
  serializeCredentials,
} from '../../src/protocol/sip/digest.ts';
import type { Request, Response } from '../../src/protocol/sip/message.ts';
import { parseMessage } from '../../src/protocol/sip/parse.ts';
import type { MediaPolicy } from '../../src/server/sip/media-policy.ts';
import type { Identity, SipTransport } from '../../src/transport/flow.ts';
import { primitives } from '../../src/transport/primitives.ts';
import { describe, fakeDescription } from '../support/fake-media-engine.ts';
import { ephemeralPassword, type FakeBindings, type FakeFlow, World } from './world.ts';

interface Line {
  number: number;
  text: string;
  details: string[];
}

/** One party's view of one call. */
interface Leg {
  callId: string;
  localTag: string;
  remoteTag: string | undefined;
  localUri: string;
  remoteUri: string;
  target: string;
  routes: string[];
  cseq: number;
  /** Requests received and not yet answered finally, the latest last. */
  asked: Request[];
  /** Requests sent, the latest last. */
  sent: string[];
  caller: boolean;
  /** Its INVITE was refused: the ACK is hop by hop. */
  refused: boolean;
}

class Party {
  readonly name: string;
  readonly user: string;
  readonly flow: FakeFlow;
  readonly legs = new Map<string, Leg>();
  challenge: string | undefined;
  nonceCount = 0;
  read = 0;

  constructor(name: string, user: string, flow: FakeFlow) {
    this.name = name;
    this.user = user;
    this.flow = flow;
  }

  get contact(): string {
    const { transport, remote } = this.flow;
    if (transport === 'ws' || transport === 'wss') return `sip:${this.name}@${this.name}.invalid;transport=ws`;
    return `sip:${this.name}@${hostPort(remote)}${transport === 'udp' ? '' : `;transport=${transport}`}`;
  }
}

export function parseScript(script: string): Line[] {
  const lines: Line[] = [];
  let number = 0;
  for (const raw of script.split('\n')) {
    number += 1;
    const text = raw.replace(/(?:^|\s)\/\/.*$/, '').trimEnd();
    if (text.trim() === '' || text.startsWith('#')) continue;
    if (/^\s/.test(text)) lines.at(-1)?.details.push(text.trim());
    else lines.push({ number, text, details: [] });
  }
  return lines;
}

export async function runScript(script: string, bindings?: FakeBindings): Promise<World> {
  const scenario = new Scenario(bindings);
  for (const line of parseScript(script)) {
    try {
      await scenario.step(line);
    } catch (error) {
      throw new Error(`line ${line.number}: ${line.text}\n${error instanceof Error ? error.message : String(error)}`);
    }
  }
  scenario.idle('the end');
  return scenario.world;
}

class Scenario {
  #world: World | undefined;
  readonly #bindings: FakeBindings | undefined;
  readonly #parties = new Map<string, Party>();
  readonly #options: Record<string, unknown> = {};
  /** Call-IDs by the names of calls. */
  readonly #calls = new Map<string, string>();
  /** Flows of parties, those that are gone too. */
  readonly #known = new Set<FakeFlow>();
  #count = 0;
  #drained = false;

  constructor(bindings: FakeBindings | undefined) {
    this.#bindings = bindings;
  }

  get world(): World {
    if (this.#world === undefined) throw new Error('nothing has begun');
    return this.#world;
  }

  async step(line: Line): Promise<void> {
    const words = line.text.split(/\s+/);
    const [first = '', second = ''] = words;
    if (first === 'option') return this.#option(second, words.slice(2).join(' '));
    if (first === 'gateway') return this.#gateway(words.slice(1));
    if (first === 'messaging') return this.#option('messaging', 'true');
    if (this.#world === undefined) {
      this.#world = new World(this.#options, this.#bindings);
      await this.#world.start();
    }
    if (first === 'flow') return this.#open(words.slice(1));
    if (first === 'wait') return this.world.pass(duration(second));
    if (first === 'lag') {
      this.world.lag = Number(second);
      return;
    }
    if (first === 'idle') return this.idle('here');
    if (first === 'drain') {
      void this.world.server.drain().then(() => {
        this.#drained = true;
      });
      return;
    }
    if (first === 'drained' || first === 'draining') {
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#drained !== (first === 'drained')) throw new Error('it is not so');
      return;
    }
    if (first === 'ends') return this.world.server.close();
    if (first === 'restarts') {
      this.#world = new World(this.#options, this.world.bindings);
      return this.#world.start();
    }
    if (first === 'engine') return this.#engine(second, words.slice(2));
    if (first === 'inbox' || first === 'roster') return this.#messaging(first, words.slice(1), line.details);
    if (first === 'calls') return this.#recorded(Number(second));
    if (first === 'call') return this.#call(words.slice(1), line.details);
    if (first === 'register') return this.#register(second, line.details);
    if (first === 'settle') {
      await new Promise((resolve) => setImmediate(resolve));
      return;
    }
    const party = this.#party(first);
    switch (second) {
      case '->':
        this.#send(party, words.slice(2), line.details);
        await Promise.resolve();
        await Promise.resolve();
        return;
      case '<-':
        return this.#expect(party, words.slice(2), line.details);
      case 'closed':
        if (party.flow.closed === undefined) throw new Error('it is open');
        if (words[2] !== undefined && String(party.flow.closed.code) !== words[2])
          throw new Error(`closed with ${party.flow.closed.code}`);
        return;
      case 'open':
        if (!party.flow.open) throw new Error('it is closed');
        return;
      case 'loops':
        return this.#loop(party, words[2]);
      case 'drops':
        return this.world.drop(party.flow);
      case 'mute':
        party.flow.mute = true;
        return;
      case 'unmute':
        party.flow.mute = false;
        return;
    }
    throw new Error('not understood');
  }

  /** Nothing may be left unread. */
  idle(where: string): void {
    for (const party of this.#parties.values()) {
      const unread = party.flow.received[party.read];
      if (unread !== undefined) throw new Error(`unread by ${party.name} at ${where}:\n${unread}`);
    }
    for (const flow of this.#world?.flows.values() ?? [])
      if (!this.#known.has(flow) && flow.received.length > 0)
        throw new Error(`sent to nobody we know (${flow.remote.address}:${flow.remote.port}):\n${flow.received[0]}`);
  }

  #option(key: string, value: string): void {
    const parsed: unknown = /^(?:true|false|\d+|[[{].*)$/.test(value) ? JSON.parse(value) : value;
    const [area, name] = key.split('.');
    if (name === undefined) this.#options[key] = parsed;
    else {
      const before = (this.#options[area!] ??
        (area === 'auth' ? { required: true, digest: ['SHA-256', 'MD5'] } : {})) as object;
      this.#options[area!] = { ...before, [name]: parsed };
    }
  }

  #gateway(words: string[]): void {
    const accounts = new Map<string, MediaPolicy>();
    for (const word of words.slice(1)) {
      const [name, policy] = word.split('=');
      if (policy !== undefined) accounts.set(name!, policy as MediaPolicy);
    }
    const policies = { general: words[0] as MediaPolicy, accounts };
    this.#options['media'] = { policies, probe: words.includes('probe') };
  }

  async #engine(what: string, words: string[]): Promise<void> {
    const { engine } = this.world;
    if (engine === undefined) throw new Error('there is no engine');
    if (what === 'holds') engine.holding = true;
    else if (what === 'releases') engine.release();
    else if (what === 'refuses') engine.refusal = Number(words[0]);
    else if (what === 'says') {
      const side = words[1] as 'caller' | 'callee';
      engine.tell(words[0] === 'silent' ? { type: 'silent', side } : { type: 'failed', reason: 'worker died' });
    } else if (what === 'asked') {
      const asked = engine.asked.shift() ?? 'nothing';
      if (asked !== words.join(' ')) throw new Error(`instead: ${asked}`);
    } else if (what === 'open') {
      if (engine.branches !== Number(words[0])) throw new Error(`there are ${engine.branches}`);
    } else throw new Error('not understood');
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #messaging(what: string, words: string[], details: string[]): Promise<void> {
    const { messaging } = this.world;
    if (messaging === undefined) throw new Error('there is no messaging');
    if (what === 'roster' && words[2] === 'blocked') messaging.block(words[0]!, `${words[1]}@example.test`);
    else if (what === 'roster') messaging.allow(words[0]!, words[1]!, words[2] as 'yes');
    else if (words[0] === 'has') messaging.send(words[1]!, words[2]!, words.slice(3).join(' '), details);
    else if (words[0] === 'copies') messaging.copy(words[1]!, words[2]!, words.slice(3).join(' '));
    else if (words[0] === 'got') {
      const seen = messaging.submitted.shift()?.serialize('jabber:client') ?? 'nothing';
      const wanted = words.slice(1).join(' ');
      if (wanted.startsWith('/') ? !new RegExp(wanted.slice(1, -1)).test(seen) : seen !== wanted)
        throw new Error(`instead: ${seen}`);
    } else throw new Error('not understood');
    await new Promise((resolve) => setImmediate(resolve));
  }

  async #recorded(count: number): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const { calls } = this.world;
    if (calls.length !== count) throw new Error(`instead ${calls.length}: ${JSON.stringify(calls)}`);
  }

  /** `call STATUS WHO`: of the last record; details are its fields. */
  async #call([status, who]: string[], details: string[]): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const record = this.world.calls.at(-1);
    if (record === undefined) throw new Error('no call has ended');
    const seen = JSON.stringify(record);
    if (String(record.status) !== status || record.endedBy !== who) throw new Error(seen);
    for (const detail of details) {
      const [name = '', ...value] = detail.split(': ');
      if (String(record[name as keyof typeof record]) !== value.join(': ')) throw new Error(seen);
    }
  }

  #open(words: string[]): void {
    const [name = '', transport = 'ws', ...rest] = words;
    let identity: Identity | undefined;
    let remote: { address: string; port: number } | undefined;
    let user = this.#parties.get(name)?.user ?? name;
    for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
      if (word === 'as') identity = { name: rest.shift()!, account: true, admin: false };
      else if (word === 'until') identity!.expires = Math.floor(this.world.now() / 1000) + Number(rest.shift());
      else if (word === 'name') user = rest.shift()!;
      else {
        const colon = word.lastIndexOf(':');
        const address = word.slice(0, colon).replace(/^\[|\]$/g, '');
        remote = { address, port: Number(word.slice(colon + 1)) };
      }
    }
    if (identity !== undefined && !words.includes('name')) user = identity.name;
    const party = new Party(name, user, this.world.flow(transport as SipTransport, remote, identity));
    // A party that comes back keeps what it knows of its calls.
    for (const [call, leg] of this.#parties.get(name)?.legs ?? []) party.legs.set(call, leg);
    this.#parties.set(name, party);
    this.#known.add(party.flow);
  }

  async #register(name: string, details: string[]): Promise<void> {
    const party = this.#party(name);
    this.#send(party, ['REGISTER', 'sip:example.test', `#register-${name}`], details);
    await new Promise((resolve) => setImmediate(resolve)); // a UDP phone's binding is stored first
    this.#expect(party, ['200'], []);
  }

  #party(name: string): Party {
    const party = this.#parties.get(name);
    if (party === undefined) throw new Error(`who is ${name}?`);
    return party;
  }

  // --- sending

  #send(party: Party, words: string[], details: string[]) {
    const call = words.find((word) => word.startsWith('#'))?.slice(1) ?? '1';
    const [what = '', argument] = words.filter((word) => !word.startsWith('#'));
    const headers: Array<[string, string]> = [];
    let body = '';
    let raw: string[] | undefined;
    const removed = new Set<string>();
    const added: Array<[string, string]> = [];
    let digest: string | undefined;
    for (const detail of details) {
      if (detail.startsWith('|')) {
        raw ??= [];
        raw.push(detail.slice(1).trimStart());
        continue;
      }
      if (detail.startsWith('digest ')) digest = detail.slice(7);
      else if (detail.startsWith('Sdp: ')) {
        const [name = '', profile = 'webrtc'] = detail.slice(5).split(' ');
        body = fakeDescription(name, profile);
        added.push(['Content-Type', 'application/sdp']);
      } else if (detail.startsWith('Multipart: ')) {
        const [name = '', profile = 'webrtc'] = detail.slice(11).split(' ');
        const parts = [
          'Content-Type: text/plain\r\n\r\nbefore',
          `content-type: application/sdp\r\n\r\n${fakeDescription(name, profile)}`,
        ];
        body = `${parts.map((part) => `--x-y\r\n${part}\r\n`).join('')}--x-y--\r\n`;
      } else if (detail.startsWith('-')) removed.add(detail.slice(1).toLowerCase());
      else if (detail.startsWith('Body: ')) body = detail.slice(6);
      else if (detail.startsWith('Cpim: ')) body = detail.slice(6).replaceAll('|', '\r\n');
      else {
        const colon = detail.indexOf(':');
        added.push([detail.slice(0, colon), this.#expand(detail.slice(colon + 1).trim(), party)]);
      }
    }
    if (raw !== undefined) return this.world.deliver(party.flow, `${raw.join('\r\n')}\r\n\r\n`);
    const start = /^\d{3}$/.test(what)
      ? this.#response(party, call, Number(what), argument, headers)
      : this.#request(party, call, what, argument === undefined ? undefined : this.#expand(argument, party), headers);
    if (digest !== undefined) added.push(this.#credentials(party, digest, what, start.split(' ')[1]!));
    const replaced = new Set(added.map(([name]) => name.toLowerCase()));
    const all = [...headers.filter(([name]) => !replaced.has(name.toLowerCase())), ...added].filter(
      ([name]) => !removed.has(name.toLowerCase()),
    );
    const via = all.filter(([name]) => name === 'Via');
    const others = all.filter(([name]) => name !== 'Via');
    const lines = [...via, ...others];
    if (!removed.has('content-length')) lines.push(['Content-Length', String(body.length)]);
    const text = `${start}\r\n${lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n${body}`;
    if (!/^\d/.test(what)) this.#leg(party, call)?.sent.push(text);
    this.world.deliver(party.flow, text);
  }

  /** `{now+60}` is a Unix time, `{contact bob}` a contact URI, `{route alice}` the Route set of alice's call. */
  #expand(text: string, party: Party): string {
    return text.replace(/\{(\w+)([ +-]?)([^}]*)\}/g, (_, word: string, sign: string, rest: string) => {
      if (word === 'now') return String(Math.floor(this.world.now() / 1000) + Number(`${sign}${rest || 0}`));
      if (word === 'contact') return this.#party(rest || party.name).contact;
      const [name, call = '1'] = rest.split(' ');
      const leg = this.#party(name || party.name).legs.get(call);
      if (leg === undefined) throw new Error(`no call ${call}`);
      if (word === 'route') return leg.routes.join(', ');
      if (word === 'lastRoute') return leg.routes.at(-1)!;
      if (word === 'routeUri') return leg.routes[0]!.replace(/^<|>.*$/g, '');
      if (word === 'callId') return leg.callId;
      if (word === 'target') return leg.target;
      if (word === 'localTag') return leg.localTag;
      if (word === 'remoteTag') return leg.remoteTag ?? '';
      if (word === 'branch') return /branch=([^;\r\n]+)/.exec(leg.sent.at(-1) ?? '')?.[1] ?? '';
      throw new Error(`what is {${word}}?`);
    });
  }

  #via(party: Party, branch?: string): string {
    const { transport, remote } = party.flow;
    this.#count += 1;
    const by = transport === 'ws' || transport === 'wss' ? `${party.name}.invalid` : hostPort(remote);
    const rport = transport === 'udp' ? ';rport' : '';
    return `SIP/2.0/${transport.toUpperCase()} ${by}${rport};branch=${branch ?? `z9hG4bK-test-${this.#count}`}`;
  }

  #callId(call: string): string {
    let callId = this.#calls.get(call);
    if (callId === undefined) {
      callId = `call-${call}`;
      this.#calls.set(call, callId);
    }
    return callId;
  }

  #leg(party: Party, call: string): Leg | undefined {
    return party.legs.get(call);
  }

  #request(
    party: Party,
    call: string,
    method: string,
    uri: string | undefined,
    headers: Array<[string, string]>,
  ): string {
    let leg = party.legs.get(call);
    const inviteBranch = /branch=([^;\r\n]+)/.exec(leg?.sent.findLast((text) => text.startsWith('INVITE')) ?? '')?.[1];
    if (leg === undefined) {
      const self = `sip:${party.user}@example.test`;
      leg = {
        callId: this.#callId(call),
        localTag: `${party.name}-${call}`,
        remoteTag: undefined,
        localUri: self,
        remoteUri: method === 'REGISTER' ? self : (uri ?? ''),
        target: uri ?? '',
        routes: [],
        cseq: 0,
        asked: [],
        sent: [],
        caller: true,
        refused: false,
      };
      party.legs.set(call, leg);
    }
    const hopByHop = method === 'CANCEL' || (method === 'ACK' && leg.refused);
    if (method !== 'ACK' && method !== 'CANCEL') leg.cseq += 1;
    const to = leg.remoteTag === undefined || method === 'CANCEL' ? '' : `;tag=${leg.remoteTag}`;
    headers.push(['Via', this.#via(party, hopByHop ? inviteBranch : undefined)]);
    if (!hopByHop) for (const route of leg.routes) headers.push(['Route', route]);
    headers.push(
      ['Max-Forwards', '70'],
      ['From', `<${leg.localUri}>;tag=${leg.localTag}`],
      ['To', `<${leg.remoteUri}>${to}`],
      ['Call-ID', leg.callId],
      ['CSeq', `${leg.cseq} ${method}`],
    );
    if (['INVITE', 'SUBSCRIBE', 'REFER', 'UPDATE', 'NOTIFY', 'REGISTER'].includes(method))
      headers.push(['Contact', `<${party.contact}>`]);
    return `${method} ${uri ?? leg.target} SIP/2.0`;
  }

  #response(
    party: Party,
    call: string,
    status: number,
    method: string | undefined,
    headers: Array<[string, string]>,
  ): string {
    const leg = party.legs.get(call);
    const request = leg?.asked.findLast((asked) => method === undefined || asked.method === method);
    if (leg === undefined || request === undefined) throw new Error('there is nothing to answer');
    for (const via of request.all('via')) headers.push(['Via', via]);
    for (const route of request.all('record-route')) headers.push(['Record-Route', route]);
    const to = request.get('to')!;
    headers.push(
      ['From', request.get('from')!],
      ['To', status === 100 || /;tag=/.test(to) ? to : `${to};tag=${leg.localTag}`],
      ['Call-ID', request.callId],
      ['CSeq', request.get('cseq')!],
    );
    if (request.method === 'INVITE' && status > 100 && status < 300) headers.push(['Contact', `<${party.contact}>`]);
    if (status >= 200 && request.method !== 'INVITE') leg.asked.splice(leg.asked.indexOf(request), 1);
    return `SIP/2.0 ${status} Because`;
  }

  /** `who`: name (`+60:name` is an ephemeral credential's), algorithm, wrong password; `uri=` for another digest URI. */
  #credentials(party: Party, who: string, method: string, requestUri: string): [string, string] {
    const [wanted = '', algorithmName, wrong] = who.split(' ').filter((word) => !word.startsWith('uri='));
    const uri = / uri=(\S+)/.exec(who)?.[1] ?? requestUri;
    if (party.challenge === undefined) throw new Error('there was no challenge');
    const values = party.challenge.split('\n');
    const value = values.find((text) => algorithmName === undefined || text.includes(`algorithm=${algorithmName}`));
    const challenge = parseChallenge(value!.slice(value!.indexOf(':') + 1).trim())!;
    const username = /^[+-]/.test(wanted)
      ? `${Math.floor(this.world.now() / 1000) + Number(wanted.split(':')[0])}:${wanted.split(':')[1]}`
      : wanted;
    const password =
      wrong !== undefined ? wrong : username.includes(':') ? ephemeralPassword(username) : `password of ${username}`;
    const algorithm = digestAlgorithm(challenge.algorithm)!;
    party.nonceCount += 1;
    const fields = { algorithm, method, uri, nonce: challenge.nonce, qop: 'auth', nc: party.nonceCount, cnonce: 'abc' };
    const ha1 = digestHa1(primitives, algorithm, username, challenge.realm, password);
    const text = serializeCredentials({
      username,
      realm: challenge.realm,
      nonce: challenge.nonce,
      uri,
      algorithm,
      response: digestResponse(primitives, { ...fields, ha1 }),
      qop: 'auth',
      nc: party.nonceCount,
      cnonce: 'abc',
    });
    parseCredentials(text);
    return [value!.startsWith('www') ? 'Authorization' : 'Proxy-Authorization', text];
  }

  /** Sends the last request on to the server as a proxy would: another Via, another Request-URI if given. */
  #loop(party: Party, uri: string | undefined): void {
    const text = party.flow.received[party.read - 1]!;
    const request = parseMessage(text) as Request;
    if (uri !== undefined) request.uri = uri;
    request.set('max-forwards', String((request.maxForwards ?? 70) - 1));
    request.prepend('via', this.#via(party));
    this.world.deliver(party.flow, request.serialize());
  }

  // --- expecting

  #expect(party: Party, words: string[], details: string[]): void {
    const wantedCall = words.find((word) => word.startsWith('#'))?.slice(1);
    const what = words.filter((word) => !word.startsWith('#')).join(' ');
    const text = party.flow.received[party.read];
    if (text === undefined) throw new Error('nothing has arrived');
    party.read += 1;
    const message = parseMessage(text) as Request | Response;
    const got = message.kind === 'request' ? message.method : String(message.status);
    const [wanted, of] = what.split(' ');
    if (got !== wanted || (of !== undefined && message.cseq.method !== of)) throw new Error(`instead:\n${text}`);
    // A call of the server's own gets the name that it is expected by.
    if (wantedCall !== undefined && !this.#calls.has(wantedCall)) this.#calls.set(wantedCall, message.callId);
    const call = [...this.#calls].find(([, callId]) => callId === message.callId)?.[0] ?? message.callId;
    if (wantedCall !== undefined && wantedCall !== call) throw new Error(`of call ${call}:\n${text}`);
    this.#learn(party, call, message);
    for (const detail of details) this.#check(party, message, detail);
  }

  #check(party: Party, message: Request | Response, detail: string): void {
    const wrong = () => new Error(`not so: ${detail}\n${message.serialize()}`);
    if (detail.startsWith('-')) {
      if (message.has(detail.slice(1))) throw wrong();
      return;
    }
    const colon = detail.indexOf(':');
    const name = colon < 0 ? detail : detail.slice(0, colon);
    const value = colon < 0 ? undefined : this.#expand(detail.slice(colon + 1).trim(), party);
    let actual: string | undefined;
    if (name === 'Request-URI') actual = message.kind === 'request' ? message.uri : undefined;
    else if (name === 'Body') actual = message.body;
    else if (name === 'Sdp') actual = message.body === '' ? 'none' : describe(message.body);
    else if (name === 'Reason-Phrase') actual = message.kind === 'response' ? message.reason : undefined;
    else actual = message.has(name) ? message.all(name).join(', ') : undefined;
    if (actual === undefined) throw wrong();
    if (value === undefined) return;
    if (value.startsWith('/') && value.endsWith('/')) {
      if (!new RegExp(value.slice(1, -1)).test(actual)) throw wrong();
    } else if (actual !== value) throw wrong();
  }

  /** RFC 3261 sections 12.1 and 12.2. */
  #learn(party: Party, call: string, message: Request | Response): void {
    let leg = party.legs.get(call);
    if (message.kind === 'response') {
      const challenges = ['www-authenticate', 'proxy-authenticate'].flatMap((name) =>
        message.all(name).map((value) => `${name}:${value}`),
      );
      if (challenges.length > 0) {
        party.challenge = challenges.join('\n');
        party.nonceCount = 0;
      }
      if (leg !== undefined && message.cseq.method === 'INVITE') leg.refused = message.status >= 300;
      if (leg === undefined || message.status <= 100 || message.status >= 300) return;
      if (!['INVITE', 'SUBSCRIBE', 'REFER'].includes(message.cseq.method)) return;
      leg.remoteTag = message.to.tag;
      const contacts = message.contacts;
      if (contacts !== '*' && contacts[0] !== undefined) leg.target = contacts[0].uri;
      if (message.has('record-route') && leg.caller) leg.routes = message.values('record-route').reverse();
      return;
    }
    if (leg === undefined) {
      leg = {
        callId: message.callId,
        localTag: `${party.name}-${call}`,
        remoteTag: message.from.tag,
        localUri: message.to.uri,
        remoteUri: message.from.uri,
        target: message.from.uri,
        routes: message.values('record-route'),
        cseq: 100,
        asked: [],
        sent: [],
        caller: false,
        refused: false,
      };
      party.legs.set(call, leg);
    }
    const contacts = message.has('contact') ? message.contacts : [];
    if (contacts !== '*' && contacts[0] !== undefined) leg.target = contacts[0].uri;
    if (message.method !== 'ACK') leg.asked.push(message);
  }
}

function duration(text: string): number {
  const match = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text);
  if (match === null) throw new Error(`not a time: ${text}`);
  return Number(match[1]) * { ms: 1, s: 1000, m: 60_000 }[match[2] as 'ms' | 's' | 'm'];
}

function hostPort({ address, port }: { address: string; port: number }): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}
