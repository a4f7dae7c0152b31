import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import type { ByteString } from '../byte-string.ts';
import { ProtocolError } from '../errors.ts';
import { contactParameters } from './contact.ts';
import { createResponse } from './create.ts';
import { parseCredentials } from './digest.ts';
import type { Message, Request, Response } from './message.ts';
import { unsupportedTags } from './option-tags.ts';
import { parseMessage, salvageRequest } from './parse.ts';
import { routeList } from './route.ts';
import { FramingError, MessageStream } from './stream.ts';
import { canonicalUser, parseUri, unescapeUri, uriHeaders } from './uri.ts';
import { validateRequest, validateResponse } from './validate.ts';

/** RFC 4475 and RFC 5118, each message with its outcome at this layer; what an element above decides is in `ABOVE`. */
interface Expectation {
  kind: 'valid' | 'invalid' | 'response';
  codes?: number[];
}

const VECTORS = new URL('../../../test/vectors/', import.meta.url);

function expectations(suite: string): [string, Expectation][] {
  return Object.entries(JSON.parse(readFileSync(new URL(`${suite}/expect.json`, VECTORS), 'utf8')));
}

function vector(name: string, suite = 'rfc4475'): ByteString {
  const text = readFileSync(new URL(`${suite}/${name}.dat`, VECTORS)).toString('latin1');
  return name === 'baddn' ? `${text}\r\n` : text; // the file lacks its empty line
}

function request(name: string, suite?: string): Request {
  const message = parseMessage(vector(name, suite));
  if (message.kind !== 'request') throw new Error(`${name} is a response`);
  return message;
}

function response(name: string): Response {
  const message = parseMessage(vector(name));
  if (message.kind !== 'response') throw new Error(`${name} is a request`);
  return message;
}

/** undefined: passed; else the error that an element answers with, or drops a response for. */
function outcome(text: ByteString): ProtocolError | undefined {
  try {
    const message = parseMessage(text);
    if (message.kind === 'request') validateRequest(message);
    else validateResponse(message);
    return undefined;
  } catch (error) {
    if (error instanceof ProtocolError) return error;
    throw error;
  }
}

/** Invalid for the element that reads these fields, not for the message layer: each has its own test below. */
const ABOVE = new Set(['baddate', 'regbadct', 'badbranch', 'unksm2', 'bext01', 'invut', 'zeromf']);
const DROPPED = new Set(['scalarlg', 'bigcode']);

for (const suite of ['rfc4475', 'rfc5118']) {
  test.each(expectations(suite))(`${suite} %s has its outcome`, (name, expected) => {
    const error = outcome(vector(name, suite));
    if (expected.kind === 'response') expect(error !== undefined).toBe(DROPPED.has(name));
    else if (expected.kind === 'valid' || ABOVE.has(name)) expect(error).toBeUndefined();
    else expect(expected.codes).toContain(error?.answer.status);
  });

  test.each(expectations(suite))(`${suite} %s passes through byte by byte, and can be answered`, (name) => {
    const text = vector(name, suite);
    let message: Message;
    try {
      message = parseMessage(text);
    } catch {
      expect(name).toBe('bigcode');
      return;
    }
    expect(text.startsWith(message.serialize())).toBe(true);
    if (!['dblreq', 'mcl01'].includes(name)) expect(message.serialize()).toBe(text);
    if (message.kind === 'request') {
      const answer = createResponse(message, 400, undefined, { toTag: 'tag' }).serialize();
      expect(parseMessage(answer).kind).toBe('response');
    }
  });
}

test('wsinv: folding, odd case, compact forms and white space everywhere', () => {
  const message = request('wsinv');
  expect(message.uri).toBe('sip:vivekg@chair-dnrc.example.com;unknownparam');
  expect(message.to).toMatchObject({ uri: 'sip:vivekg@chair-dnrc.example.com', tag: '1918181833n' });
  expect(message.from).toMatchObject({ display: 'J Rosenberg \\"', uri: 'sip:jdrosen@example.com', tag: '98asjd8' });
  expect(message.maxForwards).toBe(68);
  expect(message.cseq).toEqual({ sequence: 9, method: 'INVITE' });
  expect(message.vias.map((via) => [via.transport, via.sentBy, via.branch])).toEqual([
    ['UDP', '192.0.2.2', '390skdjuw'],
    ['TCP', 'spindle.example.com', 'z9hG4bK9ikj8'],
    ['UDP', '192.168.255.111', 'z9hG4bK30239'],
  ]);
  expect(message.get('subject')).toBe('');
  expect(message.get('newfangledheader')).toBe('newfangled value continued newfangled value');
  expect(message.get('unknownheaderwithunusualvalue')).toBe(';;,,;;,;');
  expect(routeList(message, 'route')[0]?.uri.parameters.get('unknownwith')).toBe('value');
  expect(message.contacts).toMatchObject([{ display: 'Quoted string ""', uri: 'sip:jdrosen@example.com' }]);
  const [contact] = message.contacts as Exclude<Request['contacts'], '*'>;
  expect(contact?.parameters.get('newparam')).toBe('newvalue');
  expect(contact && contactParameters(contact).q).toBe(0.33);
  expect(message.body).toHaveLength(150);
});

test('wsinv: the top Via is popped and one is pushed in the midst of all that, every other byte stays', () => {
  const text = vector('wsinv');
  const message = request('wsinv');
  message.removeFirstValue('via');
  expect(message.via.host).toBe('spindle.example.com');
  message.removeFirstValue('via');
  expect(message.via.host).toBe('192.168.255.111');
  const start = text.indexOf('Via  :');
  const end = text.indexOf('s :');
  const spindle = text.slice(text.indexOf('SIP  / 2.0  / TCP'), text.indexOf('SIP  /    2.0   / UDP'));
  expect(message.serialize()).toBe((text.slice(0, start) + text.slice(end)).replace(spindle, ''));
});

test('intmeth: every legal character, NUL and UTF-8 in quoted strings', () => {
  const message = request('intmeth');
  expect(message.method).toBe("!interesting-Method0123456789_*+`.%indeed'~");
  expect(message.target).toMatchObject({
    user: "1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*",
    password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)",
    host: 'example.com',
  });
  expect(message.to.display).toBe('BEL:\x07 NUL:\x00 DEL:\x7f');
  expect(message.from.display).toBe("token1~` token2'+_ token3*%!.-");
  expect(message.from.tag).toBe("_token~1'+`*%!-.");
  expect(message.callId).toBe('intmeth.word%ZK-!.*_+\'@word`~)(><:\\/"][?}{');
  expect(message.has("extensionheader-!.%*+_`'~")).toBe(true);
});

test('esc01: an escaped @ and : do not end the user part, and an escaped parameter name is that name', () => {
  const message = request('esc01');
  expect(message.target).toMatchObject({ scheme: 'sip', user: 'sips%3Auser%40example.com', host: 'example.net' });
  expect(canonicalUser(message.target)).toBe('sips:user@example.com');
  expect(unescapeUri(parseUri(message.to.uri).user as string)).toBe('user');
  const contact = parseUri((message.contacts as { uri: string }[])[0]?.uri as string);
  expect(contact.parameters.has('lr')).toBe(true);
  expect(contact.parameters.get('name')).toBe('v%61lue%25%34%31');
});

test('escnull: %00 stays in the user part and cuts nothing off', () => {
  const message = request('escnull');
  const aor = parseUri(message.to.uri);
  expect(aor.user).toBe('null-%00-null');
  expect(canonicalUser(aor)).toBe('null-\0-null');
  expect((message.contacts as { uri: string }[]).map(({ uri }) => uri)).toEqual([
    'sip:%00@host5.example.com',
    'sip:%00%00@host5.example.com',
  ]);
});

test('esc02: outside of URIs % escapes nothing', () => {
  const message = request('esc02');
  expect(message.method).toBe('RE%47IST%45R');
  expect(message.to.display).toBe('%Z%45');
  expect(message.all('contact')).toHaveLength(2);
  expect(message.has('c%6fntact')).toBe(true);
});

test('lwsdisp: a display name needs no space before <', () => {
  expect(request('lwsdisp').from).toMatchObject({ display: 'caller', uri: 'sip:caller@example.com', tag: '323' });
});

test('longreq: thirty-four Via fields in every spelling, and values as long as a line', () => {
  const message = request('longreq');
  expect(message.vias).toHaveLength(34);
  expect(message.vias.at(-1)?.received).toBe('192.0.2.5');
  expect(message.from.tag).toMatch(/^1(298){10,}2424$|^1[2984]{150,}$/);
});

test('dblreq: one request in the datagram, two on a stream but for what the RFC broke', () => {
  expect(request('dblreq').body).toBe('');
  expect(request('dblreq').method).toBe('REGISTER');
  const [first] = new MessageStream().push(vector('dblreq'));
  expect(first).toEqual({ message: request('dblreq').serialize() });
});

test('semiuri: the semicolon belongs to the user', () => {
  const { user, host, parameters } = request('semiuri').target;
  expect([user, host, parameters.size]).toEqual(['user;par=u%40example.net', 'example.com', 0]);
});

test('transports: any transport is a Via', () => {
  expect(request('transports').vias.map((via) => via.transport)).toEqual(['UDP', 'SCTP', 'TLS', 'UNKNOWN', 'TCP']);
});

test('mpart01: a binary body is octets', () => {
  const message = request('mpart01');
  expect(message.body).toHaveLength(Number(message.get('content-length')));
  expect(message.body).toContain('\0');
});

test('unreason and noreason: a reason phrase is any UTF-8, or nothing', () => {
  expect(Buffer.from(response('unreason').reason, 'latin1').toString()).toContain('простое');
  expect(response('noreason')).toMatchObject({ status: 100, reason: '' });
});

test('bigcode: 4294967301 is no status, and nothing answers a response', () => {
  expect(outcome(vector('bigcode'))).toMatchObject({ code: 'SIP_START_LINE', answer: {} });
  expect(salvageRequest(vector('bigcode'))).toBeUndefined();
});

test('baddate: read by nobody here, it passes', () => {
  expect(request('baddate').get('date')).toBe('Fri, 01 Jan 2010 16:00:00 EST');
});

test('regbadct: a ? outside of <> is refused by whoever reads the contact', () => {
  expect(() => request('regbadct').contacts).toThrow('Malformed Contact');
});

test('badbranch: the bare cookie is kept for RFC 2543 matching', () => {
  expect(request('badbranch').via.branch).toBe('z9hG4bK');
});

test('unksm2: other schemes are addresses, but no SIP URIs', () => {
  const message = request('unksm2');
  expect(message.from.uri).toBe('http://www.example.com');
  expect(() => parseUri(message.to.uri)).toThrow(expect.objectContaining({ answer: { status: 416 } }));
});

test('bext01: the unknown option tags are named', () => {
  const message = request('bext01');
  expect(unsupportedTags(message, 'proxy-require', ['path'])).toEqual([
    'noproxiessupportthis',
    'nordoanyproxiessupportthis',
  ]);
  expect(unsupportedTags(message, 'require', ['nothingsupportsthis'])).toEqual(['nothingsupportsthiseither']);
});

test('invut and sdp01: content is for the user agent', () => {
  expect(request('invut').get('content-type')).toBe('application/unknownformat');
  expect(request('sdp01').values('accept')).toEqual(['text/nobodyKnowsThis']);
});

test('zeromf: the hop count is 0, not absent', () => {
  expect(request('zeromf').maxForwards).toBe(0);
});

test('regaut01: another scheme is no digest', () => {
  expect(parseCredentials(request('regaut01').get('authorization') as string)).toBeUndefined();
});

test('mcl01: two lengths end a stream', () => {
  expect(() => new MessageStream().push(vector('mcl01'))).toThrow(FramingError);
});

test('clerr and ncl: a stream waits for what is missing, and ends at a negative length', () => {
  const stream = new MessageStream();
  expect(stream.push(vector('clerr'))).toEqual([]);
  expect(stream.pending).toBe(vector('clerr').length);
  expect(() => new MessageStream().push(vector('ncl'))).toThrow(FramingError);
});

test('bcast: the lower Via is kept, to be refused by whoever would send there', () => {
  expect(response('bcast').vias[1]?.host).toBe('255.255.255.255');
});

test("cparam01 and cparam02: the same parameter is the header's without <> and the URI's within", () => {
  const contact = (name: string) => (request(name).contacts as Exclude<Request['contacts'], '*'>)[0];
  expect(contact('cparam01')?.parameters.has('unknownparam')).toBe(true);
  expect(contact('cparam01')?.uri).toBe('sip:+19725552222@gw1.example.net');
  expect(contact('cparam02')?.parameters.has('unknownparam')).toBe(false);
  expect(parseUri(contact('cparam02')?.uri as string).parameters.has('unknownparam')).toBe(true);
});

test('regescrt: headers of a contact URI are kept and unescaped for whoever wants them', () => {
  const [contact] = request('regescrt').contacts as { uri: string }[];
  expect(uriHeaders(parseUri(contact?.uri as string))).toEqual([['Route', '<sip:sip.example.com>']]);
});

test('inv2543: no branch, no From tag, no Max-Forwards, no Content-Length', () => {
  const message = request('inv2543');
  expect([message.via.branch, message.from.tag, message.maxForwards]).toEqual([undefined, undefined, undefined]);
  expect(message.body.length).toBeGreaterThan(100);
  expect(routeList(message, 'record-route')[0]?.loose).toBe(false);
});

test('insuf: a request that lacks what a response copies is refused, and cannot be salvaged', () => {
  expect(outcome(vector('insuf'))?.code).toBe('SIP_HEADER_MISSING');
  expect(salvageRequest(vector('insuf'))).toBeUndefined();
});

test('port-ambiguous and port-unambiguous: the brackets say what is a port', () => {
  expect(request('port-ambiguous', 'rfc5118').target).toMatchObject({ host: '[2001:db8::10:5070]' });
  expect(request('port-ambiguous', 'rfc5118').target.port).toBeUndefined();
  expect(request('port-unambiguous', 'rfc5118').target).toMatchObject({ host: '[2001:db8::10]', port: 5070 });
});

test('received is an IPv6 address with or without brackets', () => {
  expect(request('via-received-param-with-delim', 'rfc5118').via.received).toBe('[2001:db8::9:255]');
  expect(request('via-received-param-no-delim', 'rfc5118').via.received).toBe('2001:db8::9:255');
});

test('addresses of both families stand in one Via stack', () => {
  expect(request('mult-ip-in-header', 'rfc5118').vias.map((via) => via.sentBy)).toEqual([
    '[2001:db8::9:1]:6050',
    '192.0.2.1',
    '[2001:db8::9:255]',
  ]);
  expect(request('ipv4-mapped-ipv6', 'rfc5118').via).toMatchObject({ host: '[::ffff:192.0.2.10]', port: 19823 });
});
