// A browser's page and a phone with plain RTP hear each other through the embedded media engine: on a UDP port of its own, on
// the one that it shares with TURN, and through TURN. Without SIP: descriptions go from hand to hand.
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser as ChromiumBrowser } from 'playwright-core';
import type { Browser as FirefoxBrowser } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { EmbeddedEngine } from '../../src/server/media/embedded/embedded-engine.ts';
import { listenForMedia } from '../../src/server/media/embedded/own-socket.ts';
import { StunServer } from '../../src/server/turn/stun-server.ts';
import { TurnServer } from '../../src/server/turn/turn-server.ts';
import { nativeClock } from '../../src/transport/clock.ts';
import { primitives } from '../../src/transport/primitives.ts';
import { launchFirefox } from '../support/firefox.ts';
import { ownAddress } from '../support/gateway-stage.ts';
import { describeWith } from '../support/peer.ts';
import { RtpPhone } from '../support/rtp-phone.ts';
import { launchChromium } from './person.ts';

/** A microphone takes a secure context, such as localhost. */
const pages = createServer((_request, response) => response.setHeader('content-type', 'text/html').end('<html>'));
let url: string;
beforeAll(async () => {
  pages.listen(0, '127.0.0.1');
  await once(pages, 'listening');
  url = `http://localhost:${(pages.address() as AddressInfo).port}`;
});
afterAll(() => void pages.close());

type Evaluate = (script: string) => Promise<unknown>;

/** Of 16-bit samples: the pages' fake microphones are far above. */
const LOUD = 100;
const REALM = 'example.test';
const PATIENCE = 20_000;

interface Server {
  engine: EmbeddedEngine;
  /** For RTCPeerConnection. */
  iceServers: unknown[];
  /** Default `relay`, where there are servers: the page is to go through TURN. */
  policy?: 'all' | 'relay';
  close(): Promise<void>;
}

async function start(address: string, port: 'own' | 'shared' | 'both'): Promise<Server> {
  const ports = { first: 40_000, last: 44_999 };
  const engine = new EmbeddedEngine({
    addresses: { listen: address, rtp: ['127.0.0.1'], publicAddress: undefined },
    ports,
  });
  const stun = new StunServer();
  if (port === 'own') {
    const shared = engine.shared.add();
    const socket = listenForMedia({ address, port: 0 }, shared, stun.respond);
    shared.attach(socket);
    return {
      engine,
      iceServers: [],
      close: async () => {
        await engine.close();
        await socket.close();
      },
    };
  }
  const turn = new TurnServer({
    realm: REALM,
    credentials: {
      keys: (_username, algorithm) => {
        const hash = createHash(algorithm === 'MD5' ? 'md5' : 'sha256');
        return { keys: [hash.update(`alice:${REALM}:secret1`).digest('binary')], account: 'alice' };
      },
    },
    primitives,
    clock: nativeClock,
    binding: stun.respond,
    relay: { addresses: [{ family: 4, bind: address, advertised: address }], ports: { first: 45_000, last: 49_000 } },
    isMediaPort: (each) => engine.isMediaPort(each),
  });
  const shared = engine.shared.add();
  const socket = await turn.listenUdp({ address, port: 0 }, shared);
  shared.attach(socket);
  const beside = engine.shared.add();
  const own = port === 'both' ? listenForMedia({ address, port: 0 }, beside, stun.respond) : undefined;
  if (own !== undefined) beside.attach(own);
  const at = `${address}:${socket.endpoint.port}`;
  return {
    engine,
    iceServers: [{ urls: [`stun:${at}`, `turn:${at}`], username: 'alice', credential: 'secret1' }],
    close: async () => {
      await turn.close();
      await engine.close();
      await own?.close();
    },
  };
}

const connection = ({ iceServers, policy = iceServers.length > 0 ? 'relay' : 'all' }: Server) => `(async () => {
  const asItIs = { echoCancellation: false, noiseSuppression: false, autoGainControl: false };
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: asItIs });
  window.pc = new RTCPeerConnection(${JSON.stringify({ iceServers, iceTransportPolicy: policy })});
  pc.addTrack(microphone.getAudioTracks()[0], microphone);
  pc.ontrack = ({ track }) => {
    window.audio = new Audio();
    audio.srcObject = new MediaStream([track]);
    audio.play().catch(() => {});
  };
})()`;

const DESCRIBED = `new Promise((resolve) => {
  const done = () => pc.iceGatheringState === 'complete' && resolve(pc.localDescription.sdp);
  pc.onicegatheringstatechange = done;
  done();
})`;

const OFFER = `pc.setLocalDescription().then(() => ${DESCRIBED})`;
const remote = (type: string, sdp: string) => `pc.setRemoteDescription(${JSON.stringify({ type, sdp })}).then(() => 0)`;
const ANSWER = OFFER;

const HEARD = `(async () => {
  const found = { energy: 0, packets: 0, decoded: 0 };
  for (const stats of (await pc.getStats()).values()) {
    if (stats.type !== 'inbound-rtp') continue;
    found.packets += stats.packetsReceived;
    found.energy += stats.totalAudioEnergy ?? 0;
    found.decoded += stats.totalSamplesReceived ?? 0;
  }
  return JSON.stringify(found);
})()`;

/** `host`, `srflx`, `prflx` or `relay`: the page's end of the pair that carries the media. */
const WAY = `(async () => {
  const all = await pc.getStats();
  const pair = [...all.values()].find(({ type, nominated, state }) =>
    type === 'candidate-pair' && nominated && state === 'succeeded');
  return all.get(pair.localCandidateId).candidateType;
})()`;

async function bothHear(page: Evaluate, phone: RtpPhone): Promise<void> {
  const end = performance.now() + PATIENCE;
  let heard = { energy: 0, packets: 0 };
  while (performance.now() < end) {
    heard = JSON.parse(String(await page(HEARD)));
    if (heard.energy > 0 && heard.packets > 50 && phone.heard.length > 50 && phone.loudness > LOUD) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  expect({ ...heard, phone: phone.heard.length, loudness: phone.loudness }).toBe('heard');
}

function parties(address: string) {
  return { page: { profile: 'webrtc', address }, phone: { profile: 'RTP/AVP', address: '127.0.0.1' } } as const;
}

async function pageCalls(page: Evaluate, server: Server, address: string): Promise<void> {
  const phone = await RtpPhone.open();
  const party = parties(address);
  const call = server.engine.open({ callId: 'one', callerTag: 'a', caller: party.page });
  const branch = call.branch(party.phone, () => {});
  try {
    await page(connection(server));
    phone.speakTo(await branch.offer('caller', String(await page(OFFER))));
    const answer = await branch.answer('callee', phone.description);
    branch.confirm();
    const answeredAt = performance.now();
    await page(remote('answer', answer));
    await bothHear(page, phone);
    expect(phone.heardAt! - answeredAt).toBeLessThan(5_000);
    expect((await page(WAY)) === 'relay').toBe(server.iceServers.length > 0 && server.policy !== 'all');
    const statistics = await branch.close();
    expect(statistics).toMatchObject([
      { side: 'caller', codec: 'PCMU' },
      { side: 'callee', codec: 'PCMU', profile: 'RTP/AVP' },
    ]);
    for (const { received } of statistics) expect(received.packets).toBeGreaterThan(50);
  } finally {
    await page('pc.close()');
    await branch.close();
    phone.close();
  }
}

/** Opus on the one side, PCMU on the other: nothing in common. */
async function opusAlone(page: Evaluate, server: Server, address: string): Promise<void> {
  const phone = await RtpPhone.open();
  const party = parties(address);
  const branch = server.engine
    .open({ callId: 'three', callerTag: 'c', caller: party.page })
    .branch(party.phone, () => {});
  try {
    await page(connection(server));
    await page(`pc.getTransceivers()[0].setCodecPreferences(
      RTCRtpReceiver.getCapabilities('audio').codecs.filter(({ mimeType }) => /opus|telephone/.test(mimeType)))`);
    phone.speakTo(await branch.offer('caller', String(await page(OFFER))));
    const answer = await branch.answer('callee', phone.description);
    branch.confirm();
    await page(remote('answer', answer));
    await bothHear(page, phone);
    expect(await branch.statistics()).toMatchObject([
      { side: 'caller', codec: 'opus', dropped: {} },
      { side: 'callee', codec: 'PCMU', dropped: {} },
    ]);
    await page(`pc.getSenders()[0].dtmf.insertDTMF('5', 200)`);
    const end = performance.now() + PATIENCE;
    while (phone.events.length === 0 && performance.now() < end)
      await new Promise((resolve) => setTimeout(resolve, 50));
    expect(phone.events).toMatchObject([{ event: 5 }]);
    expect(Math.abs(phone.events[0]!.length - 200)).toBeLessThan(50);
  } finally {
    await page('pc.close()');
    await branch.close();
    phone.close();
  }
}

async function phoneCalls(page: Evaluate, server: Server, address: string): Promise<void> {
  const phone = await RtpPhone.open();
  const party = parties(address);
  const call = server.engine.open({ callId: 'two', callerTag: 'b', caller: party.phone });
  const branch = call.branch(party.page, () => {});
  try {
    await page(connection(server));
    await page(remote('offer', await branch.offer('caller', phone.description)));
    phone.speakTo(await branch.answer('callee', String(await page(ANSWER))));
    branch.confirm();
    await bothHear(page, phone);
  } finally {
    await page('pc.close()');
    await branch.close();
    phone.close();
  }
}

function tests(evaluate: () => Evaluate, address: string): void {
  describe.each([
    ['a port of its own', 'own'],
    ["TURN's port", 'shared'],
    ["TURN's port and one of its own", 'both'],
  ] as const)('by %s', (_name, port) => {
    let server: Server;
    beforeAll(async () => {
      server = await start(address, port);
    });
    afterAll(() => server.close());
    const direct = () => ({ ...server, iceServers: [] });
    test('the page calls the phone', () => pageCalls(evaluate(), direct(), address));
    test('the phone calls the page', () => phoneCalls(evaluate(), direct(), address));
    if (port === 'own') test('a page with Opus alone, and its digits', () => opusAlone(evaluate(), direct(), address));
    // Chromium, which takes what comes from its STUN server for that server's, sees no answer to its checks there.
    if (port === 'both')
      test('a page that knows STUN and TURN there calls directly', () =>
        pageCalls(evaluate(), { ...server, policy: 'all' }, address));
    if (port === 'shared') test('the page is forced through TURN', () => pageCalls(evaluate(), server, address));
  });
}

describeWith(['chromium'], 'Chromium and a phone', () => {
  let browser: ChromiumBrowser;
  let evaluate: Evaluate;
  beforeAll(async () => {
    browser = await launchChromium();
    const page = await browser.newPage();
    await page.goto(url);
    evaluate = (script) => page.evaluate(script);
  });
  afterAll(() => browser?.close());
  tests(() => evaluate, '127.0.0.1');
});

describeWith(['firefox'], 'Firefox and a phone', () => {
  let browser: FirefoxBrowser;
  let evaluate: Evaluate;
  beforeAll(async () => {
    browser = await launchFirefox();
    const page = await browser.newPage();
    await page.goto(url);
    evaluate = (script) => page.evaluate(script);
  });
  afterAll(() => browser?.close());
  tests(() => evaluate, ownAddress());
});
