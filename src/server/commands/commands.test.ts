import { expect, test } from 'vitest';
import { commands } from './all.ts';
import { formatHelp, parseCall, UsageError } from './command.ts';

const world = { version: '0', packageFolder: '/' };

test('the commands of the contract are there, each with its help', () => {
  expect(commands.map(({ name }) => name)).toEqual([
    'start',
    'account add',
    'account list',
    'account export',
    'account erase',
    'key add',
    'credential',
    'check',
    'doctor',
    'backup',
    'restore',
  ]);
  for (const command of commands) {
    expect(parseCall(command, ['--help'], world)).toBe('help');
    const help = formatHelp(command);
    expect(help).toContain(`chappe ${command.name}`);
    for (const flag of ['--config FILE', '--data DIR', '--json', '--help']) expect(help).toContain(flag);
  }
});

test('flags may stand before and after the operand', () => {
  const add = commands[1]!;
  for (const args of [
    ['alice', '--data', 'x', '--admin'],
    ['--admin', '--data=x', 'alice'],
  ]) {
    const call = parseCall(add, args, world);
    if (call === 'help') throw new Error();
    expect([call.operands, call.text('data'), call.has('admin')]).toEqual([['alice'], 'x', true]);
  }
});

test('a missing or surplus operand, an unknown flag and a flag without its value are usage errors', () => {
  const add = commands[1]!;
  for (const args of [[], ['a', 'b'], ['a', '--admn'], ['a', '--data']])
    expect(() => parseCall(add, args, world)).toThrow(UsageError);
});
