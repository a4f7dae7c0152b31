// Alice and Carol at pages of one Chromium, behind a gateway whose records of calls Alice may read.
import { expect } from 'vitest';
import { launchChromium } from '../e2e/person.ts';
import { callGauges, callRecords, type Gateway, recordsInWords, startGateway, startPage } from './gateway-stage.ts';
import type { PagePhone } from './page-phone.ts';
import { serveScripts } from './script-pages.ts';

const PATIENCE = { timeout: 10_000 };

export interface TwoPages {
  readonly gateway: Gateway & Awaited<ReturnType<typeof startGateway>>;
  readonly alice: PagePhone;
  readonly carol: PagePhone;
  /** `sip:NAME@DOMAIN` */
  address(name: string): string;
  gauges(): ReturnType<typeof callGauges>;
  /** Records from here on are what `expectRecords` looks at. */
  begin(): Promise<void>;
  /** `alice bob 200 embedded, by caller` and such, in any order, and no others. */
  expectRecords(...wanted: string[]): Promise<void>;
  /** No call is up, and nothing is relayed. */
  expectNothingLeft(): Promise<void>;
  close(): Promise<void>;
}

export async function openTwoPages(): Promise<TwoPages> {
  const accounts = ['alice', 'bob', 'carol', 'dave'].map((name) => ({
    name,
    password: `${name}-password`,
    admin: name === 'alice',
  }));
  const [gateway, browser, pages] = await Promise.all([
    startGateway({}, { accounts }),
    launchChromium(),
    serveScripts(['chappe-phone']),
  ]);
  const open = async (name: string): Promise<PagePhone> => {
    const tab = await browser.newPage();
    await tab.goto(pages.url('chappe-phone'));
    return startPage(gateway, tab, { name });
  };
  const [alice, carol] = [await open('alice'), await open('carol')];
  const { web } = gateway.chappe.ready;
  const gauges = () => callGauges(web);
  let known = 0;
  return {
    gateway,
    alice,
    carol,
    address: (name) => `sip:${name}@${gateway.domain}`,
    gauges,
    async begin() {
      known = (await callRecords(web)).length;
    },
    async expectRecords(...wanted) {
      await expect.poll(() => recordsInWords(web, known), PATIENCE).toEqual(wanted.sort());
    },
    async expectNothingLeft() {
      await expect.poll(gauges, PATIENCE).toEqual({ calls: 0, relayed: 0 });
    },
    async close() {
      await Promise.all([alice.stop(), carol.stop()]).catch(() => {});
      await browser.close();
      pages.close();
      await gateway.chappe.stop();
    },
  };
}
