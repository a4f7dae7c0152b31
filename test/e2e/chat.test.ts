// Messages on the page, by a person's path: two people at Chromium windows, and what stays when they come back.
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { launchChromium, Person } from './person.ts';

let chappe: Chappe;
let browser: Browser;
let alice: Person;
let bob: Person;

beforeAll(async () => {
  chappe = await startChappe();
  browser = await launchChromium();
  const url = chappe.ready.web.replace('127.0.0.1', 'localhost');
  [alice, bob] = (await Promise.all(
    ['alice', 'bob'].map((name) => Person.open(browser, url, { name, password: `${name}-password` })),
  )) as [Person, Person];
});

afterAll(async () => {
  await browser?.close();
  await chappe?.stop();
});

const messages = ({ page }: Person) => page.getByRole('list', { name: 'Messages' });
const contact = ({ page }: Person, name: string) => page.getByTestId(`contact-${name}`);

async function openConversation(person: Person, name: string): Promise<void> {
  await contact(person, name).getByRole('button').first().click();
  await person.page.getByLabel(`Message to ${name}`).waitFor();
}

async function write(person: Person, to: string, text: string): Promise<void> {
  await person.page.getByLabel(`Message to ${to}`).fill(text);
  await person.page.keyboard.press('Enter');
}

test('a message is counted with whom it is from until it is read, and then its writer knows', async () => {
  await openConversation(alice, 'bob');
  await write(alice, 'bob', 'Grüße 👋');
  await contact(bob, 'alice').getByText('1 unread').waitFor();
  await messages(alice).getByText('Delivered').waitFor();
  await openConversation(bob, 'alice');
  await messages(bob).getByText('Grüße 👋').waitFor();
  await contact(bob, 'alice').getByText('1 unread').waitFor({ state: 'detached' });
  await messages(alice).getByText('Read').waitFor();
});

test('one sees that the other is writing', async () => {
  await bob.page.getByLabel('Message to alice').fill('I am');
  await alice.page.getByText('bob is writing…').waitFor();
  await bob.page.getByLabel('Message to alice').fill('');
  await alice.page.getByText('bob is writing…').waitFor({ state: 'detached' });
  await write(bob, 'alice', 'I am here');
  await messages(alice).getByText('I am here').waitFor();
});

test('a file is sent and can be opened', async () => {
  await alice.page
    .getByLabel('File for bob')
    .setInputFiles({ name: 'plan.txt', mimeType: 'text/plain', buffer: Buffer.from('the plan') });
  const link = messages(bob).getByRole('link', { name: 'plan.txt' });
  await link.waitFor();
  const address = (await link.getAttribute('href')) as string;
  expect(await (await fetch(address)).text()).toBe('the plan');
});

test('who comes back finds the conversation as it was', async () => {
  await bob.page.reload();
  await bob.page.locator('[data-testid=connection][data-state=registered]').waitFor();
  await contact(bob, 'alice').getByText('plan.txt').waitFor();
  await openConversation(bob, 'alice');
  await messages(bob).getByText('Grüße 👋').waitFor();
  await messages(bob).getByText('I am here').waitFor();
});

test('what is written to somebody who is away is there when they sign in', async () => {
  await openConversation(alice, 'carol');
  await write(alice, 'carol', 'for tomorrow');
  await messages(alice).getByText('for tomorrow').waitFor();
  const url = chappe.ready.web.replace('127.0.0.1', 'localhost');
  const carol = await Person.open(browser, url, { name: 'carol', password: 'carol-password' });
  await openConversation(carol, 'alice');
  await messages(carol).getByText('for tomorrow').waitFor();
  expect(await messages(carol).getByRole('listitem').count()).toBe(1);
  await carol.context.close();
});

test('nobody had to complain', () => {
  // A page that is opened asks whether an earlier session still holds, and the answer was no.
  const known = /status of 401/;
  expect([...alice.complaints, ...bob.complaints].filter((text) => !known.test(text))).toEqual([]);
});
