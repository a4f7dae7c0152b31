// Messages as fast as the server takes them, until it is killed: those that it has acknowledged by then (XEP-0198).
import { NS } from '../../src/protocol/xmpp/namespaces.ts';
import { type Chappe, secret } from './chappe.ts';
import { lineWithCredential, status, User } from './user.ts';
import { XmppClient } from './xmpp-client.ts';

export async function logIn(server: Chappe, name: string): Promise<XmppClient> {
  const [, host = '', port] = /^tcp:(.*):(\d+)$/.exec(server.ready.xmpp[0] ?? '') ?? [];
  return XmppClient.login({
    ...{ host, port: Number(port), domain: 'example.test', name, password: `${name}-password` },
  });
}

export function chatMessage(body: string, to = 'bob@example.test'): string {
  return `<message to='${to}' type='chat' id='${body}'><body>${body}</body></message>`;
}

/** In a room that is there to stay, made by whoever comes first. */
async function enterRoom(client: XmppClient, room: string): Promise<void> {
  client.write(`<presence to='${room}/${client.jid.split('@')[0]}'><x xmlns='${NS.MUC}'/></presence>`);
  await client.next((stanza) => stanza.child('subject') !== undefined);
  const persistent = `<field var='muc#roomconfig_persistentroom'><value>1</value></field>`;
  const form = `<x xmlns='jabber:x:data' type='submit'><field var='FORM_TYPE'><value>http://jabber.org/protocol/muc#roomconfig</value></field>${persistent}</x>`;
  client.write(`<iq type='set' id='stay' to='${room}'><query xmlns='${NS.MUC_OWNER}'>${form}</query></iq>`);
  await client.next(({ attributes }) => attributes['id'] === 'stay');
}

/** Alice writes to bob, or to a room, who is there in every other round; the bodies begin with the round. */
export async function killUnderLoad(server: Chappe, round: number, room?: string): Promise<string[]> {
  const alice = await logIn(server, 'alice');
  const bob = round % 2 === 0 ? await logIn(server, 'bob') : undefined; // else they wait for him
  bob?.write('<presence/>');
  if (room !== undefined) for (const client of [alice, bob]) if (client !== undefined) await enterRoom(client, room);
  alice.write(`<enable xmlns='${NS.SM}'/>`);
  await alice.next((element) => element.is('enabled', NS.SM));
  const sent: string[] = [];
  // At a place of the load that differs each time; it is neither at its begin nor at its end.
  const kill = 40 + ((round * 37) % 160);
  let handled = 0;
  const look = () => {
    for (const { attributes } of alice.received.splice(0))
      if (attributes['h'] !== undefined) handled = Number(attributes['h']);
  };
  while (handled < kill) {
    for (let i = 0; i < 5; i++) {
      sent.push(`${round}-${sent.length}`);
      const message = chatMessage(sent.at(-1) as string, room);
      alice.write(room === undefined ? message : message.replace('chat', 'groupchat'));
    }
    alice.write(`<r xmlns='${NS.SM}'/>`);
    look();
    // As much as the server can take, and always more on its way.
    await new Promise((resolve) => (sent.length - handled > 400 ? setTimeout(resolve, 1) : setImmediate(resolve)));
  }
  server.program.kill('SIGKILL');
  await server.program.exited;
  // What came before the end of the connection counts.
  while (alice.open) await new Promise(setImmediate);
  look();
  bob?.close();
  return sent.slice(0, handled);
}

/** Carol writes to bob by SIP, four messages at a time, until the server has gone: those that were answered 200 or 202. */
export async function sipLoad(server: Chappe, round: number): Promise<string[]> {
  const line = await lineWithCredential(server.ready.ws, secret, 'carol');
  const carol = new User(line, { name: 'carol', domain: 'example.test' });
  const acknowledged: string[] = [];
  let last = 0;
  const write = async () => {
    while (line.isOpen) {
      const body = `${round}-sip-${++last}`;
      const answer = status(await carol.message('sip:bob@example.test', body));
      if (answer === 200 || answer === 202) acknowledged.push(body);
    }
  };
  await Promise.allSettled(Array.from({ length: 4 }, write)); // the last of each is never answered
  return acknowledged;
}

/** How often each text is among these stanzas. */
export function countBodies(stanzas: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const stanza of stanzas) {
    const body = /<body>(.*)<\/body>/.exec(stanza)?.[1] ?? '';
    counts.set(body, (counts.get(body) ?? 0) + 1);
  }
  return counts;
}
