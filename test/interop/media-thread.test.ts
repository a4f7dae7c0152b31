// A relaying thread dies under calls: the whole server runs in this process, since from outside nobody can end one thread of it.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadConfiguration } from '../../src/server/config.ts';
import { createLog } from '../../src/server/log.ts';
import { type RunningServer, startServer } from '../../src/server/server.ts';
import { chappeConfig } from '../support/chappe.ts';
import { freePort } from '../support/ports.ts';
import { ScriptedPhone } from '../support/scripted-phone.ts';
import { type Dialog, header } from '../support/user.ts';

// Room for two relaying threads, whatever this machine has.
vi.mock('node:os', async (original) => ({
  ...(await original<typeof import('node:os')>()),
  availableParallelism: () => 3,
}));

const folder = mkdtempSync(join(tmpdir(), 'chappe-thread-'));
const threads: Worker[] = [];
const phones: ScriptedPhone[] = [];
let server: RunningServer;

beforeAll(async () => {
  process.on('worker', (worker) => {
    if (worker.threadName === 'media') threads.push(worker);
  });
  const first = 2 * Math.ceil((await freePort(42)) / 2);
  const media = { listen: `127.0.0.1:${await freePort()}`, policy: 'always', rtp: { ports: `${first}-${first + 39}` } };
  const file = join(folder, 'chappe.yaml');
  writeFileSync(file, JSON.stringify(chappeConfig({ media })));
  const { configuration } = loadConfiguration({ file, data: join(folder, 'data'), environment: {} });
  const log = createLog('silent');
  server = await startServer(configuration, { version: 'test', log, appsFolder: folder, notice() {} });
});
afterAll(async () => {
  for (const phone of phones) await phone.close();
  await server?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function phone(name: string): Promise<ScriptedPhone> {
  const [, host, port] = /^udp:(.*):(\d+)$/.exec(server.ready.sip[0]!)!;
  const opened = await ScriptedPhone.open({ host: host!, port: Number(port) }, { name, domain: server.ready.domain });
  phones.push(opened);
  return opened;
}

interface Call {
  caller: ScriptedPhone;
  callee: ScriptedPhone;
  dialog: Dialog;
}

async function call(caller: ScriptedPhone, callee: ScriptedPhone): Promise<Call> {
  const from = callee.mark();
  const called = caller.call(callee.user.address);
  callee.accept(await callee.incoming('INVITE', from));
  const dialog = await called;
  await hearEachOther({ caller, callee });
  return { caller, callee, dialog };
}

async function hearEachOther({ caller, callee }: Pick<Call, 'caller' | 'callee'>): Promise<void> {
  await Promise.all([caller.rtp.hears(), callee.rtp.hears()]);
}

test('its calls end with a BYE to both sides, the others go on, and new ones have another thread', async () => {
  const [alice, bob, carol, dave] = [
    await phone('alice'),
    await phone('bob'),
    await phone('carol'),
    await phone('dave'),
  ];
  const lost = await call(alice, bob);
  const kept = await call(carol, dave);
  expect(threads).toHaveLength(2);
  const marks = new Map(phones.map((each) => [each, each.mark()]));

  await threads[0]!.terminate();
  for (const each of [lost.caller, lost.callee]) {
    const bye = await each.incoming('BYE', marks.get(each));
    expect(header(bye, 'Call-ID')).toBe(lost.dialog.callId);
    expect(header(bye, 'Reason')).toBe('SIP;cause=500;text="Media Failure"');
    each.user.answer(bye, '200 OK');
    each.rtp.silence();
  }

  await vi.waitUntil(() => threads.length === 3, { timeout: 10_000 }); // the next one is there
  await call(alice, bob);
  await hearEachOther(kept);
  const said = (each: ScriptedPhone) => each.received(marks.get(each)).filter((text) => text.startsWith('BYE '));
  expect([kept.caller, kept.callee].flatMap(said)).toEqual([]);
  const metrics = await (await fetch(`${server.ready.web}/metrics`)).text();
  expect(metrics).toMatch(/^chappe_media_failed_total 1$/m);
});
