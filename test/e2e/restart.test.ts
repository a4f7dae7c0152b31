import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { describeWith } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { launchChromium, Person } from './person.ts';

describeWith(['chromium'], 'a server that goes and comes back', () => {
  const data = mkdtempSync(join(tmpdir(), 'chappe-restart-'));
  let start: () => Promise<Chappe>;
  let chappe: Chappe;
  let browser: Browser;
  let alice: Person;
  let bob: Person;

  beforeAll(async () => {
    const port = await freePort();
    start = () => startChappe({ data, config: { web: { listen: `127.0.0.1:${port}` } } });
    [chappe, browser] = await Promise.all([start(), launchChromium()]);
    alice = await Person.open(browser, chappe.ready.web, { name: 'alice', password: 'alice-password' });
    bob = await Person.open(browser, chappe.ready.web, { name: 'bob', password: 'bob-password' });
  });

  afterAll(async () => {
    await browser?.close();
    await chappe?.stop();
    rmSync(data, { recursive: true, force: true });
  });

  const everybody = (state: string) =>
    Promise.all(
      [alice, bob].map(({ page }) => page.locator(`[data-testid=connection][data-state=${state}]`).waitFor()),
    );

  test('people are told that it is gone, and are back by themselves when it is, still signed in', async () => {
    await chappe.stop();
    await everybody('connecting');
    chappe = await start();
    await everybody('registered');
    await alice.call(bob);
    await bob.answer();
    await Promise.all([alice.sees('active'), bob.sees('active')]);
    await Promise.all([alice.hears(), bob.hears()]);
  });

  test('a server that is killed in the middle of a call does not end the talk', async () => {
    chappe.program.kill('SIGKILL');
    await chappe.stop(); // cleans up after it
    chappe = await start();
    await Promise.all([alice.hears(), bob.hears()]);
    await Promise.all(
      [alice, bob].map(({ page }) => page.locator('[data-testid=connection][data-state=registered]').waitFor()),
    );
    await alice.sees('active');
    await alice.press('Hang up');
    await Promise.all([alice.seesNoCall(), bob.seesNoCall()]);
  });
});
