import { expect, test } from 'vitest';
import { parseElement } from '../../protocol/xmpp/tokenizer.ts';
import { stanzaRecord } from './stanza-trace.ts';
import { SipTrace } from './trace.ts';

const JID = 'jürgen@example.test/desk';

function traced(...stanzas: string[]): string[] {
  const trace = new SipTrace({ messages: 10, bytes: 100_000, now: () => 1 });
  for (const text of stanzas) trace.recordText(true, 'xmpp wss', stanzaRecord(JID, parseElement(text)));
  const [call] = trace.list(10);
  expect(call?.messages).toBe(stanzas.length);
  return trace.get(call!.callId).map(({ message }) => message);
}

test('the stanzas of a session are one exchange', () => {
  const trace = new SipTrace({ messages: 10, bytes: 100_000, now: () => 1 });
  const stanza = parseElement(`<message xmlns='jabber:client' from='${JID}' to='bob@example.test'/>`);
  trace.recordText(false, 'xmpp ws', stanzaRecord(JID, stanza));
  const [call] = trace.list(1);
  expect(Buffer.from(call!.callId, 'latin1').toString()).toBe(JID);
  expect(call).toMatchObject({ method: 'message', to: 'bob@example.test', messages: 1 });
});

test('what people wrote is not in it, markup and addresses are', () => {
  const [message = ''] = traced(
    `<message xmlns='jabber:client' to='bob@example.test' id='1'><body>my PIN is <![CDATA[1234]]></body><thread/></message>`,
  );
  expect(message).not.toMatch(/PIN|1234/);
  expect(message).toContain("to='bob@example.test'");
  expect(message).toMatch(/<body>\[\d+ octets redacted\]/);
});

test('credentials and the addresses of files are not in it', () => {
  const [services = '', slot = ''] = traced(
    `<iq xmlns='jabber:client'><services xmlns='urn:xmpp:extdisco:2'><service username='17:a' password='s3cret'/></services></iq>`,
    `<iq xmlns='jabber:client'><slot xmlns='urn:xmpp:http:upload:0'><get url='https://example.test/f/unguessable'/></slot></iq>`,
  );
  expect(services).not.toContain('s3cret');
  expect(slot).not.toContain('unguessable');
});
