// A gateway between pages and phones, seen from outside: one server, one browser, one page that stays; a phone for each call.
import { networkInterfaces } from 'node:os';
import type { CallRecord } from '../../src/storage/ports.ts';
import type { StartOptions } from '../e2e/third-party/web-phone.ts';
import { Baresip, type BaresipOptions } from './baresip.ts';
import { type Chappe, secret, startChappe } from './chappe.ts';
import { PagePhone, type ScriptablePage } from './page-phone.ts';
import { freePort } from './ports.ts';
import { ephemeralCredential } from './user.ts';

/** Where pages and phones sign in. */
export interface Gateway {
  domain: string;
  page(name: string): Pick<StartOptions, 'ws' | 'password'>;
  phone(name: string): Pick<BaresipOptions, 'password'>;
  /** `host:port` */
  sip(transport: 'udp' | 'tcp'): string;
}

/** Chappe between pages on this machine's own address (browsers have no candidate on loopback) and phones on loopback. */
export async function startGateway(
  media: Record<string, unknown> = {},
  more: Record<string, unknown> = {},
  data?: string,
): Promise<Gateway & { chappe: Chappe }> {
  const web = `${ownAddress()}:${await freePort()}`;
  const chappe = await startChappe({
    ...(data === undefined ? {} : { data }),
    config: {
      turn: { listen: [`udp:${web}`, `tcp:${web}`] },
      media: { listen: web, rtp: { address: '127.0.0.1', ports: '30000-39999' }, ...media },
      ...more,
    },
  });
  return {
    chappe,
    domain: chappe.ready.domain,
    page: (name) => ({ ws: `${chappe.ready.ws}/?${new URLSearchParams(ephemeralCredential(secret, name))}` }),
    phone: (name) => ({ password: `${name}-password` }),
    sip: (transport) => chappe.sip(transport).text,
  };
}

/** `GET /api/calls` as alice sees it, who is to be an administrator: the newest first. */
export async function callRecords(web: string): Promise<CallRecord[]> {
  const body = JSON.stringify({ name: 'alice', password: 'alice-password' });
  const headers = { origin: web, 'content-type': 'application/json' };
  const session = await fetch(`${web}/api/session`, { method: 'POST', headers, body });
  const cookie = String(session.headers.get('set-cookie')).split(';', 1)[0]!;
  const answer = (await (await fetch(`${web}/api/calls`, { headers: { cookie } })).json()) as { calls: CallRecord[] };
  return answer.calls;
}

/** What the records of calls say in short, in alphabetical order; the `known` oldest ones left out. */
export async function recordsInWords(web: string, known: number): Promise<string[]> {
  const records = await callRecords(web);
  return records
    .slice(0, records.length - known)
    .map(({ caller, callee, status, media, endedBy }) => `${caller} ${callee} ${status} ${media}, by ${endedBy}`)
    .sort();
}

/** Calls that are up, and dialogs of them whose media is relayed, as `/metrics` tells. */
export async function callGauges(web: string): Promise<{ calls: number; relayed: number }> {
  const text = await (await fetch(`${web}/metrics`)).text();
  const value = (name: string): number => Number(new RegExp(`^chappe_${name} (\\d+)`, 'm').exec(text)?.[1]);
  return { calls: value('sip_calls'), relayed: value('media_calls') };
}

/** IPv4, not of loopback where there is another. */
export function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

/** Ways of a phone with its media, in the words of baresip's account parameters. */
export const PHONES = {
  plain: '',
  'SDES-SRTP': ';mediaenc=srtp-mand',
  'DTLS-SRTP': ';mediaenc=dtls_srtp',
  ICE: ';medianat=ice',
} as const;

export type PhoneKind = keyof typeof PHONES;

export interface Cell {
  phone: PhoneKind;
  caller: 'phone' | 'page';
  /** Who hangs up. */
  end: 'phone' | 'page';
  transport?: 'udp' | 'tcp';
  codec?: 'opus';
}

export function nameOf({ phone, caller, end, transport = 'udp', codec }: Cell): string {
  const how = [phone, ...(transport === 'tcp' ? ['over TCP'] : []), ...(codec ? ['with Opus'] : [])].join(' ');
  return `${how}: the ${caller} calls, both are heard, hold, press keys, and the ${end} hangs up`;
}

export async function startPhone(
  gateway: Gateway,
  { phone, transport = 'udp', codec }: Pick<Cell, 'phone' | 'transport' | 'codec'>,
  name = 'bob',
): Promise<Baresip> {
  return Baresip.start({
    name,
    domain: gateway.domain,
    server: gateway.sip(transport),
    transport,
    ...gateway.phone(name),
    account: PHONES[phone],
    ...(codec ? { codec } : {}),
  });
}

export async function startPage(
  gateway: Gateway,
  page: ScriptablePage,
  { name = 'alice', ...options }: Partial<StartOptions> & { name?: string } = {},
) {
  const phone = new PagePhone(name, page);
  await phone.start({ uri: `sip:${name}@${gateway.domain}`, ...gateway.page(name), video: false, ...options });
  return phone;
}

/** Calls, and waits until both are in the call; the call's number in the page. `accepting`: the page answers when told to. */
export async function connect(
  gateway: Gateway,
  page: PagePhone,
  phone: Baresip,
  caller: Cell['caller'],
  accepting?: (call: number) => void,
): Promise<number> {
  const from = [await page.mark(), phone.mark()] as const;
  let call: number;
  if (caller === 'page') {
    call = await page.call(`sip:${phone.name}@${gateway.domain}`);
    await phone.event('CALL_INCOMING', from[1]);
    accepting?.(call);
    await phone.command('accept');
  } else {
    await phone.command('dial', `sip:${page.name}@${gateway.domain}`);
    call = Number(/^call (\d+)/.exec(await page.until(/^call \d+ from/, from[0]))![1]);
    if (accepting) {
      accepting(call);
      await page.answer(call);
    }
  }
  await Promise.all([
    page.until(new RegExp(`^established ${call}$`), from[0]),
    phone.event('CALL_ESTABLISHED', from[1]),
  ]);
  return call;
}

/** All that a call between a page and a phone must be able to do. */
export async function converse(gateway: Gateway, page: PagePhone, phone: Baresip, cell: Cell): Promise<void> {
  const call = await connect(gateway, page, phone, cell.caller);
  // Chromium's microphone beeps twice a second.
  await Promise.all([page.expectSound(call), phone.hears(0.7)]);
  await pressKeys(page, phone, call);
  await holdFromEachSide(page, phone, call);
  const from = [await page.mark(), phone.mark()] as const;
  if (cell.end === 'page') {
    await page.hangUp(call);
    await phone.event('CALL_CLOSED', from[1]);
  } else {
    await phone.command('hangup');
    await page.until(new RegExp(`^ended ${call}`), from[0]);
  }
}

async function pressKeys(page: PagePhone, phone: Baresip, call: number): Promise<void> {
  const from = [await page.mark(), phone.mark()] as const;
  await page.listen(call);
  await page.dtmf(call, '5');
  await phone.key('5', from[1]);
  await phone.command('sndcode', '9');
  await page.until(/^tone 9$/, from[0]);
}

async function holdFromEachSide(page: PagePhone, phone: Baresip, call: number): Promise<void> {
  for (const action of ['hold', 'resume'] as const) {
    const from = phone.mark();
    await page[action](call);
    await phone.event('CALL_REMOTE_SDP', from);
    if (action === 'hold') await page.expectSilence(call);
    else await Promise.all([page.expectSound(call), phone.flows()]);
  }
  for (const action of ['hold', 'resume'] as const) {
    const from = await page.mark();
    await phone.command(action);
    await page.until(new RegExp(`^${action === 'hold' ? 'held' : 'resumed'} ${call}$`), from);
  }
  await Promise.all([page.expectSound(call), phone.flows()]);
}
