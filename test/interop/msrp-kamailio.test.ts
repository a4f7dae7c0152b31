// A session between a page at our relay and an MSRP client at Kamailio's: both relays on the way, in both directions.
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type KamailioRelay, startKamailioRelay } from '../support/kamailio-msrp.ts';
import { MsrpClient, type MsrpHost, msrpHost } from '../support/msrp-host.ts';
import { describeWith } from '../support/peer.ts';

describeWith(['kamailio'], "Kamailio's relay beside ours", () => {
  let kamailio: KamailioRelay;
  let host: MsrpHost;
  let page: MsrpClient;
  let other: MsrpClient;

  beforeAll(async () => {
    kamailio = await startKamailioRelay();
    host = await msrpHost({ allowPeers: [{ transport: 'tcp', address: '127.0.0.1', port: kamailio.port }] });
    page = await host.webSocket('alice');
    await page.auth();
    other = await connected(kamailio.port);
    expect((await other.auth()).head.status).toBe(200);
  });

  afterAll(async () => {
    other?.destroy();
    await host?.close();
    await kamailio?.stop();
  });

  async function connected(port: number): Promise<MsrpClient> {
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    return new MsrpClient(socket, port);
  }

  const bodies = (client: MsrpClient) =>
    client.frames.filter(({ head }) => head.method === 'SEND').map(({ body }) => body ?? '');

  test('200 kB in one chunk from the page arrive in pieces that Kamailio takes, and the report comes back', async () => {
    const body = Array.from({ length: 20_000 }, (_, i) => `line ${i}`.padEnd(10)).join('');
    // A WebSocket message of ours has 64 kB at most.
    for (let at = 0; at < body.length; at += 50_000)
      page.send(`${other.use} ${other.own}`, body.slice(at, at + 50_000), {
        id: `big${at}`,
        fields: `Success-Report: yes\r\nByte-Range: ${at + 1}-${at + 50_000}/${body.length}\r\n`,
        flag: at + 50_000 < body.length ? '+' : '$',
      });
    await other.when(() => bodies(other).join('').length === body.length);
    expect(bodies(other).join('')).toBe(body);
    const last = other.frames.filter(({ head }) => head.method === 'SEND').at(-1)!;
    expect(last.flag).toBe('$');
    expect(last.head.fromPath).toEqual([other.use, page.use, page.own]);
    other.raw(
      `MSRP rep00001 REPORT\r\nTo-Path: ${last.head.fromPath.join(' ')}\r\nFrom-Path: ${other.own}\r\nMessage-ID: ${last.head.get('Message-ID')}\r\nByte-Range: 1-${body.length}/${body.length}\r\nStatus: 000 200 OK\r\n-------rep00001$\r\n`,
    );
    const report = await page.until(({ head }) => head.method === 'REPORT');
    expect(report.head.get('Status')).toBe('000 200 OK');
    expect(report.head.fromPath).toEqual([page.use, other.use, other.own]);
  });

  test('what the client at Kamailio sends reaches the page by the connection that Kamailio opens', async () => {
    const before = page.frames.length;
    other.send(`${page.use} ${page.own}`, 'x'.repeat(8000), { id: 'back0001' });
    const got = await page.until((frame) => frame.head.method === 'SEND' && page.frames.indexOf(frame) >= before);
    expect(got.body).toBe('x'.repeat(8000));
    expect(got.head.fromPath).toEqual([page.use, other.use, other.own]);
    expect((await other.until(({ head }) => head.transaction === 'back0001')).head.status).toBe(200);
  });

  test('a session that Kamailio does not know is reported as 481', async () => {
    const place = `msrp://127.0.0.1:${kamailio.port}/gone;tcp`;
    page.send(`${place} msrp://nobody.invalid:2855/x;tcp`, 'hello', { id: 'gone0001' });
    const report = await page.until(({ head }) => head.get('Status')?.includes('481') ?? false);
    expect(report.head.get('Message-ID')).toBe('mgone0001');
  });
});
