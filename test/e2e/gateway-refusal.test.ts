// A phone that says nothing of itself and refuses what a browser offers: it is asked again, in words that it knows, and
// its early media is heard in the page before it answers.
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { callRecords, startGateway, startPage } from '../support/gateway-stage.ts';
import { overUdp } from '../support/line.ts';
import type { PagePhone } from '../support/page-phone.ts';
import { describeWith } from '../support/peer.ts';
import { rtpPacket } from '../support/rtp-audio.ts';
import { type ScriptPages, serveScripts } from '../support/script-pages.ts';
import { header, User } from '../support/user.ts';
import { launchChromium } from './person.ts';

/** Says a loud tone in PCMU to where a description asks for it, and counts what comes. */
class Speaker {
  readonly socket: Socket;
  heard = 0;
  #timer: NodeJS.Timeout | undefined;
  #sent = 0;

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('message', () => {
      this.heard += 1;
    });
  }

  get description(): string {
    const { address, port } = this.socket.address();
    const lines = [
      'v=0',
      `o=- 1 1 IN IP4 ${address}`,
      's=-',
      `c=IN IP4 ${address}`,
      't=0 0',
      `m=audio ${port} RTP/AVP 0`,
    ];
    return `${lines.join('\r\n')}\r\n`;
  }

  speak(offer: string): void {
    const address = /^c=IN IP4 (\S+)/m.exec(offer)![1]!;
    const port = Number(/^m=audio (\d+)/m.exec(offer)![1]);
    const tone = Uint8Array.from({ length: 160 }, (_, at) => (at % 16 < 8 ? 0x90 : 0x10));
    this.#timer = setInterval(() => {
      this.#sent += 1;
      this.socket.send(rtpPacket(0, this.#sent, this.#sent * 160, tone), port, address);
    }, 20);
  }

  close(): void {
    clearInterval(this.#timer);
    this.socket.close();
  }
}

describeWith(['chromium'], 'a phone that refuses a browser’s offer', () => {
  let gateway: Awaited<ReturnType<typeof startGateway>>;
  let browser: Browser;
  let pages: ScriptPages;
  let page: PagePhone;

  beforeAll(async () => {
    const accounts = ['alice', 'bob'].map((name) => ({ name, password: `${name}-password`, admin: name === 'alice' }));
    [gateway, browser, pages] = await Promise.all([
      startGateway({}, { accounts }),
      launchChromium(),
      serveScripts(['jssip-phone']),
    ]);
    const tab = await browser.newPage();
    await tab.goto(pages.url('jssip-phone'));
    page = await startPage(gateway, tab);
  });
  afterAll(async () => {
    await page?.stop().catch(() => {});
    await browser?.close();
    pages?.close();
    await gateway?.chappe.stop();
  });

  test('is asked again with plain RTP; the 183 is heard, then the call, until it hangs up', async () => {
    const { host, port } = gateway.chappe.sip('udp');
    const line = await overUdp(host, port);
    const bob = new User(line, { name: 'bob', domain: gateway.domain, password: 'bob-password' });
    const socket = createSocket('udp4').bind(0, '127.0.0.1');
    await once(socket, 'listening');
    const speaker = new Speaker(socket);
    try {
      await bob.register();
      const call = await page.call(bob.address);
      const first = await bob.incoming('INVITE');
      expect(first).toContain('UDP/TLS/RTP/SAVPF');
      bob.answer(first, '488 Not Acceptable Here');
      const second = await line.next((text) => text.startsWith('INVITE ') && text.includes('RTP/AVP '));
      expect(header(second, 'Call-ID')).toBe(header(first, 'Call-ID'));
      const { local } = bob.answer(second, '183 Session Progress', { body: speaker.description });
      speaker.speak(second);
      await page.expectSound(call);
      const from = await page.mark();
      const dialog = bob.answer(second.replace(/^To:.*$/m, `To: ${local}`), '200 OK', { body: speaker.description });
      await page.until(new RegExp(`^established ${call}$`), from);
      await bob.incoming('ACK');
      const { heard } = speaker;
      await page.expectSound(call);
      await expect.poll(() => speaker.heard).toBeGreaterThan(heard + 10);
      await bob.within(dialog, 'BYE');
      await page.until(new RegExp(`^ended ${call}`), from);
      await expect
        .poll(() => callRecords(gateway.chappe.ready.web), { timeout: 10_000 })
        .toMatchObject([
          {
            caller: 'alice',
            callee: 'bob',
            status: 200,
            endedBy: 'callee',
            media: 'embedded',
            legs: [
              { side: 'caller', kind: 'audio', profile: 'UDP/TLS/RTP/SAVPF' },
              { side: 'callee', kind: 'audio', codec: 'PCMU', profile: 'RTP/AVP' },
            ],
          },
        ]);
    } finally {
      speaker.close();
      line.close();
    }
  });
});
