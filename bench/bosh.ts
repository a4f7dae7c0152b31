// A chat message over BOSH beside the same over WebSocket, one at a time, in turns; and what two requests cost node:http.
//   node tools/run.js bench/bosh.ts [--write] [--messages N]
import { execFileSync } from 'node:child_process';
import { Agent, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parseArgs } from 'node:util';
import { BoshClient, type Post } from '../test/support/bosh-client.ts';
import { machine, writeSection } from './section.ts';
import { generatorCore } from './servers.ts';
import { cpuTime } from './usage.ts';
import { XmppClient } from './xmpp-client.ts';
import { chappeXmpp } from './xmpp-servers.ts';

const { values } = parseArgs({
  options: { write: { type: 'boolean', default: false }, messages: { type: 'string', default: '2000' } },
});
const messages = Number(values.messages);
const ROUNDS = 3;
const TEXT = 'A sentence of about the length that people write to each other, and then a little more of it.';
const stanza = (to: string, hint: string, i: number) =>
  `<message xmlns='jabber:client' to='${to}' type='chat' id='m${i}'><body>${TEXT}</body>${hint}</message>`;

/** Requests over connections that stay. */
function poster(port: number): Post {
  const agent = new Agent({ keepAlive: true });
  return (body) =>
    new Promise((resolve, reject) => {
      const headers = { 'content-type': 'text/xml; charset=utf-8', 'content-length': Buffer.byteLength(body) };
      const sent = request(
        { host: '127.0.0.1', port, path: '/http-bind', method: 'POST', agent, headers },
        (response) => {
          let text = '';
          response.setEncoding('utf8').on('data', (part) => {
            text += part;
          });
          response.on('end', () => resolve(text));
        },
      );
      sent.on('error', reject).end(body);
    });
}

execFileSync('taskset', ['-acp', generatorCore, String(process.pid)], { stdio: 'ignore' });
const server = await chappeXmpp(['alice', 'bob', 'carol', 'dave']);
const { port, domain } = server.target;
const [alice, bob] = [await XmppClient.connect(server.target, 'alice'), await XmppClient.connect(server.target, 'bob')];
const [carol, dave] = [new BoshClient(poster(port)), new BoshClient(poster(port))];
await carol.bind(domain, 'carol', 'carol-password', 'bench');
const daveJid = await dave.bind(domain, 'dave', 'dave-password', 'bench');

function webSocket(hint: string, count: number): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let received = 0;
  bob.onStanza = (text) => {
    if (!text.includes('<body>')) return;
    received += 1;
    if (received === count) resolve();
    else alice.send(stanza(bob.jid, hint, received));
  };
  alice.send(stanza(bob.jid, hint, 0));
  return promise;
}

async function bosh(hint: string, count: number): Promise<void> {
  let [kept, poll] = [carol.ask(), dave.ask()];
  for (let i = 0; i < count; i++) {
    const next = carol.ask('', stanza(daveJid, hint, i));
    await kept;
    kept = next;
    if (!String(await poll).includes('<body>')) throw new Error('no message came');
    poll = dave.ask();
  }
  await Promise.all([carol.ask("pause='60'"), kept, dave.ask("pause='60'"), poll]);
  carol.heard.length = 0;
  dave.heard.length = 0;
}

const NOT_ARCHIVED = "<no-store xmlns='urn:xmpp:hints'/>";
const rows: Array<[string, (count: number) => Promise<void>]> = [
  ['WebSocket, not archived', (count) => webSocket(NOT_ARCHIVED, count)],
  ['BOSH, not archived', (count) => bosh(NOT_ARCHIVED, count)],
  ['WebSocket, archived', (count) => webSocket('', count)],
  ['BOSH, archived', (count) => bosh('', count)],
];
const figures = new Map<string, number[]>();
for (const [, run] of rows) await run(messages);
for (let round = 0; round < ROUNDS; round++)
  for (const [name, run] of rows) {
    const before = cpuTime(server.pid);
    await run(messages);
    figures.set(name, [...(figures.get(name) ?? []), (cpuTime(server.pid) - before) / messages]);
  }
alice.drop();
bob.drop();
await server.stop();

const least = (name: string) => Math.min(...figures.get(name)!);
const ratio = (kind: string) => least(`BOSH, ${kind}`) / least(`WebSocket, ${kind}`);
const lines = rows.map(
  ([name]) =>
    `| ${name} | ${figures
      .get(name)!
      .map((value) => value.toFixed(0))
      .join(', ')} us |`,
);
const verdict = (kind: string) => `${kind}: ${ratio(kind).toFixed(1)}x (${ratio(kind) <= 2 ? 'hit' : 'missed'})`;
const markdown = `## A message over BOSH

${machine()}. Server CPU of one message, one at a time, in turns; over BOSH it is two requests and two responses. The budget is twice the
WebSocket: ${verdict('archived')}, ${verdict('not archived')}. Two requests to a node:http server that does nothing cost ${await floor()} us.

| | CPU |
|---|---|
${lines.join('\n')}
`;
process.stdout.write(markdown);
if (values.write) writeSection('bosh', markdown);
process.exit(0);

/** node:http with the same bodies, client and server in this process: half of what both take. */
async function floor(): Promise<string> {
  const answer = `<body xmlns='http://jabber.org/protocol/httpbind'>${stanza('x', '', 0)}</body>`;
  const bare = createServer((asked, response) => {
    asked.resume().on('end', () => response.writeHead(200, { 'content-type': 'text/xml' }).end(answer));
  });
  await new Promise<void>((resolve) => bare.listen(0, '127.0.0.1', resolve));
  const post = poster((bare.address() as AddressInfo).port);
  const before = process.cpuUsage();
  for (let i = 0; i < messages; i++) await Promise.all([post(answer), post(answer)]);
  const used = process.cpuUsage(before);
  bare.close();
  return `about ${((used.user + used.system) / messages / 2).toFixed(0)}`;
}
