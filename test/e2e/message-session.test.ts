import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Client } from '../../src/client/index.ts';
import { type MessageSession, MessageSessions, type SessionMessage } from '../../src/client/message-session.ts';
import { readMessageDescription } from '../../src/client/msrp/description.ts';
import { type Chappe, secret, startChappe } from '../support/chappe.ts';
import { collectFrames, type ReadFrame } from '../support/msrp-world.ts';
import { nodeClient } from '../support/node-client.ts';
import { until } from '../support/until.ts';
import { bodyOf, lineWithCredential, status, User } from '../support/user.ts';

let chappe: Chappe;
let clients: Client[] = [];

beforeAll(async () => {
  chappe = await startChappe();
  clients = await Promise.all([nodeClient(chappe, 'alice'), nodeClient(chappe, 'bob')]);
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.disconnect()));
  await chappe?.stop();
});

const next = <Payload>(session: MessageSession, event: 'message' | 'composing' | 'disposition' | 'ended') =>
  new Promise<Payload>((resolve) => session.once(event, (payload) => resolve(payload as Payload)));

test('a chat by MSRP: text both ways, typing, delivered and displayed, and its end', async () => {
  const [alice, bob] = clients.map((client) => new MessageSessions(client)) as [MessageSessions, MessageSessions];
  const incoming = new Promise<MessageSession>((resolve) => bob.once('session', resolve));
  const session = await alice.open('bob');
  const other = await incoming;
  expect(other.remote.user).toBe('alice');

  const composing = next<boolean>(other, 'composing');
  session.typing();
  expect(await composing).toBe(true);

  const message = next<SessionMessage>(other, 'message');
  const delivered = next<{ id: string; status: string }>(session, 'disposition');
  const idle = next<boolean>(other, 'composing');
  const id = await session.send('Grüße 👋 <&>');
  expect(await message).toMatchObject({ id, text: 'Grüße 👋 <&>', wantsDisplayed: true });
  expect(await idle).toBe(false);
  expect(await delivered).toEqual({ id, status: 'delivered' });
  const displayed = next<{ id: string; status: string }>(session, 'disposition');
  other.displayed(await message);
  expect(await displayed).toEqual({ id, status: 'displayed' });

  const back = next<SessionMessage>(session, 'message');
  await other.send('x'.repeat(50_000));
  expect((await back).text.length).toBe(50_000);
  await expect(session.send('y'.repeat(400_000))).rejects.toMatchObject({ code: 'REJECTED', status: 413 });

  const ended = next(other, 'ended');
  session.close();
  await ended;
  await expect(other.send('too late')).rejects.toMatchObject({ code: 'WRONG_STATE' });
});

test('whoever is not there cannot be chatted with', async () => {
  const sessions = new MessageSessions(clients[0] as Client);
  await expect(sessions.open('nobody')).rejects.toMatchObject({ code: 'REJECTED', status: 404 });
});

test('a client of another make, that knows nothing but text, is spoken to in text', async () => {
  const dave = await nodeClient(chappe, 'dave');
  clients.push(dave);
  const sessions = new MessageSessions(dave);
  const incoming = new Promise<MessageSession>((resolve) => sessions.once('session', resolve));
  const line = await lineWithCredential(chappe.ready.ws, secret, 'carol');
  const carol = new User(line, { name: 'carol', domain: chappe.ready.domain });
  await carol.register();
  const [host = '', port = ''] = (chappe.ready.msrp[0] ?? '').replace(/^tcp:/, '').split(':');
  const socket = connect(Number(port), host);
  await once(socket, 'connect');
  const own = `msrp://127.0.0.1:${(socket.address() as AddressInfo).port}/carol;tcp`;
  const offer = (path: string) =>
    [
      'v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0',
      'm=audio 0 RTP/AVP 0',
      'm=message 2855 TCP/MSRP *',
      `a=path:${path}`,
      'a=accept-types:text/plain',
      '',
    ].join('\r\n');
  const { answer, dialog } = await carol.call(`sip:dave@${chappe.ready.domain}`, { offer: offer(own) });
  expect(status(answer)).toBe(200);
  expect(bodyOf(answer).match(/^m=\S+ \d+ \S+/gm)).toEqual([
    'm=audio 0 RTP/AVP',
    expect.stringMatching(/^m=message [1-9]\d* TCP\/MSRP$/),
  ]);
  const path = readMessageDescription(bodyOf(answer))?.path.join(' ');

  const { reader, frames } = collectFrames();
  socket.on('data', (octets: Buffer) => reader.push(octets));
  const send = (id: string, type: string, body: string) =>
    socket.write(
      `MSRP ${id} SEND\r\nTo-Path: ${path}\r\nFrom-Path: ${own}\r\nMessage-ID: ${id}\r\nByte-Range: 1-${body.length}/${body.length}\r\n` +
        `Content-Type: ${type}\r\n\r\n${body}\r\n-------${id}$\r\n`,
    );
  const session = await incoming;
  const message = next<SessionMessage>(session, 'message');
  send('text1', 'text/plain', 'hello');
  expect(await message).toMatchObject({ text: 'hello', wantsDisplayed: false });
  send('image1', 'image/png', 'no text');
  const find = (is: (frame: ReadFrame) => boolean) => until(() => frames.some(is)).then(() => frames.find(is)!);
  await find(({ head }) => head.method === 'REPORT' && head.get('Message-ID') === 'image1');

  session.typing(); // it has no word for that
  const sent = session.send('and back');
  const { head, body } = await find(({ head }) => head.method === 'SEND');
  expect([head.get('Content-Type'), body]).toEqual(['text/plain;charset=UTF-8', 'and back']);
  const from = head.toPath.join(' ');
  const back = `To-Path: ${head.fromPath.join(' ')}\r\nFrom-Path: ${from}\r\n`;
  socket.write(
    `MSRP ${head.transaction} 200 OK\r\nTo-Path: ${head.fromPath[0]}\r\nFrom-Path: ${from}\r\n-------${head.transaction}$\r\n`,
  );
  socket.write(
    `MSRP report1 REPORT\r\n${back}Message-ID: ${head.get('Message-ID')}\r\nByte-Range: 1-8/8\r\nStatus: 000 200 OK\r\n-------report1$\r\n`,
  );
  await sent;

  expect(status(await carol.within(dialog!, 'INVITE', offer(own)))).toBe(200);
  expect(status(await carol.within(dialog!, 'INVITE', offer(own.replace('carol', 'other'))))).toBe(488);
  const ended = next(session, 'ended');
  await carol.within(dialog!, 'BYE');
  await ended;
  socket.destroy();
  line.close();
});
