// The matrix of calls between a page and baresip: the same for each browser and each media engine.
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import type { Baresip } from './baresip.ts';
import {
  type Cell,
  converse,
  type Gateway,
  nameOf,
  PHONES,
  type PhoneKind,
  startPage,
  startPhone,
} from './gateway-stage.ts';
import type { PagePhone, ScriptablePage } from './page-phone.ts';
import { type ScriptPages, serveScripts } from './script-pages.ts';
import type { Library } from './third-party-suite.ts';

interface BrowserPage extends ScriptablePage {
  goto(url: string): Promise<unknown>;
}

export interface OpenBrowser {
  newPage(): Promise<BrowserPage>;
  close(): Promise<unknown>;
}

/** Every kind of phone, calling and called; hung up by both sides; over TCP and with Opus too. */
export const MATRIX: readonly Cell[] = [
  ...(Object.keys(PHONES) as PhoneKind[]).flatMap((phone): Cell[] => [
    { phone, caller: 'page', end: 'phone' },
    { phone, caller: 'phone', end: 'page' },
  ]),
  { phone: 'plain', caller: 'page', end: 'page', transport: 'tcp' },
  { phone: 'plain', caller: 'phone', end: 'phone', transport: 'tcp' },
  { phone: 'plain', caller: 'page', end: 'phone', codec: 'opus' },
  { phone: 'DTLS-SRTP', caller: 'phone', end: 'page', codec: 'opus' },
];

export function matrix(
  launch: () => Promise<OpenBrowser>,
  startGateway: () => Promise<Gateway & { chappe: { stop(): Promise<unknown> } }>,
  cells: readonly Cell[] = MATRIX,
  library: Library = 'chappe-phone',
): void {
  let gateway: Awaited<ReturnType<typeof startGateway>>;
  let browser: OpenBrowser;
  let pages: ScriptPages;
  let page: PagePhone;
  let phone: Baresip | undefined;

  beforeAll(async () => {
    [gateway, browser, pages] = await Promise.all([startGateway(), launch(), serveScripts([library])]);
    const tab = await browser.newPage();
    await tab.goto(pages.url(library));
    page = await startPage(gateway, tab);
  });
  afterEach(async () => {
    await phone?.stop();
    phone = undefined;
  });
  afterAll(async () => {
    await page?.stop().catch(() => {});
    await browser?.close();
    pages?.close();
    await gateway?.chappe.stop();
  });

  test.each(cells.map((cell) => [nameOf(cell), cell] as const))('%s', async (_, cell) => {
    phone = await startPhone(gateway, cell);
    await converse(gateway, page, phone, cell);
    expect(phone.loudness(), 'loudness at the phone').toBeGreaterThan(500);
  });
}
