import { parseArgs } from 'node:util';
import { type LoadedConfiguration, loadConfiguration } from '../config.ts';
import { nearest } from '../configuration/problem.ts';

/** A line was typed that is no command: exit 2. */
export class UsageError extends Error {}

/** A command ran and says no: exit 1. */
export class CommandError extends Error {}

export interface Flag {
  type: 'string' | 'boolean';
  /** `FILE`, for the help. */
  value?: string;
  help: string;
}

export interface Command {
  /** `account add`. */
  name: string;
  /** `NAME`, for the help. */
  operands?: string;
  summary: string;
  /** Further lines of its help. */
  details?: string;
  flags: Record<string, Flag>;
  run(call: Call): Promise<number>;
}

export interface Call {
  operands: string[];
  text(flag: string): string | undefined;
  has(flag: string): boolean;
  json: boolean;
  version: string;
  packageFolder: string;
  /** Reads the configuration with this call's --config, --data, --listen; says its warnings. */
  configuration(): LoadedConfiguration;
  /** One line on standard output. */
  print(text: string): void;
  /** One line on standard error. */
  say(text: string): void;
}

export const commonFlags: Record<string, Flag> = {
  config: { type: 'string', value: 'FILE', help: 'configuration (default: chappe.yaml here, if there is one)' },
  data: { type: 'string', value: 'DIR', help: 'data folder (default: ./data)' },
  json: { type: 'boolean', help: 'one JSON object a line' },
};

/** Takes the arguments of a command apart. */
export function parseCall(
  command: Command,
  args: string[],
  world: { version: string; packageFolder: string },
): Call | 'help' {
  const options = Object.fromEntries(
    Object.entries(command.flags).map(([name, { type }]) => [name, { type } as { type: 'string' | 'boolean' }]),
  );
  let parsed: { values: Record<string, unknown>; positionals: string[] };
  try {
    parsed = parseArgs({
      args,
      options: { ...options, help: { type: 'boolean', short: 'h' } },
      allowPositionals: true,
    });
  } catch (error) {
    const unknown = /^Unknown option '(--?[^']*)'/.exec((error as Error).message)?.[1];
    if (unknown === undefined) throw new UsageError((error as Error).message.split('. ')[0]);
    const meant = nearest(unknown.replace(/^-+/, ''), Object.keys(command.flags));
    throw new UsageError(
      `${command.name} knows no ${unknown}${meant === undefined ? '' : `: did you mean --${meant}?`}`,
    );
  }
  const { values, positionals } = parsed;
  if (values['help'] === true) return 'help';
  const wanted = command.operands?.split(' ').length ?? 0;
  if (positionals.length < wanted) throw new UsageError(`${command.name} needs ${command.operands}`);
  if (positionals.length > wanted)
    throw new UsageError(`${command.name} does not know what to do with ${positionals[wanted]}`);
  const text = (flag: string) => values[flag] as string | undefined;
  const say = (line: string) => void process.stderr.write(`chappe: ${line}\n`);
  return {
    operands: positionals,
    text,
    has: (flag) => values[flag] === true,
    json: values['json'] === true,
    ...world,
    configuration() {
      const loaded = loadConfiguration({
        file: text('config'),
        data: text('data'),
        listen: text('listen'),
        insecure: values['insecure'] === true,
      });
      for (const warning of loaded.warnings) say(`warning: ${warning}`);
      return loaded;
    },
    print: (line) => void process.stdout.write(`${line}\n`),
    say,
  };
}

export function formatHelp({ name, operands, summary, details, flags }: Command): string {
  const rows = Object.entries(flags).map(
    ([flag, { value, help }]) => [`--${flag}${value ? ` ${value}` : ''}`, help] as const,
  );
  const width = Math.max(...rows.map(([left]) => left.length)) + 2;
  return [
    `chappe ${name}${operands ? ` ${operands}` : ''} [options]`,
    '',
    `  ${summary}`,
    ...(details ? ['', ...details.split('\n').map((line) => `  ${line}`)] : []),
    '',
    'Options:',
    ...rows.map(([left, right]) => `  ${left.padEnd(width)}${right}`),
    `  ${'--help'.padEnd(width)}this`,
  ].join('\n');
}
