import { pino } from 'pino';

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
  // Not synchronous, so that a slow reader of the log never holds up a call; bounded, so that it costs no memory.
  const destination = pino.destination({ dest: 2, sync: false, minLength: 0, maxLength: 1024 * 1024 });
  destination.on('error', () => {}); // whoever read it is gone: that is no reason to end
  return pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]), censor: '[redacted]' },
    },
    process.stderr.isTTY ? { write: (line: string) => void process.stderr.write(shortLine(line)) } : destination,
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
