// Browsers against ICE-lite, DTLS, SRTP and RTCP together: their sound comes back to them, their RTCP is answered, and an ICE
// restart interrupts nothing.
import { networkInterfaces } from 'node:os';
import type { Browser as ChromiumBrowser } from 'playwright-core';
import puppeteer, { type Browser as FirefoxBrowser } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { EchoLeg } from '../support/echo-leg.ts';
import { describeWith, peerPath } from '../support/peer.ts';
import { launchChromium } from './person.ts';

type Evaluate = (script: string) => Promise<unknown>;

const OFFER = `(async () => {
  const context = new AudioContext();
  const tone = context.createOscillator();
  const to = context.createMediaStreamDestination();
  tone.connect(to);
  tone.start();
  window.pc = new RTCPeerConnection();
  pc.addTransceiver(to.stream.getAudioTracks()[0], { direction: 'sendrecv' });
  pc.ontrack = ({ track }) => {
    window.audio = new Audio();
    audio.srcObject = new MediaStream([track]);
    audio.play().catch(() => {});
  };
  await pc.setLocalDescription();
  await new Promise((resolve) => {
    if (pc.iceGatheringState === 'complete') resolve();
    pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && resolve();
  });
  return pc.localDescription.sdp;
})()`;

const RESTART = `(async () => {
  pc.restartIce();
  await pc.setLocalDescription();
  return pc.localDescription.sdp;
})()`;

const STATS = `(async () => {
  const found = { packets: 0, energy: 0, roundTrip: undefined };
  for (const stats of (await pc.getStats()).values()) {
    if (stats.type === 'inbound-rtp') {
      found.packets += stats.packetsReceived;
      found.energy += stats.totalAudioEnergy ?? 0;
    }
    if (stats.type === 'remote-inbound-rtp') found.roundTrip = stats.roundTripTime ?? found.roundTrip;
  }
  return JSON.stringify(found);
})()`;

interface Stats {
  packets: number;
  energy: number;
  roundTrip?: number;
}

/** Firefox has no candidate on loopback, and pairs none of its own with one there. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

async function statsOnce(evaluate: Evaluate, accept: (stats: Stats) => boolean, leg: EchoLeg): Promise<Stats> {
  const end = Date.now() + 15_000;
  for (;;) {
    const stats = JSON.parse(String(await evaluate(STATS))) as Stats;
    if (accept(stats)) return stats;
    if (Date.now() > end) throw new Error(`${JSON.stringify(stats)} ${leg.story} ${JSON.stringify([...leg.refusals])}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

const apply = (evaluate: Evaluate, answer: string): Promise<unknown> =>
  evaluate(`pc.setRemoteDescription({ type: 'answer', sdp: ${JSON.stringify(answer)} }).then(() => 0)`);

function tests(name: string, evaluate: () => Evaluate, address: string): void {
  for (const srtpProfile of ['SRTP_AES128_CM_HMAC_SHA1_80', 'SRTP_AEAD_AES_128_GCM'] as const) {
    test(`${name} hears itself through ${srtpProfile}, before and after an ICE restart`, async () => {
      const page = evaluate();
      const leg = await EchoLeg.open({ srtpProfiles: [srtpProfile] }, address);
      try {
        await apply(page, leg.answer(String(await page(OFFER))));
        const stats = await statsOnce(
          page,
          ({ packets, energy, roundTrip }) => packets > 100 && energy > 0 && roundTrip !== undefined,
          leg,
        );
        expect(stats.roundTrip).toBeLessThan(1);
        expect(leg.heard.some(({ type }) => type === 'SR')).toBe(true);
        expect(leg.story).toEqual(['ice valid', 'ice selected', 'dtls connected']);

        const before = leg.agent.local.ufrag;
        await apply(page, leg.answer(String(await page(RESTART))));
        await statsOnce(page, ({ packets }) => packets > stats.packets + 100, leg);
        expect(leg.agent.answersTo(before)).toBe(false);
        expect(leg.agent.selected).toBeDefined();
        expect([...leg.refusals]).toEqual([]);
        expect(leg.statistics!.lost, leg.story.join()).toBeLessThanOrEqual(0);
      } finally {
        await page('pc.close()');
        leg.close();
      }
    });
  }
}

describeWith(['chromium'], 'An echo for Chromium', () => {
  let browser: ChromiumBrowser;
  let evaluate: Evaluate;
  beforeAll(async () => {
    browser = await launchChromium();
    const page = await browser.newPage();
    evaluate = (script) => page.evaluate(script);
  });
  afterAll(() => browser?.close());
  tests('Chromium', () => evaluate, '127.0.0.1');
});

describeWith(['firefox'], 'An echo for Firefox', () => {
  let browser: FirefoxBrowser;
  let evaluate: Evaluate;
  beforeAll(async () => {
    browser = await puppeteer.launch({
      browser: 'firefox',
      protocol: 'webDriverBiDi',
      executablePath: peerPath('firefox'),
      headless: true,
      extraPrefsFirefox: {
        'media.peerconnection.ice.obfuscate_host_addresses': false,
        'media.autoplay.default': 0,
        'media.autoplay.blocking_policy': 0,
      },
    });
    const page = await browser.newPage();
    evaluate = (script) => page.evaluate(script);
  });
  afterAll(() => browser?.close());
  tests('Firefox', () => evaluate, ownAddress());
});
