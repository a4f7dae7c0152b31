// Browsers forced to relay: two peer connections of one page, whose audio, video and data only go through our TURN server, with
// the ICE servers that POST /api/credentials hands out.
import { networkInterfaces } from 'node:os';
import type { Browser as ChromiumBrowser } from 'playwright-core';
import type { Browser as FirefoxBrowser } from 'puppeteer-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { launchFirefox } from '../support/firefox.ts';
import { describeWith } from '../support/peer.ts';
import { freePort } from '../support/ports.ts';
import { launchChromium } from './person.ts';

interface Page {
  goto(url: string): Promise<unknown>;
  evaluate(script: string): Promise<unknown>;
}

/** Browsers have no candidates on loopback, so TURN listens on the machine's own address. */
function ownAddress(): string {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return addresses.find(({ family, internal }) => family === 'IPv4' && !internal)?.address ?? '127.0.0.1';
}

interface Heard {
  relayProtocol: string[];
  local: string[];
  frames: number;
  audio: number;
  data: string;
}

/** Calls itself through these servers; resolves when audio, video and data have come. */
const call = (iceServers: unknown) => `(async () => {
  const iceServers = ${JSON.stringify(iceServers)};
  const one = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
  const two = new RTCPeerConnection({ iceServers, iceTransportPolicy: 'relay' });
  one.onicecandidate = ({ candidate }) => candidate && two.addIceCandidate(candidate);
  two.onicecandidate = ({ candidate }) => candidate && one.addIceCandidate(candidate);
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const canvas = Object.assign(document.createElement('canvas'), { width: 160, height: 120 });
  const paint = canvas.getContext('2d');
  const painting = setInterval(() => {
    paint.fillStyle = '#' + Math.floor(Math.random() * 4096).toString(16).padStart(3, '0');
    paint.fillRect(0, 0, 160, 120);
  }, 66);
  one.addTrack(microphone.getAudioTracks()[0], microphone);
  one.addTrack(canvas.captureStream(15).getVideoTracks()[0], microphone);
  const channel = one.createDataChannel('data');
  let data = '';
  channel.onopen = () => channel.send('through the relay');
  two.ondatachannel = (event) => { event.channel.onmessage = (message) => { data = message.data; }; };
  two.ontrack = ({ track }) => {
    const element = document.createElement(track.kind);
    element.srcObject = new MediaStream([track]);
    element.autoplay = true;
    document.body.append(element);
    element.play().catch(() => {});
  };
  await one.setLocalDescription();
  await two.setRemoteDescription(one.localDescription);
  await two.setLocalDescription();
  await one.setRemoteDescription(two.localDescription);
  const end = performance.now() + 20_000;
  const heard = { relayProtocol: [], local: [], frames: 0, audio: 0, data: '' };
  while (performance.now() < end) {
    const stats = [...(await two.getStats()).values()];
    const pairs = stats.filter((each) => each.type === 'candidate-pair' && each.state === 'succeeded' && each.nominated);
    const locals = pairs.map(({ localCandidateId }) => stats.find(({ id }) => id === localCandidateId));
    heard.local = [...new Set(locals.map((each) => each.candidateType))];
    heard.relayProtocol = [...new Set(locals.map((each) => each.relayProtocol))];
    for (const each of stats) {
      if (each.type !== 'inbound-rtp') continue;
      if (each.kind === 'video') heard.frames = each.framesDecoded ?? 0;
      else heard.audio = each.totalAudioEnergy ?? 0;
    }
    heard.data = data;
    if (heard.frames > 5 && heard.audio > 0 && data) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  clearInterval(painting);
  one.close();
  two.close();
  microphone.getTracks()[0].stop();
  return JSON.stringify(heard);
})()`;

function tests(page: () => Page): void {
  let server: Chappe;
  let issued: { uris: string[]; iceServers: Array<{ urls: string[]; username: string; credential: string }> };

  beforeAll(async () => {
    const at = `${ownAddress()}:${await freePort()}`;
    server = await startChappe({
      config: { turn: { listen: [`udp:${at}`, `tcp:${at}`] } },
    });
    const { web } = server.ready;
    const headers = { 'content-type': 'application/json', origin: web };
    const signedIn = await fetch(`${web}/api/session`, {
      method: 'POST',
      headers,
      body: JSON.stringify({ name: 'alice', password: 'alice-password' }),
    });
    const cookie = signedIn.headers.getSetCookie()[0]?.split(';')[0] ?? '';
    const answer = await fetch(`${web}/api/credentials`, {
      method: 'POST',
      headers: { ...headers, cookie },
      body: '{}',
    });
    issued = (await answer.json()) as typeof issued;
    await page().goto(`${web}/healthz`); // a secure context, with nothing of its own
  });
  afterAll(() => server?.stop());

  for (const transport of ['udp', 'tcp'] as const) {
    test(`audio, video and data arrive with TURN over ${transport.toUpperCase()}`, async () => {
      const only = issued.iceServers.map((each) => ({
        ...each,
        urls: each.urls.filter((url) => url.endsWith(`transport=${transport}`)),
      }));
      expect(only[0]?.urls).toHaveLength(1);
      const heard = JSON.parse(String(await page().evaluate(call(only)))) as Heard;
      expect(heard.frames, JSON.stringify(heard)).toBeGreaterThan(5);
      expect(heard.audio, JSON.stringify(heard)).toBeGreaterThan(0);
      expect(heard).toMatchObject({ data: 'through the relay', local: ['relay'] });
      expect(heard.relayProtocol).toEqual([transport]);
    });
  }

  test('with all that was handed out, as it was handed out', async () => {
    const heard = JSON.parse(String(await page().evaluate(call(issued.iceServers)))) as Heard;
    expect(heard, JSON.stringify(heard)).toMatchObject({ data: 'through the relay', local: ['relay'] });
  });
}

describeWith(['chromium'], 'Chromium forced to relay', () => {
  let browser: ChromiumBrowser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchChromium();
    page = await browser.newPage();
  });
  afterAll(() => browser?.close());
  tests(() => page);
});

describeWith(['firefox'], 'Firefox forced to relay', () => {
  let browser: FirefoxBrowser;
  let page: Page;
  beforeAll(async () => {
    browser = await launchFirefox();
    page = await browser.newPage();
  });
  afterAll(() => browser?.close());
  tests(() => page);
});
