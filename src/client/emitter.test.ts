import { expect, test } from 'vitest';
import { Emitter } from './emitter.ts';

test('a listener hears what is emitted until it is removed', () => {
  const emitter = new Emitter<{ tone: string; end: undefined }>();
  const heard: string[] = [];
  const off = emitter.on('tone', (tone) => heard.push(tone));
  emitter.once('tone', (tone) => heard.push(`once ${tone}`));
  emitter.emit('tone', 'a');
  emitter.emit('tone', 'b');
  off();
  emitter.emit('tone', 'c');
  emitter.emit('end', undefined);
  expect(heard).toEqual(['a', 'once a', 'b']);
});

test('a listener may remove itself or others while all are told', () => {
  const emitter = new Emitter<{ tone: number }>();
  const heard: string[] = [];
  emitter.on('tone', () => {
    heard.push('first');
    off();
  });
  const off = emitter.on('tone', () => heard.push('second'));
  emitter.emit('tone', 1);
  emitter.emit('tone', 2);
  expect(heard).toEqual(['first', 'second', 'first']);
});
