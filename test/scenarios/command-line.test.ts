// The command line as its users run it: bin/chappe.js, with a folder of its own and free ports.
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  closeSync,
  constants,
  existsSync,
  mkdtempSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import type { IncomingHttpHeaders } from 'node:http';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { testCertificate } from '../support/certificate.ts';
import { freePort } from '../support/ports.ts';
import { Program } from '../support/program.ts';
import { until } from '../support/until.ts';

const launcher = fileURLToPath(new URL('../../bin/chappe.js', import.meta.url));
let folder: string;
let data: string;
let programs: Program[];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'chappe-cli-'));
  data = join(folder, 'data');
  programs = [];
});

afterEach(async () => {
  for (const program of programs) await program.stop();
  rmSync(folder, { recursive: true, force: true });
});

function chappe(args: string[], env: Record<string, string> = {}): Program {
  const program = new Program('chappe', process.execPath, [launcher, ...args], {
    cwd: folder,
    env: { ...process.env, ...env },
  });
  programs.push(program);
  return program;
}

async function run(args: string[], input?: string) {
  const program = chappe(args);
  if (input !== undefined) program.write(input);
  program.closeInput();
  return { code: await program.exited, stdout: program.stdout, output: program.output };
}

function configure(more: Record<string, unknown> = {}): string {
  const file = join(folder, 'test.yaml');
  const config = {
    domain: 'example.test',
    web: { listen: '127.0.0.1:0' },
    sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] },
    turn: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'] },
    ...more,
  };
  writeFileSync(file, JSON.stringify(config));
  return file;
}

async function start(more: Record<string, unknown> = {}, args: string[] = []) {
  const program = chappe(['start', '--json', '--config', configure(more), '--data', data, ...args]);
  const ready = JSON.parse((await program.waitFor(/^\{"event":"ready".*\}$/m))[0]);
  return { program, ready };
}

test('the first run says what listens, then the accounts it made; the next run makes none', async () => {
  const { program, ready } = await start();
  await program.waitFor(/"name":"bob".*\n/);
  expect(program.stdout.split('\n')[0]).toBe(JSON.stringify(ready));
  expect(ready).toMatchObject({
    event: 'ready',
    pid: expect.any(Number),
    version: expect.stringMatching(/^\d+\.\d+\.\d+/),
    domain: 'example.test',
  });
  expect(ready.web).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  expect(ready.ws).toBe(ready.web.replace('http', 'ws'));
  expect(ready.sip).toEqual([
    expect.stringMatching(/^udp:127\.0\.0\.1:\d+$/),
    expect.stringMatching(/^tcp:127\.0\.0\.1:\d+$/),
  ]);
  expect(ready.stun).toHaveLength(2);
  expect(JSON.stringify(ready)).not.toContain(':0"');
  const accounts = program.stdout
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => JSON.parse(line));
  expect(accounts).toEqual([
    { event: 'account', name: 'alice', password: expect.stringMatching(/^.{12,}$/) },
    { event: 'account', name: 'bob', password: expect.any(String) },
  ]);
  expect(accounts[0].password).not.toBe(accounts[1].password);
  expect(statSync(data).mode & 0o777).toBe(0o700);
  expect(await program.stop()).toBe(0);

  const again = await start();
  expect(again.program.stdout.trim().split('\n')).toHaveLength(1);
  const signedIn = await fetch(`${again.ready.web}/api/session`, {
    method: 'POST',
    headers: { origin: again.ready.web, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'alice', password: accounts[0].password }),
  });
  expect(signedIn.status).toBe(200);
});

test('without --json a person is told the address, the accounts and the phones’ settings', async () => {
  const program = chappe(['--config', configure(), '--data', data]);
  await program.waitFor(/Ctrl-C/);
  expect(program.stdout).toMatch(/Open +http:\/\/localhost:\d+\n/);
  expect(program.stdout).toMatch(/Accounts +alice +\S+/);
  expect(program.stdout).toMatch(/Phones +server 127\.0\.0\.1:\d+/);
  expect(program.stdout.split('\n').length).toBeLessThan(20);
});

test('an account added beside a running server is known to it at once', async () => {
  const { ready } = await start({ accounts: [{ name: 'dora', password: 'secret1' }] });
  const added = await run(['account', 'add', 'Carol', '--password-stdin', '--data', data], 'secret of carol\n');
  expect(added).toMatchObject({ code: 0, stdout: 'carol: added\n' });
  const response = await fetch(`${ready.web}/api/session`, {
    method: 'POST',
    headers: { origin: ready.web, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'carol', password: 'secret of carol' }),
  });
  expect(response.status).toBe(200);
  const list = await run(['account', 'list', '--data', data, '--json']);
  expect(
    list.stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line).name),
  ).toEqual(['carol', 'dora']);
});

test('account add makes a password when none is given, and refuses a name twice', async () => {
  const first = await run(['account', 'add', 'alice', '--data', data, '--json', '--admin']);
  expect(JSON.parse(first.stdout)).toEqual({ name: 'alice', admin: true, password: expect.any(String) });
  const second = await run(['account', 'add', 'ALICE', '--data', data, '--password', 'x']);
  expect(second).toMatchObject({ code: 1, stdout: '', output: 'chappe: There is an account named alice already.\n' });
  expect((await run(['account', 'add', 'a b', '--data', data])).code).toBe(1);
  expect((await run(['account', 'add', '--data', data])).code).toBe(2);
});

test('a key made on the command line gets credentials that the WebSocket handshake takes', async () => {
  const { ready } = await start({ auth: { handshake: 'required' } });
  const key = (await run(['key', 'add', 'site', '--data', data])).stdout.trim();
  expect((await run(['key', 'add', 'site', '--data', data])).code).toBe(1);
  const response = await fetch(`${ready.web}/api/credentials`, {
    method: 'POST',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'visitor', ttl: 600 }),
  });
  const issued = (await response.json()) as { username: string; password: string; ws: string; domain: string };
  expect(issued).toMatchObject({ domain: 'example.test', ws: ready.ws, ttl: 600 });
  const made = JSON.parse((await run(['credential', 'visitor', '--data', data, '--ttl', '60', '--json'])).stdout);
  for (const { username, password } of [issued, made]) {
    const url = `${ready.ws}/any?username=${encodeURIComponent(username)}&password=${encodeURIComponent(password)}`;
    expect(await handshake(url)).toBe(101);
    expect(await handshake(url.replace('visitor', 'alice'))).toBe(403);
  }
  expect(await handshake(ready.ws)).toBe(401);
});

test('who sends no Origin may call the server by any name; a page may not', async () => {
  const { ready } = await start();
  expect(await handshake(ready.ws, { host: 'server.example.com' })).toBe(101);
  expect(await handshake(ready.ws, { host: 'server.example.com', origin: 'http://server.example.com' })).toBe(403);
  expect(await handshake(ready.ws, { host: 'example.test', origin: 'http://example.test' })).toBe(101);
});

function handshake(url: string, headers: Record<string, string> = {}): Promise<number> {
  return new Promise((resolve, reject) => {
    const socket = new WebSocket(url, 'sip', { headers });
    socket.on('open', () => {
      socket.close();
      resolve(101);
    });
    socket.on('unexpected-response', (_request, response) => {
      response.destroy();
      resolve(response.statusCode ?? 0);
    });
    socket.on('error', reject);
  });
}

test('a wrong configuration is exit code 2, with key, reason and suggestion', async () => {
  const file = configure({ web: { lisen: '127.0.0.1:0' } });
  for (const command of ['check', 'start']) {
    const { code, stdout, output } = await run([command, '--config', file, '--data', data]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(output).toContain('web.lisen: no such key (did you mean web.listen?)');
  }
  expect(existsSync(data)).toBe(false);
  expect((await run(['check', '--config', join(folder, 'none.yaml')])).code).toBe(2);
  const elsewhere = await run(['check', '--config', configure(), '--data', 'postgres://user:hunter2@db/x']);
  expect(elsewhere).toMatchObject({ code: 0, output: expect.not.stringContaining('hunter2') });
  expect(await run(['check', '--config', configure()])).toMatchObject({ code: 0 });
});

test('an unknown command or option is exit code 2, with a suggestion', async () => {
  expect(await run(['acount', 'add', 'x'])).toMatchObject({
    code: 2,
    output: expect.stringContaining('did you mean account'),
  });
  expect(await run(['start', '--jsn'])).toMatchObject({
    code: 2,
    output: expect.stringContaining('did you mean --json?'),
  });
  expect(await run(['check', 'extra'])).toMatchObject({ code: 2 });
});

test('a configured port that is taken is exit code 1', async () => {
  const server = createServer();
  const port = await new Promise<number>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  const { code, stdout, output } = await run([
    'start',
    '--json',
    '--config',
    configure({ web: { listen: `127.0.0.1:${port}` } }),
    '--data',
    data,
  ]);
  server.close();
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(output).toContain(`web.listen: 127.0.0.1:${port} is taken`);
  // That was no first run: its accounts were shown to nobody.
  const { program } = await start();
  await program.waitFor(/"event":"account","name":"bob"/);
});

test('auth.required false is warned of, and refused off loopback without --insecure', async () => {
  const { program } = await start({ auth: { required: false } });
  expect(program.output).toContain('warning: auth.required is false');
  const open = { auth: { required: false }, sip: { listen: ['udp:0.0.0.0:0'] } };
  expect(await run(['start', '--config', configure(open), '--data', join(folder, 'other')])).toMatchObject({
    code: 2,
    output: expect.stringContaining('auth.required'),
  });
  expect((await run(['check', '--insecure', '--config', configure(open)])).code).toBe(0);
});

test('two servers do not share a data folder', async () => {
  await start();
  const second = await run(['start', '--json', '--config', configure(), '--data', data]);
  expect(second).toMatchObject({ code: 1, output: expect.stringContaining('another server is using the data folder') });
});

test('SIGHUP reads accounts and secrets again, and leaves all as it is when the file is wrong', async () => {
  const { program, ready } = await start({
    accounts: [{ name: 'alice', password: 'one' }],
    auth: { secret: ['first-secret-of-the-test'] },
  });
  const signIn = async (name: string, password: string) =>
    (
      await fetch(`${ready.web}/api/session`, {
        method: 'POST',
        headers: { origin: ready.web, 'content-type': 'application/json' },
        body: JSON.stringify({ name, password }),
      })
    ).status;
  expect(await signIn('alice', 'one')).toBe(200);
  configure({
    accounts: [
      { name: 'alice', password: 'two' },
      { name: 'dora', password: 'three' },
    ],
    sip: { listen: ['udp:127.0.0.1:0', 'tcp:127.0.0.1:0'], routes: [{ domain: 'other.test', to: 'udp:127.0.0.1:9' }] },
  });
  program.kill('SIGHUP');
  await Promise.all([program.waitFor(/configuration read again/), program.waitFor(/"reloaded"/)]);
  expect(program.output).not.toContain('next start');
  expect([await signIn('alice', 'one'), await signIn('alice', 'two'), await signIn('dora', 'three')]).toEqual([
    401, 200, 200,
  ]);
  configure({ acounts: [] });
  program.kill('SIGHUP');
  await program.waitFor(/not reloaded: acounts: no such key/);
  expect(await signIn('dora', 'three')).toBe(200);
});

test('a signal that comes while it starts is obeyed when it has', async () => {
  const program = chappe(['start', '--json', '--config', configure(), '--data', data]);
  const watch = setInterval(() => {
    if (!existsSync(data)) return;
    clearInterval(watch);
    program.kill('SIGTERM');
  }, 1);
  expect(await program.exited).toBe(0);
  expect(program.stdout).toContain('"event":"ready"');
});

test('a domain that was changed is warned of until the passwords kept for the old one are made anew', async () => {
  const add = await run(['account', 'add', 'carol', '--password', 'one', '--config', configure(), '--data', data]);
  expect(add.code).toBe(0);
  const first = await start({ accounts: [{ name: 'alice', password: 'two' }] });
  expect(first.program.output).not.toContain('kept for another');
  await first.program.stop();
  const moved = { domain: 'new.test', accounts: [{ name: 'alice', password: 'two' }] };
  const second = await start(moved);
  expect(second.program.output).toContain(
    'the domain is now new.test, but the passwords of carol are kept for another',
  );
  const signedIn = await fetch(`${second.ready.web}/api/session`, {
    method: 'POST',
    headers: { origin: second.ready.web, 'content-type': 'application/json' },
    body: '{"name":"carol","password":"one"}',
  });
  expect(signedIn.status).toBe(200);
  await second.program.stop();
  expect((await start(moved)).program.output).not.toContain('kept for another');
});

test('SIGTERM closes WebSockets with 1012 and ends with exit code 0', async () => {
  const { program, ready } = await start();
  const socket = new WebSocket(ready.ws, 'sip');
  await new Promise((resolve) => socket.on('open', resolve));
  const closed = new Promise<number>((resolve) => socket.on('close', resolve));
  program.kill('SIGTERM');
  expect(await closed).toBe(1012);
  expect(await program.exited).toBe(0);
});

test.each(['stdout', 'stderr'])(
  'it ends in order though nobody reads its %s',
  async (unread) => {
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', [pipe]);
    const end = openSync(pipe, constants.O_RDWR | constants.O_NONBLOCK);
    const fill = Buffer.alloc(65_536);
    for (let full = false; !full; ) {
      try {
        writeSync(end, fill, 0, 1);
        writeSync(end, fill);
      } catch {
        full = true;
      }
    }
    const args = [launcher, 'start', '--json', '--config', configure({ log: { level: 'debug' } }), '--data', data];
    const stdio = unread === 'stdout' ? (['ignore', end, 'pipe'] as const) : (['ignore', 'pipe', end] as const);
    const child = spawn(process.execPath, args, { stdio: [...stdio] });
    const exited = once(child, 'exit');
    let read = '';
    (child.stdout ?? child.stderr)?.on('data', (text) => {
      read += text;
    });
    try {
      await until(() => read.includes('ready'), 15_000);
      const began = performance.now();
      child.kill('SIGTERM');
      expect(await exited).toEqual([0, null]);
      expect(performance.now() - began).toBeLessThan(5_000);
    } finally {
      child.kill('SIGKILL');
      closeSync(end);
    }
  },
  30_000,
);

test('kill -9 loses no account, session or key that was acknowledged', async () => {
  const { program, ready } = await start({ accounts: [{ name: 'alice', password: 'one' }] });
  const key = (await run(['key', 'add', 'site', '--data', data])).stdout.trim();
  const response = await fetch(`${ready.web}/api/session`, {
    method: 'POST',
    headers: { origin: ready.web, 'content-type': 'application/json' },
    body: '{"name":"alice","password":"one"}',
  });
  const cookie = String(response.headers.get('set-cookie')).split(';')[0]!;
  process.kill(ready.pid, 'SIGKILL');
  await program.exited;
  const again = await start();
  expect((await fetch(`${again.ready.web}/api/session`, { headers: { cookie } })).status).toBe(200);
  expect(
    (await fetch(`${again.ready.web}/api/inspector/calls`, { headers: { authorization: `Bearer ${key}` } })).status,
  ).toBe(200);
});

test('a credential is printed with where to use it, as configured', async () => {
  const more = {
    public: { host: 'rtc.example.test' },
    web: { listen: '0.0.0.0:80' },
    turn: { listen: ['udp:0.0.0.0:3478', 'tcp:127.0.0.1:3479', 'udp:127.0.0.1:0'] },
  };
  const asked = ['credential', 'visitor', '--config', configure(more), '--data', data];
  const { stdout } = await run(asked);
  expect(stdout).toMatch(
    /^username \d+:visitor\npassword \S{28}\nexpires {2}\S+Z\nws {7}ws:\/\/rtc.example.test\nice {6}stun:rtc.example.test:3478\n/,
  );
  const made = JSON.parse((await run([...asked, '--json'])).stdout);
  expect(made.uris).toEqual(['turn:rtc.example.test:3478?transport=udp', 'turn:127.0.0.1:3479?transport=tcp']);
  expect(made.iceServers).toMatchObject([{ username: made.username, credential: made.password }]);
});

test('a backup made beside the running server is restored elsewhere', async () => {
  const { program } = await start();
  const copy = join(folder, 'copy');
  expect((await run(['backup', copy, '--data', data])).code).toBe(0);
  for (const file of ['chappe.db', 'seal.key', 'auth.secret'])
    expect(statSync(join(copy, file)).mode & 0o777).toBe(0o600);
  expect((await run(['backup', copy, '--data', data])).code).toBe(1);
  expect((await run(['restore', copy, '--data', data, '--force'])).output).toContain('A server is using');
  await program.stop();
  expect((await run(['restore', copy, '--data', data])).output).toContain('--force');
  const elsewhere = join(folder, 'elsewhere');
  expect((await run(['restore', copy, '--data', elsewhere])).code).toBe(0);
  expect((await run(['account', 'list', '--data', elsewhere])).stdout).toBe('alice  (administrator)\nbob\n');
});

interface Finding {
  subject: string;
  outcome: string;
  title: string;
}

const findingsOf = (stdout: string): Finding[] =>
  stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Finding);

test('doctor looks at the machine before there is a server, one JSON object a line', async () => {
  const { code, stdout } = await run(['doctor', '--json', '--config', configure(), '--data', data]);
  const findings = findingsOf(stdout);
  const subjects = ['configuration', 'machine', 'time', 'data', 'addresses', 'dns', 'tls', 'ports', 'turn', 'media'];
  expect([...new Set(findings.map(({ subject }) => subject))]).toEqual(subjects);
  expect(findings.map(({ title }) => title)).toContain('TURN is not looked at');
  expect(code).toBe(findings.some(({ outcome }) => outcome === 'problem') ? 1 : 0);
});

test('doctor finds the running server’s ports served, and has its TURN relay over every transport', async () => {
  const [web, sip, stun] = [await freePort(), await freePort(), await freePort()];
  const more = {
    web: { listen: `127.0.0.1:${web}` },
    sip: { listen: [`udp:127.0.0.1:${sip}`, `tcp:127.0.0.1:${sip}`] },
    turn: { listen: [`udp:127.0.0.1:${stun}`, `tcp:127.0.0.1:${stun}`] },
    media: { listen: `127.0.0.1:${await freePort()}` },
    msrp: { listen: [`tcp:127.0.0.1:${await freePort()}`] },
  };
  const { ready } = await start(more);
  const key = (await run(['key', 'add', 'doctor', '--data', data])).stdout.trim();
  const asked = ['doctor', '--json', '--config', configure(more), '--data', data, '--server', ready.web, '--key', key];
  const { stdout } = await run(asked);
  const findings = findingsOf(stdout);
  // Once from outside, once as the server itself answers.
  expect(findings.filter(({ title }) => title === 'Every port answers')).toHaveLength(2);
  const relays = findings.filter(({ title }) => title === 'TURN relays').map((each) => JSON.stringify(each));
  expect(relays).toHaveLength(2);
  for (const place of [`udp:127.0.0.1:${stun}`, `tcp:127.0.0.1:${stun}`, `tcp:127.0.0.1:${web}`, `ws:127.0.0.1:${web}`])
    for (const relay of relays) expect(relay).toContain(place);
  expect(findings.map(({ title }) => title)).toContain('The clocks agree');
});

test('doctor says in words that a port is taken, and exits with 1', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as { port: number };
  const { code, stdout } = await run([
    'doctor',
    '--config',
    configure({ web: { listen: `127.0.0.1:${port}` } }),
    '--data',
    data,
  ]);
  server.close();
  expect(code).toBe(1);
  expect(stdout).toMatch(new RegExp(`PROBLEM A port is taken\\n +Another program has tcp:127\\.0\\.0\\.1:${port}`));
  expect(stdout).toMatch(/\n\d problems?, [^\n]*\.\n$/);
});

test('with a certificate the web port speaks https and wss, and sessions are for TLS only', async () => {
  const { cert, key } = testCertificate();
  writeFileSync(join(folder, 'cert.pem'), cert);
  writeFileSync(join(folder, 'key.pem'), key);
  const { ready } = await start({
    web: { listen: '127.0.0.1:0', tls: { cert: 'cert.pem', key: 'key.pem' } },
    sip: { listen: ['tls:127.0.0.1:0'] },
    accounts: [{ name: 'alice', password: 'one' }],
  });
  expect(ready.web).toMatch(/^https:/);
  expect(ready.ws).toMatch(/^wss:/);
  expect(ready.sip).toEqual([expect.stringMatching(/^tls:127\.0\.0\.1:\d+$/)]);
  const signedIn = await post(`${ready.web}/api/session`, { origin: ready.web }, '{"name":"alice","password":"one"}');
  expect(signedIn.headers['set-cookie']?.[0]).toContain('; Secure');
  const cookie = signedIn.headers['set-cookie']![0]!.split(';')[0]!;
  const issued = await post(`${ready.web}/api/credentials`, { origin: ready.web, cookie });
  expect(JSON.parse(issued.body).ws).toBe(ready.ws);
});

function post(url: string, headers: Record<string, string>, body = '') {
  return new Promise<{ headers: IncomingHttpHeaders; body: string }>((resolve, reject) => {
    const type = body === '' ? {} : { 'content-type': 'application/json' };
    const sent = request(
      url,
      { method: 'POST', rejectUnauthorized: false, headers: { ...headers, ...type } },
      (response) => {
        text(response).then((answer) => resolve({ headers: response.headers, body: answer }), reject);
      },
    );
    sent.on('error', reject).end(body);
  });
}

test('a server whose launcher is gone ends', async () => {
  const child = spawn(process.execPath, [launcher, 'start', '--json', '--config', configure(), '--data', data], {
    cwd: folder,
    stdio: ['ignore', 'pipe', 'ignore', 'pipe'],
    env: { ...process.env, CHAPPE_LAUNCHER_FD: '3' },
  });
  const ended = new Promise<number | null>((resolve) => child.on('exit', resolve));
  await new Promise((resolve) => child.stdout!.once('data', resolve));
  child.stdio[3]!.destroy();
  expect(await ended).toBe(0);
});

test('--help and --version answer on standard output', async () => {
  expect(await run(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('account add NAME') });
  expect(await run(['key', 'add', '--help'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('chappe key add NAME'),
  });
  expect(await run(['--version'])).toMatchObject({ code: 0, stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/) });
});
