import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { describeWith } from '../support/peer.ts';
import { launchChromium, Person } from './person.ts';

describeWith(['chromium'], 'three people at the page', () => {
  let chappe: Chappe;
  let browser: Browser;
  let alice: Person;
  let bob: Person;
  let carol: Person;

  beforeAll(async () => {
    [chappe, browser] = await Promise.all([startChappe(), launchChromium()]);
    const open = (name: string) => Person.open(browser, chappe.ready.web, { name, password: `${name}-password` });
    [alice, bob, carol] = [await open('alice'), await open('bob'), await open('carol')];
  });

  afterAll(async () => {
    await browser?.close();
    await chappe?.stop();
  });

  const talk = async (): Promise<void> => {
    await alice.call(bob);
    await bob.answer();
    await Promise.all([alice.sees('active', bob), bob.sees('active', alice)]);
    await Promise.all([alice.hears(), bob.hears()]);
  };

  test('a blind transfer connects the other two, and the one who transferred is free', async () => {
    await talk();
    await alice.press('Transfer');
    const dialog = alice.page.getByRole('dialog');
    await dialog.getByLabel('To', { exact: true }).fill('carol');
    await dialog.getByRole('button', { name: 'Transfer now' }).click();
    await carol.answer();
    await alice.seesNoCall();
    await Promise.all([bob.sees('active', carol), carol.sees('active', bob)]);
    await Promise.all([bob.hears(), carol.hears()]);
    await bob.press('Hang up');
    await Promise.all([bob.seesNoCall(), carol.seesNoCall()]);
  });

  test('a transfer to somebody who declines leaves the call as it was', async () => {
    await talk();
    await alice.press('Transfer');
    const dialog = alice.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'carol' }).click();
    await dialog.getByRole('button', { name: 'Transfer now' }).click();
    await carol.ringing.getByRole('button', { name: 'Decline' }).click();
    await alice.seesNotice(/transfer failed/);
    await alice.sees('active', bob);
    await alice.press('Hang up');
    await Promise.all([alice.seesNoCall(), bob.seesNoCall()]);
  });

  test('an attended transfer asks first, and then connects the other two', async () => {
    await talk();
    await alice.press('Transfer');
    const dialog = alice.page.getByRole('dialog');
    await dialog.getByRole('button', { name: 'carol' }).click();
    await dialog.getByRole('button', { name: 'Ask first' }).click();
    await bob.seesStatus('put you on hold');
    await carol.answer();
    await alice.sees('active', carol);
    await Promise.all([alice.hears(), carol.hears()]);
    await alice.press('Transfer bob to carol');
    await alice.seesNoCall();
    await Promise.all([bob.sees('active', carol), carol.sees('active', bob)]);
    await Promise.all([bob.hears(), carol.hears()]);
    await carol.press('Hang up');
    await Promise.all([bob.seesNoCall(), carol.seesNoCall()]);
  });

  test('a second call holds the first, and one can swap between the two', async () => {
    await talk();
    await carol.call(alice);
    await alice.ringing.getByText('your call will be put on hold').waitFor();
    await alice.answer();
    await alice.sees('active', carol);
    await bob.seesStatus('put you on hold');
    await alice.press('Swap to bob');
    await alice.sees('active', bob);
    await carol.seesStatus('put you on hold');
    await Promise.all([alice.hears(), bob.hears()]);
    await alice.press('Hang up');
    await alice.sees('active', carol);
    await alice.press('Hang up');
    await Promise.all([alice.seesNoCall(), bob.seesNoCall(), carol.seesNoCall()]);
  });
});
