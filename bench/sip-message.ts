/**
 * What the message layer costs: `node bench/sip-message.ts`. No peer: the numbers are for the profile of a server's budget
 * (bench/ beside it has the comparisons).
 */
import { createResponse } from '../src/protocol/sip/create.ts';
import { DigestVerifier } from '../src/protocol/sip/digest-verifier.ts';
import type { Request } from '../src/protocol/sip/message.ts';
import { parseMessage } from '../src/protocol/sip/parse.ts';
import { MessageStream } from '../src/protocol/sip/stream.ts';
import { validateRequest } from '../src/protocol/sip/validate.ts';
import { serializeVia } from '../src/protocol/sip/via.ts';
import { primitives } from '../src/transport/primitives.ts';

const register = [
  'REGISTER sip:example.test SIP/2.0',
  'Via: SIP/2.0/WS 7q2l5kq9vd0m.invalid;branch=z9hG4bK7846310',
  'Max-Forwards: 69',
  'To: <sip:alice@example.test>',
  'From: "Alice Liddell" <sip:alice@example.test>;tag=0k3o9d6l3s',
  'Call-ID: 9tk7l3nqs8k2ji3m5pqr0e',
  'CSeq: 81 REGISTER',
  'Authorization: Digest algorithm=MD5, username="alice", realm="example.test", nonce="k2x9d8f7.a8Dk3jfKd93jd.8fKd93jDkf93jdkF93kd", uri="sip:example.test", response="1949323746fe6a43ef61f9606e7febea", qop=auth, cnonce="4s9dk3jfks93", nc=00000001',
  'Contact: <sip:4kd93jf8@7q2l5kq9vd0m.invalid;transport=ws>;+sip.ice;reg-id=1;+sip.instance="<urn:uuid:1c4f5d0b-4f4e-4e6f-8f2c-0b6d2a4f7e11>";expires=600',
  'Expires: 600',
  'Allow: INVITE,ACK,CANCEL,BYE,UPDATE,MESSAGE,OPTIONS,REFER,INFO,NOTIFY',
  'Supported: path,gruu,outbound',
  'User-Agent: JsSIP 3.13.8',
  'Content-Length: 0',
  '',
  '',
].join('\r\n');

const invite = `INVITE sip:bob@example.test SIP/2.0\r\n${register
  .slice(register.indexOf('Via:'), register.indexOf('Authorization'))
  .replace('81 REGISTER', '4711 INVITE')}Contact: <sip:alice@7q2l5kq9vd0m.invalid;transport=ws;ob>\r
Route: <sip:token@example.test;lr>, <sip:next.example.test;lr>\r
Record-Route: <sip:a@example.test;lr>\r
Content-Type: application/sdp\r
Session-Expires: 90\r
Supported: timer,ice,replaces,outbound\r
User-Agent: JsSIP 3.13.8\r
Content-Length: 3000\r
\r
${'a=candidate:1 1 udp 2122260223 192.0.2.7 51432 typ host\r\n'.repeat(60).slice(0, 3000)}`;

const via = serializeVia({
  transport: 'WS',
  host: 'edge.example.test',
  parameters: [
    ['branch', 'z9hG4bK8d7f6g5h4j3k2l1'],
    ['rport', undefined],
  ],
});

let sink = 0;

function measure(name: string, run: () => number): void {
  for (let i = 0; i < 20_000; i++) sink += run();
  const rounds: number[] = [];
  for (let round = 0; round < 7; round++) {
    const started = performance.now();
    for (let i = 0; i < 20_000; i++) sink += run();
    rounds.push((performance.now() - started) / 20);
  }
  rounds.sort((a, b) => a - b);
  console.log(`${name.padEnd(62)} ${(rounds[3] as number).toFixed(2).padStart(7)} us (best ${rounds[0]?.toFixed(2)})`);
}

/** What a socket hands over is a new string each time; parsing one string again and again would hide its costs. */
const registerOctets = Buffer.from(register, 'latin1');
const inviteOctets = Buffer.from(invite, 'latin1');
const read = (octets: Buffer) => octets.toString('latin1');

function five(message: ReturnType<typeof parseMessage>): number {
  return message.via.host.length + (message.from.tag?.length ?? 0) + message.to.uri.length + message.cseq.sequence;
}

console.log(`REGISTER ${register.length} octets, INVITE ${invite.length} octets; median of 7 rounds of 20,000`);
measure('octets to a byte string', () => read(registerOctets).length);
measure('REGISTER: split only', () => parseMessage(read(registerOctets)).kind.length);
measure('REGISTER: split, Via, From, To, CSeq, Call-ID', () => {
  const message = parseMessage(read(registerOctets));
  return five(message) + message.callId.length;
});
measure('REGISTER: the same and validateRequest, Contact', () => {
  const message = parseMessage(read(registerOctets)) as Request;
  validateRequest(message);
  return five(message) + message.callId.length + message.contacts.length;
});
measure('REGISTER: 200 with Contact, written', () => {
  const message = parseMessage(read(registerOctets)) as Request;
  const response = createResponse(message, 200, 'OK', { toTag: '9sd8f7g6' });
  response.append('contact', message.get('contact') as string);
  return Buffer.from(response.serialize(), 'latin1').length;
});
measure('proxy: REGISTER, pop Via, push Via, written', () => {
  const message = parseMessage(read(registerOctets)) as Request;
  message.removeFirstValue('via');
  message.prepend('via', via);
  return Buffer.from(message.serialize(), 'latin1').length;
});
measure('proxy: INVITE validated, routed, forwarded, written', () => {
  const message = parseMessage(read(inviteOctets)) as Request;
  validateRequest(message);
  const out = message.clone();
  out.uri = 'sip:bob@7q2l5kq9vd0m.invalid;transport=ws';
  out.removeFirstValue('route');
  out.set('max-forwards', String((message.maxForwards ?? 70) - 1));
  out.prepend('record-route', '<sip:token-of-this-edge@example.test;lr>');
  out.prepend('via', via);
  return Buffer.from(out.serialize(), 'latin1').length + message.routes.length;
});
measure('stream: a chunk with one INVITE', () => {
  const stream = new MessageStream();
  return stream.push(read(inviteOctets)).length;
});
const verifier = new DigestVerifier(primitives, { realm: 'example.test', algorithms: ['MD5'], secret: 'k'.repeat(32) });
let now = 0;
measure('digest: a challenge', () => verifier.challenges(++now)[0]?.length ?? 0);
measure('digest: credentials parsed and verified (a foreign nonce)', () => {
  const message = parseMessage(read(registerOctets)) as Request;
  const credentials = verifier.credentials(message, 'authorization');
  return credentials ? verifier.verify(credentials, 'REGISTER', ['0'.repeat(32)], now).length : 0;
});
if (sink === 0) console.log('nothing was measured');
