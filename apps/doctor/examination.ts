import { signal } from '@preact/signals';
import { accountName, type Credentials, fetchCredentials } from '../../src/client/index.ts';
import { announce } from '../ui/notices.tsx';
import { openWebSession } from '../ui/web-session.ts';
import { checksFor } from './checks.ts';
import type { BrowserFinding, Check } from './finding.ts';
import { type ServerReport, serverReport } from './server-report.ts';
import { type Verdict, verdict } from './verdict.ts';

/** `undefined`: not known yet; `null`: nobody is signed in. */
export const credentials = signal<Credentials | null | undefined>(undefined);
export const state = signal<'ready' | 'running' | 'done'>('ready');

export interface Row {
  check: Check;
  state: 'waiting' | 'running' | 'done';
  finding?: BrowserFinding;
}

export const rows = signal<Row[]>([]);
export const conclusion = signal<Verdict | undefined>(undefined);
/** Of administrators. */
export const server = signal<ServerReport | undefined>(undefined);

/** On load: the cookie of an earlier sign-in may still be good. */
export async function resume(): Promise<void> {
  try {
    enter(await fetchCredentials()());
  } catch {
    credentials.value = null;
  }
}

export async function signIn(name: string, password: string): Promise<string | undefined> {
  const refused = await openWebSession(name, password);
  if (refused === undefined) await resume();
  return refused;
}

export function who(): string {
  return credentials.value ? accountName(credentials.value) : '';
}

function enter(fresh: Credentials): void {
  credentials.value = fresh;
  list(fresh);
  void look();
}

/** What the server says of itself, if this person may know it. */
async function look(): Promise<void> {
  server.value = await serverReport();
}

function list(fresh: Credentials): { network: Check[]; later: Check[] } {
  const checks = checksFor(fresh);
  rows.value = [...checks.network, ...checks.later].map((check) => ({ check, state: 'waiting' }));
  return checks;
}

/** Everything once: the network at the same time, then one after the other what the person may be asked about. */
export async function run(): Promise<void> {
  if (state.value === 'running') return;
  state.value = 'running';
  conclusion.value = undefined;
  announce('The check has begun.');
  try {
    const fresh = await fetchCredentials()();
    const checks = list(fresh);
    await Promise.all(checks.network.map((check) => runOne(check, fresh)));
    for (const check of checks.later) await runOne(check, fresh);
  } catch {
    credentials.value = null;
    state.value = 'ready';
    return;
  }
  const findings = rows.value.flatMap(({ finding }) => finding ?? []);
  conclusion.value = verdict(findings);
  announce(`${conclusion.value.title}. ${conclusion.value.meaning}`);
  await send(findings);
  state.value = 'done';
  await look();
}

async function runOne(check: Check, fresh: Credentials): Promise<void> {
  update(check, { state: 'running' });
  let found: Omit<BrowserFinding, 'subject'>;
  try {
    found = await check.run(fresh);
  } catch (error) {
    found = { outcome: 'warning', title: 'This could not be tried', meaning: String(error).slice(0, 200) };
  }
  update(check, { state: 'done', finding: { subject: check.subject, ...found } });
}

function update(check: Check, change: Partial<Row>): void {
  rows.value = rows.value.map((row) => (row.check.id === check.id ? { ...row, ...change } : row));
}

/** For the administrator, who may not be here. It is no fault of the check when the server has enough of it. */
async function send(findings: BrowserFinding[]): Promise<void> {
  await fetch('/api/doctor/browser', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ findings }),
  }).catch(() => {});
}
