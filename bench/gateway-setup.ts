// How long after a call is accepted sound is heard, at either end, between a page in Chromium and baresip: Chappe beside
// Kamailio with rtpengine, in turns. Kamailio is told what each phone speaks, Chappe is not.
//   node bench/gateway-setup.ts [--write] [--calls 20] [--peers chappe,kamailio]
import { parseArgs } from 'node:util';
import { launchChromium } from '../test/e2e/person.ts';
import type { Baresip } from '../test/support/baresip.ts';
import {
  connect,
  type Gateway,
  ownAddress,
  type PhoneKind,
  startGateway,
  startPage,
  startPhone,
} from '../test/support/gateway-stage.ts';
import { type RtpengineGateway, startKamailio } from '../test/support/kamailio.ts';
import type { PagePhone } from '../test/support/page-phone.ts';
import { startRtpengine } from '../test/support/rtpengine.ts';
import { serveScripts } from '../test/support/script-pages.ts';
import { machine, writeSection } from './section.ts';

const { values: options } = parseArgs({
  options: {
    write: { type: 'boolean', default: false },
    calls: { type: 'string', default: '20' },
    peers: { type: 'string', default: 'chappe,kamailio' },
  },
});
const calls = Number(options.calls);
const budget = 200;
const kinds = { plain: 'RTP/AVP', 'SDES-SRTP': 'RTP/SAVP', 'DTLS-SRTP': 'UDP/TLS/RTP/SAVP' } as const;

type Started = Gateway & { stop(): Promise<unknown> };

const servers: Record<string, (phones: RtpengineGateway['phones']) => Promise<Started>> = {
  async chappe() {
    const gateway = await startGateway();
    return { ...gateway, stop: () => gateway.chappe.stop() };
  },
  async kamailio(phones) {
    const rtpengine = await startRtpengine({ address: ownAddress() });
    const domain = 'example.test';
    const server = await startKamailio({
      domain,
      gateway: { rtpengine: rtpengine.url.replace('udp://', ''), phones },
    });
    return {
      domain,
      page: () => ({ ws: `ws://${server.endpoint}` }),
      phone: () => ({ password: 'unused' }),
      sip: () => server.endpoint,
      async stop() {
        await server.stop();
        await rtpengine.stop();
      },
    };
  },
};

/** Milliseconds from accept to sound: at the page, at the phone. */
interface SetUp {
  page: number;
  phone: number;
}

async function setUp(gateway: Gateway, page: PagePhone, phone: Baresip, caller: 'page' | 'phone'): Promise<SetUp> {
  const from = [await page.mark(), phone.mark()] as const;
  let accepted = 0;
  let heardByPage: Promise<number> | undefined;
  const heardByPhone = phone.firstSound();
  const call = await connect(gateway, page, phone, caller, (number) => {
    accepted = Date.now();
    heardByPage = page.firstSound(number);
  });
  const [atPage, atPhone] = await Promise.all([heardByPage!, heardByPhone]);
  await page.hangUp(call);
  await Promise.all([phone.event('CALL_CLOSED', from[1]), page.until(new RegExp(`^ended ${call}`), from[0])]);
  return { page: atPage - accepted, phone: atPhone - accepted };
}

const browser = await launchChromium();
const pages = await serveScripts(['chappe-phone']);
const table: string[] = [];
try {
  for (const kind of Object.keys(kinds) as (keyof typeof kinds & PhoneKind)[]) {
    for (const caller of ['page', 'phone'] as const) {
      const cells: string[] = [];
      let worst = 0;
      for (const name of options.peers.split(',')) {
        const gateway = await servers[name]!(kinds[kind]);
        const tab = await browser.newPage();
        await tab.goto(pages.url('chappe-phone'));
        const page = await startPage(gateway, tab, { answer: 'manual' });
        const phone = await startPhone(gateway, { phone: kind });
        const measured: SetUp[] = [];
        try {
          await setUp(gateway, page, phone, caller); // a warm-up
          for (let call = 0; call < calls; call++) measured.push(await setUp(gateway, page, phone, caller));
        } finally {
          await phone.stop();
          await tab.close();
          await gateway.stop();
        }
        const both = measured.map(({ page, phone }) => Math.max(page, phone));
        if (name === 'chappe') worst = percentile(both, 0.95);
        const one = (end: keyof SetUp): string => {
          const times = measured.map((each) => each[end]);
          return `${percentile(times, 0.5)} / ${percentile(times, 0.95)}`;
        };
        cells.push(one('page'), one('phone'), `${percentile(both, 0.95)}`);
      }
      const verdict = worst <= budget ? 'hit' : 'missed';
      table.push(`| ${kind}, the ${caller} calls | ${cells.join(' | ')} | ${verdict} |`);
      process.stderr.write(`${table.at(-1)}\n`);
    }
  }
} finally {
  await browser.close();
  pages.close();
}

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, two) => one - two);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}

const names: Record<string, string> = { chappe: 'Chappe', kamailio: 'Kamailio with rtpengine' };
const heads = options.peers.split(',').map((name) => names[name]!);
const markdown = `## Set-up time of a call through the gateway

Milliseconds from the moment a call is accepted (the page's answer button, the phone's key) until the first sound is decoded, at
the page and at the phone; median / 95th percentile of ${calls} calls, then the 95th percentile of the later of both ends, which has a budget
of ${budget} ms. Chromium with our SDK, baresip, everything on one machine. Chappe has found out by itself what the phone speaks; Kamailio has it in
its configuration.

| | ${heads.map((head) => `${head}: page | phone | both p95`).join(' | ')} | |
|---${'|---'.repeat(3 * heads.length + 1)}|
${table.join('\n')}

- date: ${new Date().toISOString().slice(0, 10)}
- machine: ${machine()}
- again: \`node bench/gateway-setup.ts --write\`
`;
process.stdout.write(markdown);
if (options.write) writeSection('gateway set-up', markdown);
