import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { settled, VirtualClock } from '../../../test/support/virtual-clock.ts';
import { describePeer } from '../peer.ts';
import type { SipSession } from '../sip-session.ts';
import { messageDescription } from './description.ts';
import type { MsrpEndpoint } from './endpoint.ts';
import { type FileInvitation, IncomingFile } from './incoming-file.ts';
import type { EndpointHandlers } from './link.ts';

const CONTENT = new TextEncoder().encode('0123456789');
const HASH = createHash('sha1').update(CONTENT).digest('hex');

/** A file that is coming in, with nothing behind it: what it does is noted. */
function incoming() {
  const clock = new VirtualClock();
  const log: string[] = [];
  const attempts: {
    sip: { onEnd: (end: { remote: boolean }) => void };
    handlers: EndpointHandlers;
    answer: string[];
  }[] = [];
  const invitation = (): FileInvitation => {
    const sip = {
      onEnd: () => {},
      hangUp: () => log.push('BYE'),
      reject: (status: number) => log.push(`${status}`),
      accept: () => log.push('200'),
    };
    return {
      sip: sip as unknown as SipSession,
      sdp: '',
      description: {
        dataChannel: false,
        path: ['msrp://a.test:1/a;tcp'],
        acceptTypes: ['*'],
        acceptWrappedTypes: [],
        setup: 'active',
        direction: 'sendonly',
        file: { selector: { name: '../a.txt', size: 10, hash: { 'sha-1': HASH } }, transferId: 'x', start: 1 },
      },
      link: async () => ({
        describe: async (attributes) => {
          attempts.push({ sip, handlers: {} as EndpointHandlers, answer: [...attributes] });
          return '';
        },
        answered: async () => {},
        open: async (_path, handlers) => {
          attempts.at(-1)!.handlers = handlers;
          const endpoint = {
            confirm: (_: string, status = 200) => log.push(`REPORT ${status}`),
            refuse: () => log.push('413'),
            greet: () => log.push('SEND'),
            hold() {},
            release() {},
          };
          return endpoint as unknown as MsrpEndpoint;
        },
        close: () => log.push('closed'),
      }),
    };
  };
  const first = invitation();
  const file = new IncomingFile(describePeer({ uri: 'sip:alice@example.test' }), first, clock);
  const data = (from: number, to: number) =>
    attempts.at(-1)!.handlers.onEvent({ type: 'data', message: 'm', offset: from, octets: CONTENT.subarray(from, to) });
  const tell = (type: 'received' | 'aborted') =>
    attempts
      .at(-1)!
      .handlers.onEvent(type === 'received' ? { type, message: 'm', asksReport: true } : { type, message: 'm' });
  return { clock, log, attempts, invitation, file, data, tell };
}

test('a file is put together, checked by its hash, and saved under a harmless name', async () => {
  const { file, data, tell, log } = incoming();
  expect(file.name).toBe('a.txt');
  await file.accept();
  data(0, 4);
  data(2, 10); // some of it again
  tell('received');
  expect(await (await file.done)?.text()).toBe('0123456789');
  expect(log).toEqual(['200', 'REPORT 200']);
});

test('the BYE of a sender that gives up may come before its #, and the end of the file after it', async () => {
  const given = incoming();
  await given.file.accept();
  given.data(0, 4);
  given.attempts[0]!.sip.onEnd({ remote: true });
  expect(given.file.state).toBe('interrupted');
  given.tell('aborted');
  await expect(given.file.done).rejects.toMatchObject({ code: 'REJECTED' });

  const late = incoming();
  await late.file.accept();
  late.data(0, 4);
  late.attempts[0]!.sip.onEnd({ remote: true });
  late.data(4, 10);
  late.tell('received');
  await expect(late.file.done).resolves.toBeDefined();
});

test('the rest is asked for from where it was, and waited for no longer than 5 minutes', async () => {
  const { clock, file, data, tell, attempts, invitation } = incoming();
  await file.accept();
  data(0, 4);
  attempts[0]!.handlers.onLost();
  expect(file.state).toBe('interrupted');
  const again = invitation();
  expect(file.continues(again)).toBe(true);
  file.resume(again);
  await settled();
  expect(attempts[1]!.answer).toContain('file-range:5-*');
  data(4, 10);
  tell('received');
  await expect(file.done).resolves.toBeDefined();

  const alone = incoming();
  await alone.file.accept();
  alone.attempts[0]!.handlers.onLost();
  await alone.clock.advance(300_000);
  await expect(alone.file.done).rejects.toMatchObject({ code: 'TIMEOUT' });
  await clock.advance(300_000);
  expect(file.state).toBe('done');
});

test('a file that is given up here is refused (413) for a while, so that its sender does not try again', async () => {
  const { clock, file, data, log } = incoming();
  await file.accept();
  data(0, 4);
  file.abort();
  data(4, 10);
  expect(file.octets).toBe(4);
  expect(log).toEqual(['200', 'BYE', '413']);
  await clock.advance(5_000);
  expect(log.at(-1)).toBe('closed');
  await expect(file.done).rejects.toMatchObject({ code: 'REJECTED' });
});

test('more than was offered is not taken, whatever total its sender says', async () => {
  const { file, data, log, attempts } = incoming();
  await file.accept();
  data(0, 8);
  attempts[0]!.handlers.onEvent({ type: 'data', message: 'm', offset: 8, octets: new Uint8Array(3) });
  await expect(file.done).rejects.toMatchObject({ message: 'more octets than were offered' });
  expect(log).toEqual(['200', 'BYE', '413']);
  expect(file.octets).toBe(8);
});

test('who waits to be spoken to (setup:passive) is; another file in the same session is refused', async () => {
  const { clock, log, attempts, invitation } = incoming();
  const passive = invitation();
  passive.description.setup = 'passive';
  const file = new IncomingFile(describePeer({ uri: 'sip:alice@example.test' }), passive, clock);
  await file.accept();
  expect(attempts[0]?.answer).toContain('setup:active');
  expect(log).toEqual(['200', 'SEND']);
  const again = (id: string) =>
    messageDescription(passive.description.path, [
      `file-selector:name:"a.txt" size:10 hash:sha-1:${HASH.toUpperCase()}`,
      `file-transfer-id:${id}`,
    ]);
  expect(['x', 'y'].map((id) => passive.sip.isAgreed(again(id)))).toEqual([true, false]);
});

test('a file whose hash is wrong is not taken', async () => {
  const { file, data, tell, log, attempts } = incoming();
  await file.accept();
  data(0, 9);
  attempts[0]!.handlers.onEvent({ type: 'data', message: 'm', offset: 9, octets: new Uint8Array([0]) });
  tell('received');
  await expect(file.done).rejects.toMatchObject({ message: 'the hash is wrong' });
  expect(log).toContain('REPORT 413');
});
