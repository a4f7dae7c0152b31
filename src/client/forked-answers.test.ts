import { beforeEach, expect, test } from 'vitest';
import { ForkedAnswers } from './forked-answers.ts';

let done: string[];
let answers: ForkedAnswers;
beforeEach(() => {
  done = [];
  answers = new ForkedAnswers({
    async hearEarly(sdp) {
      if (sdp === 'unfit') throw new Error('not now');
      done.push(`early ${sdp}`);
    },
    settle: async (sdp) => void done.push(`settle ${sdp}`),
    reconnect: () => void done.push('reconnect'),
  });
});

const receive = (leg: string, sdp: string, final = true) =>
  answers.receive({ type: 'answer', call: 'one', leg, body: { type: 'application/sdp', content: sdp }, final });

test('the answer of the leg that accepts is the one of the call', async () => {
  await receive('a', 'of a');
  await answers.accept('a');
  expect(done).toEqual(['early of a', 'settle of a']);
});

test('with early media of one leg and the acceptance of another, the media connection begins anew', async () => {
  await receive('b', 'of b');
  await receive('a', 'of a');
  await answers.accept('b');
  expect(done).toEqual(['early of b', 'early of a', 'settle of b', 'reconnect']);
});

test('an answer that comes after the acceptance settles, one of another leg does not', async () => {
  await receive('a', 'early, not reliable', false);
  await answers.accept('a');
  await receive('b', 'of b');
  await receive('a', 'of a');
  expect(done).toEqual(['early early, not reliable', 'settle of a']);
});

test('what cannot be used early may be what is settled on', async () => {
  await receive('a', 'unfit');
  await answers.accept('a');
  expect(done).toEqual(['settle unfit']);
});
