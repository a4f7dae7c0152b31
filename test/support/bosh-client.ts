// A client of BOSH by hand (XEP-0124): whole bodies, so that a test can repeat, reorder and forge them.
import type { Element } from '../../src/protocol/xmpp/element.ts';
import { parseElement } from '../../src/protocol/xmpp/tokenizer.ts';
import { ScramClient } from './scram-client.ts';

export type Post = (body: string) => Promise<string>;

const SASL = 'urn:ietf:params:xml:ns:xmpp-sasl';

export class BoshClient {
  readonly #post: Post;
  rid = 4_000_000;
  sid = '';
  /** What came and was not read by the test yet. */
  readonly heard: Element[] = [];

  constructor(post: Post) {
    this.#post = post;
  }

  body(attributes: string, payload = '', rid = this.rid++): string {
    const sid = this.sid === '' ? '' : ` sid='${this.sid}'`;
    return `<body xmlns='http://jabber.org/protocol/httpbind' rid='${rid}'${sid} ${attributes}>${payload}</body>`;
  }

  /** One request, and what its response carries. */
  async ask(attributes = '', payload = ''): Promise<Element> {
    const response = parseElement(await this.#post(this.body(attributes, payload)));
    this.heard.push(...response.elements());
    return response;
  }

  post(body: string): Promise<string> {
    return this.#post(body);
  }

  async begin(domain: string, attributes = ''): Promise<Element> {
    const response = await this.ask(
      `to='${domain}' xml:lang='en' wait='60' hold='1' ver='1.6' content='text/xml; charset=utf-8' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh' ${attributes}`,
    );
    this.sid = response.attributes['sid'] ?? '';
    return response;
  }

  /** The next element, asking for it as often as it takes. */
  async hear(): Promise<Element> {
    for (let asked = 0; this.heard.length === 0; asked++) {
      if (asked === 5) throw new Error('nothing was said');
      const response = await this.ask();
      if (response.attributes['type'] === 'terminate' && this.heard.length === 0) throw new Error(String(response));
    }
    return this.heard.shift() as Element;
  }

  async say(payload: string): Promise<Element> {
    await this.ask('', payload);
    return this.hear();
  }

  async bind(domain: string, username: string, password: string, resource: string): Promise<string> {
    await this.begin(domain);
    await this.hear();
    const scram = new ScramClient({ username, password });
    const challenge = await this.say(`<auth xmlns='${SASL}' mechanism='SCRAM-SHA-256'>${scram.first()}</auth>`);
    const answer = await this.say(`<response xmlns='${SASL}'>${scram.final(challenge.text)}</response>`);
    if (answer.name !== 'success') throw new Error(String(answer));
    await this.ask(`to='${domain}' xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'`);
    await this.hear();
    const bound = await this.say(
      `<iq xmlns='jabber:client' type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind></iq>`,
    );
    return bound.child('bind', 'urn:ietf:params:xml:ns:xmpp-bind')?.childText('jid') ?? String(bound);
  }
}
