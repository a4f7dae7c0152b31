import { expect, test } from 'vitest';
import type { MessageEvent } from './message-event.ts';
import { Timeline } from './timeline.ts';

const BOB = 'bob@example.test';
const ALICE = 'alice@example.test';
let minute = 0;

function event(what: Partial<MessageEvent>): MessageEvent {
  return {
    kind: 'text',
    peer: BOB,
    from: BOB,
    outgoing: what.from === ALICE,
    groupchat: false,
    id: undefined,
    archiveId: undefined,
    time: new Date(Date.UTC(2026, 0, 1, 0, minute++)),
    text: '',
    target: undefined,
    replyTo: undefined,
    emoji: [],
    state: undefined,
    files: [],
    wantsReceipt: false,
    ...what,
  };
}

const texts = (timeline: Timeline) => timeline.messages.map(({ text }) => text);

test('what comes late stands where its time says', () => {
  const timeline = new Timeline();
  timeline.apply(event({ id: '2', text: 'second', time: new Date(2000) }));
  timeline.apply(event({ id: '3', text: 'third', time: new Date(3000) }));
  timeline.apply(event({ id: '1', text: 'first', time: new Date(1000) }));
  expect(texts(timeline)).toEqual(['first', 'second', 'third']);
});

test('a message that comes live and again from the archive is there once', () => {
  const timeline = new Timeline();
  timeline.apply(event({ id: 'a', archiveId: '77', text: 'once' }));
  expect(timeline.apply(event({ id: 'a', archiveId: '77', text: 'once' }))).toBeUndefined();
  expect(texts(timeline)).toEqual(['once']);
});

test("our own message comes back with its archive's id, and is then known to be sent", () => {
  const timeline = new Timeline();
  const sent = timeline.apply(event({ id: 'a', from: ALICE, text: 'mine' }));
  expect(sent?.status).toBe('sending');
  timeline.apply(event({ id: 'a', from: ALICE, archiveId: '5', text: 'mine' }));
  expect(timeline.messages).toHaveLength(1);
  expect(timeline.find('5')).toMatchObject({ text: 'mine', status: 'sent' });
});

test('two senders may choose the same id', () => {
  const timeline = new Timeline();
  timeline.apply(event({ id: '1', text: 'from Bob' }));
  timeline.apply(event({ id: '1', from: ALICE, text: 'from Alice' }));
  expect(texts(timeline)).toEqual(['from Bob', 'from Alice']);
});

test('only the sender corrects or retracts a message', () => {
  const timeline = new Timeline();
  timeline.apply(event({ id: '1', text: 'tea' }));
  expect(timeline.apply(event({ kind: 'correction', from: ALICE, target: '1', text: 'forged' }))).toBeUndefined();
  timeline.apply(event({ kind: 'correction', target: '1', text: 'coffee' }));
  expect(timeline.messages[0]).toMatchObject({ text: 'coffee', edited: true });
  expect(timeline.apply(event({ kind: 'retraction', from: ALICE, target: '1' }))).toBeUndefined();
  timeline.apply(event({ kind: 'retraction', target: '1' }));
  expect(timeline.messages[0]).toMatchObject({ text: '', retracted: true });
});

test('a retracted message cannot be corrected back to life', () => {
  const timeline = new Timeline();
  timeline.apply(event({ id: '1', text: 'oops' }));
  timeline.apply(event({ kind: 'retraction', target: '1' }));
  timeline.apply(event({ kind: 'correction', target: '1', text: 'back' }));
  expect(timeline.messages[0]).toMatchObject({ text: '', retracted: true });
});

test('reactions replace what the same person put there before', () => {
  const timeline = new Timeline();
  timeline.apply(event({ id: '1', text: 'news' }));
  timeline.apply(event({ kind: 'reactions', from: ALICE, target: '1', emoji: ['👍', '🎉'] }));
  timeline.apply(event({ kind: 'reactions', target: '1', emoji: ['👀'] }));
  timeline.apply(event({ kind: 'reactions', from: ALICE, target: '1', emoji: ['🎉'] }));
  expect([...(timeline.messages[0]?.reactions ?? [])]).toEqual([
    [ALICE, ['🎉']],
    [BOB, ['👀']],
  ]);
});

test('a receipt and a marker advance our message, and nothing takes it back', () => {
  const timeline = new Timeline();
  timeline.apply(event({ id: '1', from: ALICE, text: 'hello' }));
  timeline.apply(event({ kind: 'read', target: '1' }));
  timeline.apply(event({ kind: 'receipt', target: '1' }));
  timeline.setStatus('1', 'sent');
  expect(timeline.messages[0]?.status).toBe('read');
});

test('one cannot acknowledge one’s own message from another device', () => {
  const timeline = new Timeline();
  timeline.apply(event({ id: '1', from: ALICE, text: 'hello' }));
  timeline.apply(event({ kind: 'read', from: ALICE, target: '1' }));
  expect(timeline.messages[0]?.status).toBe('sending');
});

test('read backwards, a correction comes before the message it corrects', () => {
  const timeline = new Timeline();
  timeline.apply(event({ kind: 'correction', target: '1', text: 'coffee' }));
  timeline.apply(event({ id: '1', text: 'tea' }));
  expect(timeline.messages[0]).toMatchObject({ text: 'coffee', edited: true });
});

test('what is said about messages that never come takes bounded room', () => {
  const timeline = new Timeline();
  for (let i = 0; i < 5000; i++) timeline.apply(event({ kind: 'reactions', target: `nothing ${i}`, emoji: ['👍'] }));
  const late = timeline.apply(event({ id: 'nothing 4999', text: 'late' }));
  expect(late?.reactions.size).toBe(0);
});
