import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { describeWith } from '../support/peer.ts';
import { type Account, launchChromium, PATIENCE, Person } from './person.ts';

describeWith(['chromium'], 'people at the page', () => {
  let chappe: Chappe;
  let browser: Browser;
  let accounts: Account[];
  let alice: Person;
  let bob: Person;

  beforeAll(async () => {
    // As on a newcomer's machine: no configuration but free ports, and the accounts that the first run makes.
    const config = { domain: undefined, accounts: undefined, auth: undefined, web: { listen: '127.0.0.1:0' } };
    [chappe, browser] = await Promise.all([startChappe({ config }), launchChromium()]);
    await chappe.program.waitFor(/"event":"account"(.|\n)*"event":"account".*\n/);
    accounts = chappe.program.stdout
      .split('\n')
      .filter((line) => line.startsWith('{"event":"account"'))
      .map((line) => JSON.parse(line) as Account);
    alice = await Person.open(browser, chappe.ready.web, accounts[0]!);
    bob = await Person.open(browser, chappe.ready.web, accounts[1]!);
  });

  afterAll(async () => {
    await browser?.close();
    await chappe?.stop();
  });

  test('a wrong password is told, and the right one then signs in', async () => {
    const context = await browser.newContext();
    const page = await context.newPage();
    await page.goto(chappe.ready.web);
    await page.getByLabel('Name', { exact: true }).fill(alice.name);
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('Name and password do not match.').first().waitFor();
    await page.getByLabel('Password').fill(accounts[0]!.password);
    await page.keyboard.press('Enter');
    await page.locator('[data-testid=connection][data-state=registered]').waitFor();
    await context.close();
  });

  test('two people who signed in with the printed accounts talk with sound and picture, both ways', async () => {
    await alice.call(bob, { video: true });
    await alice.seesStatus('Ringing');
    await bob.ringing.getByText('Video call').waitFor();
    await bob.answer();
    await Promise.all([alice.sees('active', bob), bob.sees('active', alice)]);
    await Promise.all([alice.hears(), bob.hears(), alice.seesPicture(), bob.seesPicture()]);
    await alice.page
      .getByRole('timer')
      .first()
      .filter({ hasText: /^0:(0[2-9]|[1-5]\d)$/ })
      .waitFor();
  });

  test('the quality of the call is shown in bars, and in numbers to who wants them', async () => {
    const quality = alice.page.getByRole('img', {
      name: /connection: sound opus \d+ kbit\/s, picture \w+ \d+ kbit\/s \d+×\d+/,
    });
    await quality.waitFor();
  });

  test('mute is silence for the other one, until it is undone', async () => {
    await alice.press('Mute');
    await bob.hearsNothing();
    await alice.press('Mute');
    await bob.hears();
  });

  test('the camera goes off and on again', async () => {
    await alice.press('Camera off');
    await bob.page.locator('video.call-remote').waitFor({ state: 'detached' });
    await alice.press('Camera on');
    await bob.seesPicture();
  });

  test('a shared screen takes the place of the camera, which comes back after', async () => {
    await alice.press('Share screen');
    await alice.page.getByLabel('Your screen, as others see it').waitFor();
    await bob.seesPicture();
    await alice.press('Share screen');
    await alice.page.getByLabel('Your own picture').waitFor();
    await bob.seesPicture();
  });

  test('hold silences both, says so to both, and resume brings sound and picture back', async () => {
    await alice.press('Hold');
    await alice.seesStatus('On hold');
    await bob.seesStatus('put you on hold');
    await Promise.all([alice.hearsNothing(), bob.hearsNothing()]);
    await alice.press('Hold');
    await Promise.all([alice.hears(), bob.hears(), alice.seesPicture(), bob.seesPicture()]);
  });

  test('the keypad sends tones, by its buttons and by the keyboard', async () => {
    await alice.press('Keypad');
    const keypad = alice.page.getByRole('dialog', { name: 'Keypad' });
    await keypad.getByRole('button', { name: '4', exact: true }).click();
    await keypad.getByRole('button', { name: 'hash' }).click();
    await alice.page.keyboard.press('2');
    await keypad.getByTestId('tones').filter({ hasText: '4#2' }).waitFor();
    await expect.poll(async () => (await alice.media()).tones, { timeout: PATIENCE }).toMatch(/2$/);
    await alice.page.keyboard.press('Escape');
    await keypad.waitFor({ state: 'detached' });
  });

  test('messages go both ways beside the call', async () => {
    await alice.press('Messages');
    await alice.page.getByLabel(`Message to ${bob.name}`).fill('Grüße 👋');
    await alice.page.keyboard.press('Enter');
    await bob.press(/^Messages/);
    await bob.page.getByRole('list', { name: 'Messages' }).getByText('Grüße 👋').waitFor();
    await bob.page.getByLabel(`Message to ${alice.name}`).fill('I see you');
    await bob.page.keyboard.press('Enter');
    await alice.page.getByRole('list', { name: 'Messages' }).getByText('I see you').waitFor();
    await alice.press('Close messages');
    await bob.press('Close messages');
  });

  test('the keyboard alone mutes and hangs up', async () => {
    await alice.page.getByTestId('call').focus();
    await alice.page.keyboard.press('m');
    await alice.page.getByRole('button', { name: 'Mute', pressed: true }).waitFor();
    await alice.page.keyboard.press('Shift+E');
    await Promise.all([alice.seesNoCall(), bob.seesNoCall()]);
  });

  test('a declined call ends for the caller, who is told why', async () => {
    await alice.call(bob);
    await bob.ringing.getByRole('button', { name: 'Decline' }).click();
    await alice.seesNotice(`${bob.name} declined the call.`);
    await Promise.all([alice.seesNoCall(), bob.seesNoCall()]);
  });

  test('a caller who gives up stops the ringing', async () => {
    await alice.call(bob);
    await bob.ringing.waitFor();
    await alice.press('Hang up');
    await Promise.all([alice.seesNoCall(), bob.seesNoCall(), bob.seesNotice(`Missed call from ${alice.name}.`)]);
  });

  test('a number that nobody has is told so', async () => {
    await alice.page.getByLabel('Name, number or address').fill('nobody');
    await alice.page.keyboard.press('Enter');
    await alice.seesNotice(/nobody/);
    await alice.seesNoCall();
  });

  test('a call survives the loss of the signalling connection', async () => {
    await alice.call(bob);
    await bob.answer();
    await Promise.all([alice.sees('active'), bob.sees('active')]);
    for (const person of [alice, bob]) await person.loseConnection();
    await alice.press('Hold');
    await bob.seesStatus('put you on hold');
    await alice.press('Hold');
    await Promise.all([alice.hears(), bob.hears()]);
    await bob.loseConnection();
    await alice.loseConnection();
    await bob.press('Hang up');
    await Promise.all([alice.seesNoCall(), bob.seesNoCall()]);
  });

  test('one person at two windows: both ring, and answering at one ends the ringing at the other', async () => {
    const second = await Person.open(browser, chappe.ready.web, accounts[1]!);
    const missed = bob.page.getByText('Missed call');
    await expect.poll(() => missed.count(), { timeout: PATIENCE }).toBe(0); // that of the call before is gone
    await alice.call(bob);
    await Promise.all([bob.ringing.waitFor(), second.ringing.waitFor()]);
    await second.answer();
    await Promise.all([alice.sees('active'), second.sees('active'), bob.seesNoCall()]);
    expect(await missed.count()).toBe(0);
    await Promise.all([alice.hears(), second.hears()]);
    // A window that is closed takes its leave: the other side is not left talking to nobody.
    await second.page.close({ runBeforeUnload: true });
    await alice.seesNoCall();
    await second.context.close();
  });

  test('who signs out is shown as offline', async () => {
    const contact = alice.page.getByTestId(`contact-${bob.name}`);
    await contact.getByRole('button', { name: `Call ${bob.name}`, exact: true }).waitFor();
    await bob.press('Sign out');
    await bob.page.getByRole('button', { name: 'Sign in' }).waitFor();
    await contact.getByRole('button', { name: `Call ${bob.name}`, exact: true }).waitFor({ state: 'detached' });
    await bob.page.reload();
    await bob.page.getByRole('button', { name: 'Sign in' }).waitFor();
  });

  test('the pages have nothing to complain of', () => {
    // The first question for credentials, before sign-in, is answered 401, and Chromium reports that.
    const known = /status of 401|status of 404|ERR_INTERNET_DISCONNECTED/;
    for (const person of [alice, bob]) expect(person.complaints.filter((text) => !known.test(text))).toEqual([]);
  });
});
