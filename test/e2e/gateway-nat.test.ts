// Somebody at home or in a hotel: the page is behind a symmetric NAT, which lets UDP pass or does not; the phone is on the
// server's side. Nothing is set for it: the page has its TURN servers from the server, as ever.
import type { Browser } from 'playwright-core';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { Baresip } from '../support/baresip.ts';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { type NattedNetwork, nattedNetwork, nattedNetworkMissing } from '../support/natted-network.ts';
import { describeWith, peerPath } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { launchChromium, PATIENCE, Person } from './person.ts';

describeWith(
  ['chromium', 'baresip', 'ip', 'iptables'],
  'a page behind a symmetric NAT and a phone',
  () => {
    let network: NattedNetwork;
    let chappe: Chappe;
    let browser: Browser;
    let alice: Person | undefined;
    let phone: Baresip;

    beforeAll(async () => {
      network = nattedNetwork();
      const port = await freePort();
      const at = `${network.address}:${port}`;
      const web = `${network.address}:${await freePort()}`;
      chappe = await startChappe({
        config: {
          web: { listen: web },
          turn: { listen: [`udp:${at}`, `tcp:${at}`] },
          media: { listen: at, rtp: { address: '127.0.0.1' } },
        },
      });
      browser = await launchChromium({
        program: network.wrap(peerPath('chromium')),
        // A page has a microphone only over https, or where it is told to trust.
        args: [`--unsafely-treat-insecure-origin-as-secure=http://${web}`],
      });
      phone = await Baresip.start({
        name: 'bob',
        password: 'bob-password',
        domain: chappe.ready.domain,
        server: chappe.sip('udp').text,
      });
    });
    afterEach(async () => {
      await alice?.context.close();
      alice = undefined;
    });
    afterAll(async () => {
      await browser?.close();
      await phone?.stop();
      await chappe?.stop();
      network?.close();
    });

    async function talk(path: RegExp): Promise<void> {
      alice = await Person.open(browser, chappe.ready.web, { name: 'alice', password: 'alice-password' });
      let from = phone.mark();
      await alice.page.getByLabel('Name, number or address').fill('bob');
      await alice.page.keyboard.press('Enter');
      await phone.event('CALL_INCOMING', from, PATIENCE);
      await phone.command('accept');
      await alice.sees('active');
      await Promise.all([alice.hears(), phone.hears(0.5)]);
      expect((await alice.media()).path).toMatch(path);
      await phone.command('hangup');
      await alice.seesNoCall();

      from = phone.mark();
      await phone.command('dial', `sip:alice@${chappe.ready.domain}`);
      await alice.answer();
      await phone.event('CALL_ESTABLISHED', from, PATIENCE);
      await Promise.all([alice.hears(), phone.hears(0.5)]);
      await alice.press('Hang up');
      await phone.event('CALL_CLOSED', from);
      expect(phone.loudness()).toBeGreaterThan(500);
    }

    test('hear each other, whoever calls, where UDP passes', () => talk(/^(prflx|srflx|host|relay udp)$/));

    test('hear each other, whoever calls, where no UDP passes: by TURN over TCP', async () => {
      network.udp('dropped');
      try {
        await talk(/^relay (tcp|tls)$/);
      } finally {
        network.udp('passes');
      }
    });
  },
  nattedNetworkMissing(),
);
