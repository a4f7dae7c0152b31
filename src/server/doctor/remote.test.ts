import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import type { Finding } from './finding.ts';
import { askServer } from './remote.ts';
import { formatFindings, summarize } from './report.ts';

const NOON = Date.UTC(2026, 10, 23, 12);
const closers: Array<() => unknown> = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closers.push(
    () => server.closeAllConnections(),
    () => server.close(),
  );
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const dated = (now: number) =>
  serve((_request, response) => response.setHeader('date', new Date(now).toUTCString()).end('{}'));
const titles = async (url: string, key?: string) =>
  (await askServer(url, key, () => NOON)).findings.map(({ outcome, title }) => `${outcome}: ${title}`);

test('clocks that agree, that differ, and that differ by much', async () => {
  expect(await titles(await dated(NOON))).toEqual(['ok: The clocks agree']);
  expect(await titles(await dated(NOON - 20_000))).toEqual(['warning: The clocks disagree']);
  const { findings } = await askServer(await dated(NOON + 3_600_000), undefined, () => NOON);
  expect(findings).toMatchObject([{ outcome: 'problem', title: 'The clocks disagree' }]);
  expect(findings[0]?.meaning).toContain('3600 s behind');
});

test('with a key the server is asked for what it and its browsers found; else it is not', async () => {
  const asked: Array<string | undefined> = [];
  const finding: Finding = { subject: 'dns', outcome: 'ok', title: 'The name leads here', meaning: 'It does.' };
  const url = await serve((request, response) => {
    asked.push(`${request.url} ${request.headers.authorization}`);
    response.setHeader('date', new Date(NOON).toUTCString());
    response.end(JSON.stringify({ findings: [finding], browsers: [{ at: '', name: 'bob', agent: '', findings: [] }] }));
  });
  const report = await askServer(url, 'k', () => NOON);
  expect(report.findings.at(-1)).toEqual(finding);
  expect(report.browsers).toMatchObject([{ name: 'bob' }]);
  await askServer(url, undefined, () => NOON);
  expect(asked).toEqual(['/healthz undefined', '/api/doctor Bearer k', '/healthz undefined']);
});

test('a server that is not there, that refuses the key, or that says something else', async () => {
  expect(await titles('http://127.0.0.1:1', 'k')).toEqual(['problem: The server cannot be reached']);
  const refusing = await serve((request, response) => {
    response.setHeader('date', new Date(NOON).toUTCString());
    response.writeHead(request.url === '/healthz' ? 200 : 401).end();
  });
  expect(await titles(refusing, 'k')).toEqual([
    'ok: The clocks agree',
    'problem: The server does not answer the question',
  ]);
  for (const body of ['[]', 'no JSON', `"${'x'.repeat(2_000_000)}"`]) {
    const url = await serve((_request, response) => response.setHeader('date', new Date(NOON).toUTCString()).end(body));
    expect(await titles(url, 'k'), body.slice(0, 9)).toEqual([
      'ok: The clocks agree',
      'problem: The server does not answer the question',
    ]);
  }
  const elsewhere = await serve((_request, response) =>
    response.writeHead(302, { location: 'http://192.0.2.1/' }).end(),
  );
  expect(await titles(elsewhere, 'k')).toEqual(['problem: The server cannot be reached']);
});

test('findings are shown a subject a paragraph, wrapped, and without what a terminal would obey', () => {
  const lines = formatFindings([
    { subject: 'turn', outcome: 'ok', title: 'TURN relays', meaning: 'It does.', milliseconds: 1.25 },
    {
      subject: 'turn',
      outcome: 'problem',
      title: 'Bad\u001b[2J',
      meaning: 'word '.repeat(40).trim(),
      remedy: 'Do it.',
    },
    { subject: 'dns', outcome: 'warning', title: 'x', meaning: 'y' },
  ]);
  expect(lines).toEqual([
    'turn',
    '  ok      TURN relays',
    '          It does. (1.3 ms)',
    '  PROBLEM Bad [2J',
    `          ${'word '.repeat(20).trim()}`,
    `          ${'word '.repeat(20).trim()}`,
    '          -> Do it.',
    '',
    'dns',
    '  WARNING x',
    '          y',
  ]);
  const bad = { subject: 'dns', outcome: 'problem', title: '', meaning: '' } as const;
  expect(summarize([])).toBe('no problems, no warnings.');
  expect(summarize([bad, bad, { ...bad, outcome: 'warning' }])).toBe('2 problems, 1 warning.');
});
