// An XMPP client over TCP that says exactly what it is told, well or badly.
import { RawClient } from './raw-client.ts';

const HEADER =
  "<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' " +
  "to='example.test' version='1.0'>";

export class RawXmpp {
  readonly raw: RawClient;

  private constructor(raw: RawClient) {
    this.raw = raw;
  }

  static async connect(port: number): Promise<RawXmpp> {
    return new RawXmpp(await RawClient.connect(port));
  }

  /** With its stream open and the features heard. */
  static async open(port: number): Promise<RawXmpp> {
    const client = await RawXmpp.connect(port);
    client.say(HEADER);
    await client.hear(/<\/stream:features>/);
    return client;
  }

  /** Logged in by PLAIN and bound. */
  static async bind(port: number, name: string, resource: string, password = `${name}-password`): Promise<RawXmpp> {
    const client = await RawXmpp.open(port);
    const initial = Buffer.from(`\0${name}\0${password}`).toString('base64');
    client.say(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${initial}</auth>`);
    await client.hear(/<success/);
    client.say(HEADER);
    await client.hear(/<\/stream:features>/);
    client.say(
      `<iq type='set' id='bind'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
    );
    await client.hear(/<\/iq>/);
    return client;
  }

  say(text: string | Uint8Array): void {
    this.raw.write(typeof text === 'string' ? Buffer.from(text) : text);
  }

  /** What comes up to the end of the first match. Rejects when the connection ends first. */
  hear(pattern: RegExp): Promise<string> {
    return this.raw.take((octets) => {
      const text = octets.toString('latin1');
      const found = pattern.exec(text);
      if (found === null) return undefined;
      const length = found.index + found[0].length;
      return { value: text.slice(0, length), length };
    });
  }

  /** The stream error that ends it. */
  async error(): Promise<string> {
    const text = await this.hear(/<\/stream:error>.*<\/stream:stream>/s);
    return /<stream:error>\s*<([\w-]+)/.exec(text)?.[1] ?? text;
  }

  /** Resolves when the server has closed the connection. */
  closed(): Promise<void> {
    return new Promise((resolve) => {
      if (this.raw.socket.closed || this.raw.socket.readableEnded) resolve();
      else for (const event of ['end', 'close'] as const) this.raw.socket.once(event, () => resolve());
    });
  }

  end(): void {
    this.raw.socket.destroy();
  }
}
