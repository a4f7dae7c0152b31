// What a running server says of itself, asked for with its URL.
import type { BrowserReport } from './browser-reports.ts';
import { type Finding, findings } from './finding.ts';

const PATIENCE = 30_000;
const ANSWER_BYTES = 1024 * 1024;
/** Milliseconds. The Date header has whole seconds, and the answer travels. */
const SKEW = 5_000;
const MUCH_SKEW = 60_000;

export interface RemoteReport {
  findings: Finding[];
  browsers: BrowserReport[];
}

/** Compares clocks, and with a key brings the server's own findings. `now`: milliseconds since 1970. */
export async function askServer(url: string, key: string | undefined, now: () => number): Promise<RemoteReport> {
  const { list, ok, warning, problem } = findings('time');
  const report: RemoteReport = { findings: list, browsers: [] };
  const begun = now();
  let response: Response;
  try {
    response = await ask(new URL('/healthz', url));
  } catch (error) {
    problem(
      'The server cannot be reached',
      `${url}: ${reason(error)}.`,
      'See the DNS, the certificate and the firewall, or "chappe doctor" on that machine.',
    );
    return report;
  }
  const theirs = Date.parse(response.headers.get('date') ?? '');
  const skew = Math.round((begun + now()) / 2 - theirs);
  const apart = `The clock here is ${Math.abs(skew / 1000).toFixed(0)} s ${skew < 0 ? 'behind' : 'ahead of'} that of ${url}.`;
  if (Number.isNaN(theirs)) warning('The server tells no time', `${url} sends no Date.`);
  else if (Math.abs(skew) < SKEW) ok('The clocks agree', `Here and at ${url}.`);
  else
    (Math.abs(skew) < MUCH_SKEW ? warning : problem)(
      'The clocks disagree',
      `${apart} Credentials made on one side are refused, or live too long, on the other.`,
      'Keep both right with chrony or systemd-timesyncd.',
    );
  if (key === undefined) return report;

  try {
    const answer = await ask(new URL('/api/doctor', url), { authorization: `Bearer ${key}` });
    if (!answer.ok) throw new Error(`it says ${answer.status}`);
    const text = await answer.text();
    if (text.length > ANSWER_BYTES) throw new Error('its answer is too long');
    const said = JSON.parse(text) as RemoteReport;
    list.push(...said.findings);
    report.browsers.push(...said.browsers);
  } catch (error) {
    problem(
      'The server does not answer the question',
      `${url}/api/doctor: ${reason(error)}.`,
      'Is it an administrator\'s key ("chappe key add") of that server?',
    );
  }
  return report;
}

function ask(url: URL, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(url, { headers, redirect: 'error', signal: AbortSignal.timeout(PATIENCE) });
}

function reason(error: unknown): string {
  const { cause, message } = error as Error & { cause?: { code?: string } };
  return cause?.code ?? message;
}
