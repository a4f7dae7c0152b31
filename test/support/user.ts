// A SIP user of plain text for tests: registers, calls and messages over any line, follows route sets, answers what it is told to.
import { createHash, createHmac, randomBytes } from 'node:crypto';
import { type Line, overWebSocket } from './line.ts';

export interface Account {
  name: string;
  domain: string;
  /** For digest, when the server asks. */
  password?: string;
  /** The name that goes with it; default `name`. */
  username?: string;
}

export interface Dialog {
  callId: string;
  local: string;
  remote: string;
  target: string;
  routes: string[];
  sequence: number;
}

const media =
  'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n';

/** What coturn's and Kamailio's web services hand out: `<expiry>:<name>` and base64(HMAC-SHA1(secret, username)). */
export function ephemeralCredential(secret: string, name: string, ttl = 3600): { username: string; password: string } {
  const username = `${Math.floor(Date.now() / 1000) + ttl}:${name}`;
  return { username, password: createHmac('sha1', secret).update(username).digest('base64') };
}

/** A WebSocket line whose handshake carries an ephemeral credential in its query. */
export function lineWithCredential(ws: string, secret: string, name: string): Promise<Line> {
  return overWebSocket(`${ws}/?${new URLSearchParams(ephemeralCredential(secret, name))}`);
}

export class User {
  readonly line: Line;
  readonly account: Account;
  readonly contact: string;
  private readonly sent = new Map<string, string>();
  private registration = 0;
  private readonly registrationId = token();

  constructor(line: Line, account: Account) {
    this.line = line;
    this.account = account;
    const parameter = line.transport === 'UDP' ? '' : `;transport=${line.transport.toLowerCase()}`;
    this.contact = `<sip:${account.name}@${line.sentBy}${parameter}>`;
  }

  get address(): string {
    return `sip:${this.account.name}@${this.account.domain}`;
  }

  get registered(): boolean {
    return this.registration > 0;
  }

  /** The final answer to a REGISTER. */
  async register(expires = 600): Promise<string> {
    const { domain } = this.account;
    return this.request('REGISTER', `sip:${domain}`, {
      from: `<${this.address}>;tag=${token()}`,
      to: `<${this.address}>`,
      callId: this.registrationId,
      sequence: () => ++this.registration,
      extra: `Contact: ${this.contact}\r\nExpires: ${expires}\r\n`,
    });
  }

  async message(to: string, text: string): Promise<string> {
    let sequence = 0;
    return this.request('MESSAGE', to, {
      from: `<${this.address}>;tag=${token()}`,
      to: `<${to}>`,
      callId: token(),
      sequence: () => ++sequence,
      extra: 'Content-Type: text/plain\r\n',
      body: text,
    });
  }

  /**
   * Calls and waits for the final answer; a 2xx is acknowledged and becomes a dialog. With an `offer` of its own; none (an empty
   * one): the answer to the other side's goes into the ACK (RFC 3261 section 13.2.1).
   */
  async call(
    to: string,
    {
      offer = media,
      answerTo,
      extra = '',
    }: { offer?: string; answerTo?: (offer: string) => string; extra?: string } = {},
  ): Promise<{ answer: string; dialog?: Dialog }> {
    const from = `<${this.address}>;tag=${token()}`;
    const callId = token();
    let sequence = 0;
    const answer = await this.request('INVITE', to, {
      from,
      to: `<${to}>`,
      callId,
      sequence: () => ++sequence,
      extra: `Contact: ${this.contact}\r\n${extra}${offer ? 'Content-Type: application/sdp\r\n' : ''}`,
      body: offer,
      timeout: 40_000,
    });
    if (status(answer) >= 300) return { answer };
    const dialog: Dialog = {
      callId,
      local: from,
      remote: header(answer, 'To'),
      target: uriOf(header(answer, 'Contact')),
      routes: headers(answer, 'Record-Route').reverse(),
      sequence,
    };
    this.acknowledge(dialog, answerTo?.(bodyOf(answer)));
    return { answer, dialog };
  }

  /** A request inside the dialog; a re-INVITE's 2xx is acknowledged. `extra`: further header lines. */
  async within(dialog: Dialog, method: string, body = '', extra = ''): Promise<string> {
    dialog.sequence++;
    const answer = await this.request(method, dialog.target, {
      from: dialog.local,
      to: dialog.remote,
      callId: dialog.callId,
      sequence: () => dialog.sequence,
      extra:
        dialog.routes.map((route) => `Route: ${route}\r\n`).join('') +
        extra +
        (method === 'INVITE' ? `Contact: ${this.contact}\r\nContent-Type: application/sdp\r\n` : ''),
      body: body || (method === 'INVITE' ? media : ''),
    });
    if (method === 'INVITE' && status(answer) < 300) this.acknowledge(dialog);
    return answer;
  }

  /** The next request of that method (from position `from` of what the line received). */
  incoming(method: string, from = 0): Promise<string> {
    return this.line.next((text) => text.startsWith(`${method} `), { from, what: method });
  }

  /**
   * Answers a request; a 2xx to an INVITE carries SDP, `body` or one of its own. Returns the dialog as the callee sees it.
   * `tag` names an early dialog, so that the answers that follow are of the same.
   */
  answer(request: string, line: string, options: { extra?: string; body?: string; tag?: string } = {}): Dialog {
    const { extra = '', tag = `${this.account.name}${token()}` } = options;
    const to = header(request, 'To');
    const local = to.includes(';tag=') ? to : `${to};tag=${tag}`;
    const invite = request.startsWith('INVITE ');
    const body = options.body ?? (invite && line.startsWith('2') ? media : '');
    const copied = ['Via', 'Record-Route'].flatMap((name) =>
      headers(request, name).map((value) => `${name}: ${value}\r\n`),
    );
    this.line.send(
      `SIP/2.0 ${line}\r\n${copied.join('')}From: ${header(request, 'From')}\r\nTo: ${local}\r\nCall-ID: ${header(request, 'Call-ID')}\r\n` +
        `CSeq: ${header(request, 'CSeq')}\r\n${invite ? `Contact: ${this.contact}\r\n` : ''}${extra}` +
        `${body ? 'Content-Type: application/sdp\r\n' : ''}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
    return {
      callId: header(request, 'Call-ID'),
      local,
      remote: header(request, 'From'),
      target: uriOf(header(request, 'Contact') || '<>'),
      routes: headers(request, 'Record-Route'),
      sequence: 100,
    };
  }

  /** The last request of that method as it was sent. */
  lastRequest(method: string): string {
    return this.sent.get(method) ?? '';
  }

  /** CANCEL of a request that has had a provisional answer (RFC 3261 section 9.1). */
  cancel(request: string): void {
    const copied = ['Via', 'From', 'To', 'Call-ID'].map((name) => `${name}: ${header(request, name)}\r\n`);
    const routes = headers(request, 'Route').map((route) => `Route: ${route}\r\n`);
    this.line.send(
      `CANCEL ${request.split(' ')[1]} SIP/2.0\r\n${copied.join('')}${routes.join('')}Max-Forwards: 70\r\n` +
        `CSeq: ${header(request, 'CSeq').replace(/ .*/, '')} CANCEL\r\nContent-Length: 0\r\n\r\n`,
    );
  }

  private acknowledge(dialog: Dialog, body = ''): void {
    this.line.send(
      `ACK ${dialog.target} SIP/2.0\r\n${this.via()}Max-Forwards: 70\r\n${dialog.routes.map((route) => `Route: ${route}\r\n`).join('')}` +
        `From: ${dialog.local}\r\nTo: ${dialog.remote}\r\nCall-ID: ${dialog.callId}\r\nCSeq: ${dialog.sequence} ACK\r\n` +
        `${body ? 'Content-Type: application/sdp\r\n' : ''}Content-Length: ${body.length}\r\n\r\n${body}`,
    );
  }

  private via(branch = `z9hG4bK${token()}`): string {
    return `Via: SIP/2.0/${this.line.transport} ${this.line.sentBy};branch=${branch};rport\r\n`;
  }

  /** Sends, answers one challenge, and returns the final answer. Retransmits on UDP (timer E's first steps). */
  private async request(method: string, uri: string, parts: RequestParts): Promise<string> {
    let authorization = '';
    for (let attempt = 0; ; attempt++) {
      const branch = `z9hG4bK${token()}`;
      const { body = '', extra = '' } = parts;
      const sequence = parts.sequence();
      const text =
        `${method} ${uri} SIP/2.0\r\n${this.via(branch)}Max-Forwards: 70\r\nFrom: ${parts.from}\r\nTo: ${parts.to}\r\n` +
        `Call-ID: ${parts.callId}\r\nCSeq: ${sequence} ${method}\r\n${extra}${authorization}Content-Length: ${Buffer.byteLength(body, 'latin1')}\r\n\r\n${body}`;
      const from = this.line.received.length;
      this.sent.set(method, text);
      this.line.send(text);
      const again = this.line.transport === 'UDP' ? setInterval(() => this.line.send(text), 1000) : undefined;
      const answer = await this.line
        .next((response) => isFinal(response, method, branch), {
          from,
          timeout: parts.timeout ?? 15_000,
          what: `final answer to ${method} ${uri}`,
        })
        .finally(() => clearInterval(again));
      if (status(answer) >= 300 && method === 'INVITE')
        this.line.send(
          `ACK ${uri} SIP/2.0\r\n${this.via(branch)}Max-Forwards: 70\r\n${/(?:Route: .*\r\n)*/.exec(extra)?.[0] ?? ''}From: ${parts.from}\r\n` +
            `To: ${header(answer, 'To')}\r\nCall-ID: ${parts.callId}\r\nCSeq: ${sequence} ACK\r\nContent-Length: 0\r\n\r\n`,
        );
      const challenged = status(answer) === 401 || status(answer) === 407;
      if (!challenged || attempt > 0 || !this.account.password) return answer;
      authorization = this.credentials(answer, method, uri);
    }
  }

  private credentials(answer: string, method: string, uri: string): string {
    const proxy = status(answer) === 407;
    const challenge =
      headers(answer, proxy ? 'Proxy-Authenticate' : 'WWW-Authenticate').find((value) => !/SHA-/.test(value)) ?? '';
    const value = (name: string): string => new RegExp(`\\b${name}="([^"]*)"`, 'i').exec(challenge)?.[1] ?? '';
    const { name, username = name, password } = this.account;
    const md5 = (text: string): string => createHash('md5').update(text).digest('hex');
    const cnonce = token();
    const response = md5(
      `${md5(`${username}:${value('realm')}:${password}`)}:${value('nonce')}:00000001:${cnonce}:auth:${md5(`${method}:${uri}`)}`,
    );
    return (
      `${proxy ? 'Proxy-Authorization' : 'Authorization'}: Digest username="${username}", realm="${value('realm')}", nonce="${value('nonce')}", ` +
      `uri="${uri}", response="${response}", algorithm=MD5, cnonce="${cnonce}", qop=auth, nc=00000001${value('opaque') ? `, opaque="${value('opaque')}"` : ''}\r\n`
    );
  }
}

/** A CANCEL's answer has the branch of its INVITE. */
function isFinal(response: string, method: string, branch: string): boolean {
  return (
    /^SIP\/2\.0 [2-6]/.test(response) &&
    header(response, 'Via').includes(branch) &&
    header(response, 'CSeq').endsWith(` ${method}`)
  );
}

interface RequestParts {
  from: string;
  to: string;
  callId: string;
  sequence: () => number;
  extra?: string;
  body?: string;
  timeout?: number;
}

export function status(response: string): number {
  return Number(/^SIP\/2\.0 (\d{3})/.exec(response)?.[1] ?? 0);
}

/** A header's values, split at commas outside brackets and quotes where the header is a list of addresses. */
export function headers(text: string, name: string): string[] {
  const head = text.slice(0, text.indexOf('\r\n\r\n') + 2);
  const values = [...head.matchAll(new RegExp(`^${name}[ \t]*:[ \t]*(.*?)\r$`, 'gim'))].map((match) => match[1]!);
  return /route|via|path/i.test(name) ? values.flatMap((value) => value.split(/,\s*(?=<|SIP\/2\.0)/)) : values;
}

export function header(text: string, name: string): string {
  return headers(text, name)[0] ?? '';
}

export function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4);
}

function uriOf(address: string): string {
  return /<([^>]*)>/.exec(address)?.[1] ?? address;
}

function token(): string {
  return randomBytes(8).toString('hex');
}
