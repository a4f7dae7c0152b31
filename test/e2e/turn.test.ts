// Browsers forced to relay: two peer connections of one page, whose audio, video and data only go through our TURN server, with
// the ICE servers that POST /api/credentials hands out.
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Authority, makeAuthority } from '../support/authority.ts';
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

const address = ownAddress();
const name = 'rtc.example.test';

interface Heard {
  relayProtocol: string[];
  local: string[];
  frames: number;
  /** At each end. */
  audio: number[];
  data: string;
}

/** Calls itself through these servers; resolves when audio has come both ways, and video and data. */
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
  for (const end of [one, two]) end.ontrack = ({ track }) => {
    const element = document.createElement(track.kind);
    element.srcObject = new MediaStream([track]);
    element.autoplay = true;
    document.body.append(element);
    element.play().catch(() => {});
  };
  two.addTrack(microphone.getAudioTracks()[0], microphone);
  await one.setLocalDescription();
  await two.setRemoteDescription(one.localDescription);
  await two.setLocalDescription();
  await one.setRemoteDescription(two.localDescription);
  const end = performance.now() + 20_000;
  const heard = { relayProtocol: [], local: [], frames: 0, audio: [0, 0], data: '' };
  while (performance.now() < end) {
    const stats = [...(await two.getStats()).values()];
    const pairs = stats.filter((each) => each.type === 'candidate-pair' && each.state === 'succeeded' && each.nominated);
    const locals = pairs.map(({ localCandidateId }) => stats.find(({ id }) => id === localCandidateId));
    heard.local = [...new Set(locals.map((each) => each.candidateType))];
    heard.relayProtocol = [...new Set(locals.map((each) => each.relayProtocol))];
    const inbound = (stats, kind) => stats.find((each) => each.type === 'inbound-rtp' && each.kind === kind);
    const back = [...(await one.getStats()).values()];
    heard.frames = inbound(stats, 'video')?.framesDecoded ?? 0;
    heard.audio = [stats, back].map((each) => inbound(each, 'audio')?.totalAudioEnergy ?? 0);
    heard.data = data;
    if (heard.frames > 5 && Math.min(...heard.audio) > 0 && data) break;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  clearInterval(painting);
  one.close();
  two.close();
  microphone.getTracks()[0].stop();
  return JSON.stringify(heard);
})()`;

/** What a page that is signed in is handed out. */
const signIn = `(async () => {
  const post = (path, body) =>
    fetch(path, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
  await post('/api/session', { name: 'alice', password: 'alice-password' });
  return (await post('/api/credentials', {})).text();
})()`;

type Issued = Array<{ urls: string[]; username: string; credential: string }>;

/** `host`: what the server is called, `address` or `name`. */
function tests(
  host: string,
  launch: (authority: Authority) => Promise<{ newPage(): Promise<Page>; close(): Promise<void> }>,
): void {
  let server: Chappe;
  let authority: Authority;
  let browser: Awaited<ReturnType<typeof launch>>;
  let page: Page;
  let issued: Issued;

  beforeAll(async () => {
    authority = makeAuthority({ host: name, address });
    const [web, turn, turns] = [await freePort(), await freePort(), await freePort()].map(
      (port) => `${address}:${port}`,
    );
    server = await startChappe({
      config: {
        public: { host },
        web: { listen: web, tls: authority.tls },
        turn: { listen: [`udp:${turn}`, `tcp:${turn}`, `tls:${turns}`] },
      },
    });
    browser = await launch(authority);
    page = await browser.newPage();
    await page.goto(`${server.ready.web.replace(address, host)}/healthz`); // a secure context, with nothing of its own
    issued = (JSON.parse(String(await page.evaluate(signIn))) as { iceServers: Issued }).iceServers;
  });
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
    authority?.remove();
  });

  const relays = {
    UDP: { url: /^turn:.*transport=udp$/, relayProtocol: 'udp', nth: 0 },
    TCP: { url: /^turn:.*transport=tcp$/, relayProtocol: 'tcp', nth: 0 },
    TLS: { url: /^turns:.*transport=tcp$/, relayProtocol: 'tls', nth: 0 },
    'TLS, on the web port': { url: /^turns:.*transport=tcp$/, relayProtocol: 'tls', nth: 1 },
  };
  for (const [transport, { url, relayProtocol, nth }] of Object.entries(relays)) {
    test(`audio, video and data arrive with TURN over ${transport}`, async () => {
      const [only] = issued.map((each) => ({ ...each, urls: [each.urls.filter((each) => url.test(each))[nth]] }));
      const heard = JSON.parse(String(await page.evaluate(call([only])))) as Heard;
      expect(heard.frames, JSON.stringify(heard)).toBeGreaterThan(5);
      expect(Math.min(...heard.audio), JSON.stringify(heard)).toBeGreaterThan(0);
      expect(heard).toMatchObject({ data: 'through the relay', local: ['relay'] });
      expect(heard.relayProtocol).toEqual([relayProtocol]);
    });
  }

  test('with all that was handed out, as it was handed out', async () => {
    const heard = JSON.parse(String(await page.evaluate(call(issued)))) as Heard;
    expect(heard, JSON.stringify(heard)).toMatchObject({ data: 'through the relay', local: ['relay'] });
  });
}

// By address: the name that a rule of ours resolves is unknown to its STUN and TURN over UDP.
describeWith(['chromium', 'openssl', 'certutil'], 'Chromium forced to relay', () => {
  tests(address, ({ home }) => launchChromium({ home }));
});

// By name: it does TLS with no TURN server that it knows by an address alone.
describeWith(['firefox', 'openssl', 'certutil'], 'Firefox forced to relay', () => {
  tests(name, ({ profile }) => launchFirefox({ profile, preferences: { 'network.dns.forceResolve': address } }));
});
