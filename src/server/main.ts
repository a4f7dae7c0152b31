// The command line. Standard output carries answers, standard error everything else.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { commands } from './commands/all.ts';
import { type Command, CommandError, formatHelp, parseCall, UsageError } from './commands/command.ts';
import { ConfigurationError, formatProblem, nearest } from './configuration/problem.ts';

/** Of the source tree and of dist alike. */
const packageFolder = fileURLToPath(new URL('../..', import.meta.url));

/** Runs one command and ends the process with its exit code. */
export async function main(args: string[]): Promise<void> {
  const code = await run(args);
  // What is written to a pipe may still be on its way.
  await Promise.all([process.stdout, process.stderr].map((stream) => new Promise((done) => stream.write('', done))));
  process.exit(code);
}

async function run(args: string[]): Promise<number> {
  const { version } = JSON.parse(readFileSync(`${packageFolder}/package.json`, 'utf8')) as { version: string };
  const say = (text: string) => void process.stderr.write(`chappe: ${text}\n`);
  if (args[0] === '--version' || args[0] === '-v') {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  if (args[0] === '--help' || args[0] === '-h' || args[0] === 'help') {
    process.stdout.write(`${overview(version)}\n`);
    return 0;
  }
  try {
    const { command, rest } = findCommand(args);
    if (command === undefined) {
      process.stdout.write(`${overview(version)}\n`);
      return 0;
    }
    const call = parseCall(command, rest, { version, packageFolder });
    if (call === 'help') {
      process.stdout.write(`${formatHelp(command)}\n`);
      return 0;
    }
    return await command.run(call);
  } catch (error) {
    if (error instanceof ConfigurationError) {
      for (const problem of error.problems) say(`configuration: ${formatProblem(problem)}`);
      return 2;
    }
    if (error instanceof UsageError) {
      say(`${error.message}\n        chappe --help says more`);
      return 2;
    }
    const { code, message, stack } = error as Error & { code?: string };
    const expected = error instanceof CommandError || code !== undefined;
    say(expected ? message : (stack ?? message));
    return 1;
  }
}

/** No command: start. `account --help` (a group alone): the overview. */
function findCommand(args: string[]): { command: Command | undefined; rest: string[] } {
  const [first, second] = args;
  if (first === undefined || first.startsWith('-')) return { command: commands[0], rest: args };
  const command = commands.find(({ name }) => name === first || name === `${first} ${second}`);
  if (command !== undefined) return { command, rest: args.slice(command.name.split(' ').length) };
  const group = commands.filter(({ name }) => name.startsWith(`${first} `));
  if (group.length > 0) {
    if (second === '--help' || second === '-h') return { command: undefined, rest: [] };
    throw new UsageError(`${first} needs one of: ${group.map(({ name }) => name.slice(first.length + 1)).join(', ')}`);
  }
  const meant = nearest(first, new Set(commands.flatMap(({ name }) => [name, name.split(' ')[0] as string])));
  throw new UsageError(`there is no command ${first}${meant === undefined ? '' : `: did you mean ${meant}?`}`);
}

function overview(version: string): string {
  const rows = commands.map(
    ({ name, operands, summary }) => [`${name}${operands ? ` ${operands}` : ''}`, summary] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    `Chappe ${version}: real-time communications for the web in one process`,
    '',
    'chappe [COMMAND] [options]     without a command: start',
    '',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`),
    '',
    'chappe COMMAND --help tells the options of one. --version tells the version.',
  ].join('\n');
}
