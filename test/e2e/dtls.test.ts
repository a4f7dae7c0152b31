// Browsers against a bare DTLS endpoint behind ICE-lite: their hellos (DTLS 1.3 offered), both roles, and that what they then
// send is SRTP under the keys that came of it.
import { networkInterfaces } from 'node:os';
import type { Browser as ChromiumBrowser } from 'playwright-core';
import puppeteer, { type Browser as FirefoxBrowser } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { authentic, MediaLeg } from '../support/media-leg.ts';
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
  pc.addTransceiver(to.stream.getAudioTracks()[0], { direction: 'sendonly' });
  await pc.setLocalDescription();
  await new Promise((resolve) => {
    if (pc.iceGatheringState === 'complete') resolve();
    pc.onicegatheringstatechange = () => pc.iceGatheringState === 'complete' && resolve();
  });
  return pc.localDescription.sdp;
})()`;

/** Firefox has no candidate on loopback, and pairs none of its own with one there. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

async function until(condition: () => boolean, what: () => string): Promise<void> {
  const end = Date.now() + 8_000;
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Not in time: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** A call from the page to a leg in this role, up to authentic media; then the leg hangs up. */
async function call(evaluate: Evaluate, leg: MediaLeg, role: 'client' | 'server'): Promise<void> {
  const offer = String(await evaluate(OFFER));
  const answer = JSON.stringify(leg.answer(offer));
  await evaluate(`pc.setRemoteDescription({ type: 'answer', sdp: ${answer} }).then(() => 0)`);
  await until(
    () => leg.events.length > 0 && leg.rtp.length > 20,
    () => `${JSON.stringify(leg.events)} rtp ${leg.rtp.length}`,
  );
  const [event] = leg.events;
  if (event?.type !== 'connected') throw new Error(JSON.stringify(event));
  expect(await evaluate('pc.getSenders()[0].transport.state')).toBe('connected');
  const { srtpProfile, keyingMaterial } = event;
  const media = leg.rtp.filter((packet) => (packet[1]! & 0x7f) < 64 || (packet[1]! & 0x7f) > 95);
  expect(media.length).toBeGreaterThan(10);
  for (const packet of media) expect(authentic(packet, role, srtpProfile, keyingMaterial)).toBe(true);
  expect(authentic(media[0]!, role === 'client' ? 'server' : 'client', srtpProfile, keyingMaterial)).toBe(false);
  leg.close();
  await evaluate(`new Promise((resolve) => {
    const { transport } = pc.getSenders()[0];
    if (transport.state === 'closed') resolve(0);
    transport.onstatechange = () => transport.state === 'closed' && resolve(0);
  })`);
  await evaluate('pc.close()');
}

function tests(name: string, evaluate: () => Evaluate, address: string): void {
  for (const role of ['server', 'client'] as const) {
    for (const srtpProfile of ['SRTP_AES128_CM_HMAC_SHA1_80', 'SRTP_AEAD_AES_128_GCM'] as const) {
      test(`${name} meets our ${role} on ${srtpProfile}, and goes when it says close_notify`, async () => {
        const leg = await MediaLeg.open(role, { srtpProfiles: [srtpProfile] }, address);
        await call(evaluate(), leg, role);
      });
    }
  }
}

describeWith(['chromium'], 'DTLS with Chromium', () => {
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

describeWith(['firefox'], 'DTLS with Firefox', () => {
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
