import { pino } from 'pino';
import { LogOutput } from './log-output.ts';

/** Where a secret may stand in a field, should somebody ever log the object that holds it (docs/LOGGING.md). */
const SECRETS = [
  'password',
  'secret',
  'secrets',
  'key',
  'token',
  'authorization',
  'cookie',
  'credential',
  'ha1',
  'body',
];

export type Log = ReturnType<typeof createLog>;

/**
 * JSON lines on standard error, or short ones where that is a person's terminal: standard output belongs to the program's
 * own answers.
 */
export function createLog(level: string) {
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    process.stderr.isTTY ? { write: (line: string) => void process.stderr.write(shortLine(line)) } : new LogOutput(2),
  );
}

/** `12:34:56 warn  not stored  aor=alice`. */
function shortLine(line: string): string {
  const { level, time, msg, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const rest = Object.entries(fields).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return `${String(time).slice(11, 19)} ${String(level).padEnd(5)} ${msg ?? ''}${rest.length > 0 ? `  ${rest.join(' ')}` : ''}\n`;
}
