// A SIP user agent of text templates for load: no parser, just the few fields an answer must copy (RFC 3261 section 8.2.6).
// It answers any MESSAGE, INVITE (180, 200 with SDP) and BYE, and follows the route set of its own calls.
import { type Target, WebSocketClient } from './websocket-client.ts';

/** A browser's offer has about 3 kB: two media descriptions with their payload types, candidates and fingerprint. */
export const sdp = browserDescription();

/** A client that starts again is a new one to the registrar: its CSeq begins anew, and so must its Call-ID. */
let registrations = 0;

export class Phone {
  readonly user: string;
  readonly socket: WebSocketClient;
  /** What came instead of each 2xx: a status line, or why nothing came. */
  readonly failures: string[] = [];
  private readonly domain: string;
  private readonly contact: string;
  private readonly answers = new Map<string, (text: string) => void>();
  private sequence = 0;
  private readonly registration: string;

  constructor(target: Target, domain: string, user: string) {
    this.user = user;
    this.domain = domain;
    this.contact = `<sip:${user}@${user}.invalid;transport=ws>`;
    this.registration = `reg-${user}-${process.pid}-${++registrations}`;
    this.socket = new WebSocketClient(target, user);
    this.socket.onText = (text) => this.receive(text);
    this.socket.onClose = (reason) => this.fail(reason);
  }

  register(): Promise<string> {
    const sequence = ++this.sequence;
    return this.transact(
      `${this.user}r${sequence}`,
      (via) =>
        `REGISTER sip:${this.domain} SIP/2.0\r\n${via}Max-Forwards: 70\r\nTo: <sip:${this.user}@${this.domain}>\r\n` +
        `From: <sip:${this.user}@${this.domain}>;tag=r${this.user}\r\nCall-ID: ${this.registration}\r\nCSeq: ${sequence} REGISTER\r\n` +
        `Contact: ${this.contact};expires=600\r\nAllow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO\r\n` +
        'Supported: path,outbound,gruu\r\nUser-Agent: Load 1.0\r\nContent-Length: 0\r\n\r\n',
    );
  }

  message(peer: string): Promise<string> {
    const id = `${this.user}m${++this.sequence}`;
    return this.transact(
      id,
      (via) =>
        `MESSAGE sip:${peer}@${this.domain} SIP/2.0\r\n${via}Max-Forwards: 70\r\nTo: <sip:${peer}@${this.domain}>\r\n` +
        `From: <sip:${this.user}@${this.domain}>;tag=${id}\r\nCall-ID: ${id}-${process.pid}\r\nCSeq: ${this.sequence} MESSAGE\r\n` +
        'Supported: path,outbound,gruu\r\nUser-Agent: Load 1.0\r\nContent-Type: text/plain\r\nContent-Length: 44\r\n\r\n' +
        'Is the line to Lille clear this afternoon, A',
    );
  }

  /** INVITE, 180, 200, ACK, BYE, 200: resolves with the answer to the BYE. */
  async call(peer: string): Promise<string> {
    const id = `${this.user}c${++this.sequence}`;
    const common = (cseq: string, to: string): string =>
      `Max-Forwards: 70\r\nTo: ${to}\r\nFrom: <sip:${this.user}@${this.domain}>;tag=${id}\r\nCall-ID: ${id}-${process.pid}\r\n` +
      `CSeq: ${cseq}\r\nUser-Agent: Load 1.0\r\n`;
    const answer = await this.transact(
      `${id}i`,
      (via) =>
        `INVITE sip:${peer}@${this.domain} SIP/2.0\r\n${via}${common('1 INVITE', `<sip:${peer}@${this.domain}>`)}Contact: ${this.contact}\r\n` +
        'Allow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO\r\nSupported: path,outbound,gruu,timer\r\n' +
        `Content-Type: application/sdp\r\nContent-Length: ${sdp.length}\r\n\r\n${sdp}`,
    );
    if (!answer.startsWith('SIP/2.0 200')) return answer;
    const remote = /<([^>]+)>/.exec(field(answer, 'Contact'))?.[1] ?? '';
    const route = fields(answer, 'Record-Route')
      .reverse()
      .map((value) => `Route: ${value}\r\n`)
      .join(''); // UAC: reversed (12.1.2)
    const to = field(answer, 'To');
    this.socket.send(
      `ACK ${remote} SIP/2.0\r\n${this.via(`${id}a`)}${route}${common('1 ACK', to)}Content-Length: 0\r\n\r\n`,
    );
    return this.transact(
      `${id}b`,
      (via) => `BYE ${remote} SIP/2.0\r\n${via}${route}${common('2 BYE', to)}Content-Length: 0\r\n\r\n`,
    );
  }

  private via(branch: string): string {
    return `Via: SIP/2.0/WS ${this.user}.invalid;branch=z9hG4bK${branch}\r\n`;
  }

  private transact(branch: string, request: (via: string) => string): Promise<string> {
    return new Promise((resolve) => {
      const key = `z9hG4bK${branch}`;
      const patience = setTimeout(() => {
        this.answers.delete(key);
        this.count(`no answer to ${branch}`);
        resolve('');
      }, 20_000);
      this.answers.set(key, (text) => {
        clearTimeout(patience);
        resolve(text);
      });
      this.socket.send(request(this.via(branch)));
    });
  }

  private receive(text: string): void {
    if (text.startsWith('SIP/2.0 ')) {
      this.answered(text);
      return;
    }
    const method = text.slice(0, text.indexOf(' '));
    if (method === 'ACK') return;
    if (method === 'INVITE') {
      this.socket.send(this.respond(text, '180 Ringing', ''));
      this.socket.send(this.respond(text, '200 OK', sdp));
    } else this.socket.send(this.respond(text, '200 OK', ''));
  }

  private answered(text: string): void {
    const status = text.charCodeAt(8);
    if (status === 0x31) return; // 1xx
    const start = text.indexOf('branch=', text.indexOf('\r\nVia:')) + 7;
    let end = start;
    while (!';,\r '.includes(text[end]!)) end++;
    const branch = text.slice(start, end);
    const resolve = this.answers.get(branch);
    if (!resolve) return;
    this.answers.delete(branch);
    if (status !== 0x32) this.count(text.slice(0, text.indexOf('\r\n')));
    resolve(text);
  }

  private respond(request: string, status: string, body: string): string {
    const copied = { via: '', record: '', to: '', from: '', callId: '', cseq: '' };
    for (let at = request.indexOf('\r\n') + 2; ; ) {
      const end = request.indexOf('\r\n', at);
      if (end === at || end < 0) break;
      const line = request.slice(at, end + 2);
      at = end + 2;
      if (line.startsWith('Via:')) copied.via += line;
      else if (line.startsWith('Record-Route:')) copied.record += line;
      else if (line.startsWith('To:')) copied.to = line;
      else if (line.startsWith('From:')) copied.from = line;
      else if (line.startsWith('Call-ID:')) copied.callId = line;
      else if (line.startsWith('CSeq:')) copied.cseq = line;
    }
    if (!copied.to.includes(';tag=')) copied.to = `${copied.to.slice(0, -2)};tag=u${this.user}\r\n`;
    const dialog = body || status.startsWith('180') ? `${copied.record}Contact: ${this.contact}\r\n` : '';
    return (
      `SIP/2.0 ${status}\r\n${copied.via}${copied.from}${copied.to}${copied.callId}${copied.cseq}${dialog}` +
      `${body ? 'Content-Type: application/sdp\r\n' : ''}Content-Length: ${body.length}\r\n\r\n${body}`
    );
  }

  private fail(reason: string): void {
    for (const resolve of this.answers.values()) {
      this.count(reason);
      resolve(reason);
    }
    this.answers.clear();
  }

  private count(reason: string): void {
    this.failures.push(reason);
  }
}

function fields(text: string, name: string): string[] {
  const values: string[] = [];
  const wanted = `\r\n${name}: `;
  for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + 1)) {
    values.push(...text.slice(at + wanted.length, text.indexOf('\r\n', at + 2)).split(/,\s*(?=<)/));
  }
  return values;
}

function field(text: string, name: string): string {
  return fields(text, name)[0] ?? '';
}

function browserDescription(): string {
  const media = (kind: string, payloads: readonly number[], codec: string): string =>
    `m=${kind} 9 UDP/TLS/RTP/SAVPF ${payloads.join(' ')}\r\nc=IN IP4 0.0.0.0\r\na=rtcp:9 IN IP4 0.0.0.0\r\na=ice-ufrag:Chp3\r\n` +
    'a=ice-pwd:Yb0vQ5nQkX2mJ4rT8sLw1aZe\r\na=ice-options:trickle\r\n' +
    `a=fingerprint:sha-256 ${'5C:4A:19:7E:'.repeat(8).slice(0, -1)}\r\na=setup:actpass\r\na=mid:${kind}\r\na=sendrecv\r\na=rtcp-mux\r\n` +
    payloads
      .map(
        (type) =>
          `a=rtpmap:${type} ${codec}\r\na=rtcp-fb:${type} transport-cc\r\na=fmtp:${type} minptime=10;useinbandfec=1\r\n`,
      )
      .join('') +
    Array.from(
      { length: 4 },
      (_, index) =>
        `a=candidate:${index + 1} 1 udp 2122260223 192.0.2.${index + 7} 5${index}321 typ host generation 0 network-id 1\r\n`,
    ).join('');
  const head = 'v=0\r\no=- 4611731400430051336 2 IN IP4 127.0.0.1\r\ns=-\r\nt=0 0\r\na=group:BUNDLE audio video\r\n';
  const body =
    head +
    media('audio', [111, 63, 9, 0, 8, 13, 110, 126], 'opus/48000/2') +
    media('video', [96, 97, 98, 99, 100, 101], 'VP8/90000');
  return `${body}a=ssrc:3735928559 cname:${'c'.repeat(3072 - body.length - 26)}\r\n`;
}
