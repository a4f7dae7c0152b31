import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { testCertificate } from '../../../../test/support/certificate.ts';
import { ScramClient } from '../../../../test/support/scram-client.ts';
import { DOMAIN, StreamWorld } from '../../../../test/support/stream-world.ts';

const HEADER = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='${DOMAIN}' version='1.0'>`;
const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';
const STARTTLS = `<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>`;
const certificate = testCertificate();
const ends: Array<() => unknown> = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

async function serve(direct = false) {
  const world = await StreamWorld.make({}, {}, certificate);
  const port = await world.streams.tcp.listen({ address: '127.0.0.1', port: 0 }, direct);
  ends.push(
    () => port.close(),
    () => world.streams.close(),
  );
  return { world, port: port.endpoint.port };
}

class Wire {
  socket: Socket;
  #text = '';

  constructor(socket: Socket) {
    this.socket = socket;
    ends.push(() => this.socket.destroy());
    this.#listen();
  }

  /** TLS from here on. */
  async secure(): Promise<TLSSocket> {
    this.socket.removeAllListeners('data');
    const secure = connectTls({ socket: this.socket, ca: certificate.cert, servername: 'localhost' });
    this.socket = secure;
    await once(secure, 'secureConnect');
    this.#listen();
    return secure;
  }

  #listen(): void {
    this.socket.on('data', (chunk) => {
      this.#text += String(chunk);
    });
    this.socket.on('error', () => {});
  }

  async hear(pattern: RegExp): Promise<string> {
    for (let turn = 0; turn < 500; turn++) {
      const found = pattern.exec(this.#text);
      if (found !== null) {
        const text = this.#text.slice(0, found.index + found[0].length);
        this.#text = this.#text.slice(text.length);
        return text;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    throw new Error(`never came: ${pattern}; but ${this.#text}`);
  }

  async login(mechanism: string, header: string, binding: Buffer): Promise<string> {
    const scram = new ScramClient({ username: 'alice', password: 'alice-password', header, binding });
    this.socket.write(`<auth xmlns='${SASL}' mechanism='${mechanism}'>${scram.first()}</auth>`);
    const challenge = await this.hear(/<\/challenge>/);
    const final = scram.final(/>([^<]+)<\/challenge>/.exec(challenge)?.[1] ?? '');
    this.socket.write(`<response xmlns='${SASL}'>${final}</response>`);
    return (await this.hear(/<(success|failure).*?<\/\1>/)).slice(1, 8);
  }
}

function bindings(socket: TLSSocket): Array<[string, Buffer]> {
  const { raw } = new X509Certificate(certificate.cert);
  return [
    ['tls-exporter', socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))],
    ['tls-server-end-point', createHash('sha256').update(raw).digest()],
    ['tls-unique', socket.getFinished() as Buffer],
  ];
}

test('STARTTLS: a new stream begins inside, and a login is bound to the TLS connection', async () => {
  const { world, port } = await serve();
  const wire = new Wire(connectTcp(port, '127.0.0.1'));
  wire.socket.write(HEADER);
  expect(await wire.hear(/<\/stream:features>/)).toContain('<starttls ');
  wire.socket.write(STARTTLS);
  await wire.hear(/<proceed [^>]*>/);
  const secure = await wire.secure();
  secure.write(HEADER);
  const features = await wire.hear(/<\/stream:features>/);
  expect(features).not.toContain('<starttls');
  expect(features).toContain(`<channel-binding type='tls-exporter'/><channel-binding type='tls-server-end-point'/>`);
  for (const [type, octets] of bindings(secure)) {
    expect(await wire.login('SCRAM-SHA-256-PLUS', `p=${type},,`, Buffer.alloc(octets.length, 1)), type).toBe('failure');
  }
  expect(await wire.login('SCRAM-SHA-256-PLUS', 'p=tls-exporter,,', bindings(secure)[0]![1])).toBe('success');
  expect(world.faults).toEqual([]);
});

test.each([0, 1, 2])('TLS from the first octet, by ALPN xmpp-client; channel binding %i', async (which) => {
  const { port } = await serve(true);
  const socket = connectTls({
    port,
    host: '127.0.0.1',
    ca: certificate.cert,
    servername: 'localhost',
    ALPNProtocols: ['xmpp-client'],
  });
  const wire = new Wire(socket);
  await once(socket, 'secureConnect');
  expect(socket.alpnProtocol).toBe('xmpp-client');
  socket.write(HEADER);
  await wire.hear(/<\/stream:features>/);
  const [type, octets] = bindings(socket)[which]!;
  expect(await wire.login('SCRAM-SHA-256-PLUS', `p=${type},,`, octets)).toBe('success');
});

test('a stream in single octets, a restart in the same segment as what comes before it, and its end', async () => {
  const { world, port } = await serve();
  const wire = new Wire(connectTcp(port, '127.0.0.1'));
  const plain = Buffer.from('\0alice\0alice-password').toString('base64');
  for (const octet of Buffer.from(`<?xml version='1.0'?>\n${HEADER}`)) wire.socket.write(Buffer.of(octet));
  await wire.hear(/<\/stream:features>/);
  wire.socket.write(`<auth xmlns='${SASL}' mechanism='PLAIN'>${plain}</auth>`);
  await wire.hear(/<success [^>]*>/);
  wire.socket.write(
    `${HEADER}<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>desk</resource></bind></iq>` +
      `<message to='bob@${DOMAIN}'><body>Grüße 🎈</body></message></stream:stream>`,
  );
  await wire.hear(/<jid>alice@example.test\/desk<\/jid>.*<\/stream:stream>/s);
  expect(world.router.received[0]?.childText('body')).toBe('Grüße 🎈');
  expect(world.router.log).toEqual([`bound alice@${DOMAIN}/desk`, `ended alice@${DOMAIN}/desk`]);
});

test('who speaks no TLS at a port of TLS is cut', async () => {
  const { world, port } = await serve(true);
  const wire = new Wire(connectTcp(port, '127.0.0.1'));
  wire.socket.write(HEADER);
  await once(wire.socket, 'close');
  expect(world.streams.metrics().connections).toBe(0);
});
