// Calls whose media is relayed, with everything in any order: answers, refusals, offers from both sides, messages that are
// broken, connections that die, an engine that refuses, is late, or gives up. No fault, nothing left open, nobody unserved.
import { expect, test } from 'vitest';
import { parseMessage } from '../../src/protocol/sip/parse.ts';
import { type FakeFlow, World } from '../scenarios/world.ts';
import { fakeDescription } from '../support/fake-media-engine.ts';
import { mutate, random } from '../support/mutation.ts';

const PHONE = { address: '198.51.100.9', port: 5062 };
const settled = () => new Promise((resolve) => setImmediate(resolve));

function message(start: string, fields: string[], body = ''): string {
  const type = body === '' ? [] : ['Content-Type: application/sdp'];
  return `${[start, ...fields, ...type, `Content-Length: ${body.length}`].join('\r\n')}\r\n\r\n${body}`;
}

function fields(text: string, names: RegExp): string[] {
  return text
    .split('\r\n\r\n', 1)[0]!
    .split('\r\n')
    .filter((line) => names.test(line));
}

/** An answer to a request that arrived, from one of a few early dialogs. */
function answer(request: string, status: number, tag: string, contact: string, body: string): string {
  const copied = fields(request, /^(?:Via|Record-Route|From|To|Call-ID|CSeq):/i).map((line) =>
    /^To:/i.test(line) && !line.includes('tag=') ? `${line};tag=${tag}` : line,
  );
  const reliable = status === 183 && tag === 'a' ? ['Require: 100rel', 'RSeq: 1'] : [];
  return message(`SIP/2.0 ${status} X`, [...copied, `Contact: <${contact}>`, ...reliable], body);
}

class Side {
  readonly flow: FakeFlow;
  readonly contact: string;
  readonly profile: string;
  /** The dialog as this side knows it. */
  from = '';
  to = '';
  routes: string[] = [];
  sequence = 1;

  constructor(flow: FakeFlow, contact: string, profile: string) {
    this.flow = flow;
    this.contact = contact;
    this.profile = profile;
  }
}

for (const policy of ['auto', 'always'] as const) {
  test(`Calls in any order leave nothing behind (${policy})`, async () => {
    const next = random(Number(process.env['FUZZ_SEED'] ?? 20270115) + policy.length);
    const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
    const media = { policies: { general: policy, accounts: new Map() }, probe: true };
    const world = new World({ auth: { required: false, digest: ['MD5'] }, media });
    await world.start();
    const engine = world.engine!;
    const rounds = Number(process.env['FUZZ_ROUNDS'] ?? 1500);
    let most = 0;
    for (let n = 1; n <= rounds; n++) {
      const page = new Side(world.flow('ws', undefined), `sip:alice@alice.invalid;transport=ws`, 'webrtc');
      const phone = new Side(world.udp(PHONE), `sip:bob@${PHONE.address}:${PHONE.port}`, 'RTP/AVP');
      const [caller, callee] = next() < 0.6 ? [page, phone] : [phone, page];
      const names = caller === page ? ['alice', 'bob'] : ['bob', 'alice'];
      for (const [side, name] of [
        [page, 'alice'],
        [phone, 'bob'],
      ] as const) {
        const via = side === page ? 'WS a.invalid' : `UDP ${PHONE.address}:${PHONE.port}`;
        const head = [`Via: SIP/2.0/${via};branch=z9hG4bKr${n}${name};rport`, `From: <sip:${name}@example.test>;tag=r`];
        const rest = [
          `To: <sip:${name}@example.test>`,
          `Call-ID: r${n}${name}`,
          'CSeq: 1 REGISTER',
          `Contact: <${side.contact}>`,
        ];
        world.deliver(side.flow, message('REGISTER sip:example.test SIP/2.0', [...head, ...rest, 'Max-Forwards: 70']));
      }
      await settled();
      page.flow.received.length = phone.flow.received.length = 0;
      caller.from = `From: <sip:${names[0]}@example.test>;tag=c${n}`;
      caller.to = `To: <sip:${names[1]}@example.test>`;
      let branch = 0;
      const request = (side: Side, method: string, uri: string, body = '') => {
        if (method !== 'ACK' && method !== 'CANCEL') side.sequence += 1;
        branch += 1;
        const mark = method === 'CANCEL' ? '1' : String(branch);
        const via = side === page ? 'WS a.invalid' : `UDP ${PHONE.address}:${PHONE.port}`;
        const head = [
          `Via: SIP/2.0/${via};branch=z9hG4bK${n}-${mark};rport`,
          ...side.routes.map((route) => `Route: ${route}`),
        ];
        const rest = [
          side.from,
          side.to,
          `Call-ID: c${n}`,
          `CSeq: ${side.sequence} ${method}`,
          `Contact: <${side.contact}>`,
        ];
        const text = message(
          `${method} ${uri} SIP/2.0`,
          [...head, ...rest, 'Max-Forwards: 70', 'RAck: 1 2 INVITE'],
          body,
        );
        if (side.flow.open) world.deliver(side.flow, next() < 0.05 ? mutate(text, next) : text);
      };
      const description = (side: Side) =>
        next() < 0.75 ? fakeDescription(`s${Math.floor(next() * 4)}`, side.profile) : '';
      request(caller, 'INVITE', `sip:${names[1]}@example.test`, description(caller));
      for (let step = 0; step < 14; step++) {
        // What arrived is answered, or not; what it tells of the dialog is kept.
        for (const side of [caller, callee]) {
          for (const text of side.flow.received.splice(0)) {
            const got = safe(text);
            if (got === undefined || got.callId !== `c${n}`) continue;
            if (got.kind === 'response') {
              if (side === caller && got.to.tag !== undefined) side.to = `To: ${got.get('to')}`;
              if (side === caller && got.has('record-route')) side.routes = got.all('record-route').reverse();
              continue;
            }
            if (side === callee && callee.routes.length === 0 && got.method === 'INVITE') {
              callee.routes = got.all('record-route');
              callee.to = `To: ${got.get('from')}`;
              callee.from = `From: ${got.get('to')};tag=a`;
            }
            const statuses =
              got.method === 'INVITE' ? [100, 180, 183, 200, 200, 488, 486, 606, 491] : [200, 200, 481, 488];
            for (let i = 0; i < 1 + next() * 2; i++) {
              if (got.method === 'ACK' || next() < 0.1 || !side.flow.open) continue;
              const status = pick(statuses);
              const body = status < 300 ? description(side) : '';
              const response = answer(text, status, side === callee ? pick(['a', 'a', 'b']) : 'z', side.contact, body);
              world.deliver(side.flow, next() < 0.05 ? mutate(response, next) : response);
            }
          }
        }
        const side = pick([caller, callee]);
        const method = pick(['ACK', 'ACK', 'INVITE', 'UPDATE', 'PRACK', 'INFO', 'BYE', 'CANCEL']);
        if (next() < 0.5 && side.to.includes('tag='))
          request(side, method, caller.contact, /^(?:INFO|BYE|CANCEL)$/.test(method) ? '' : description(side));
        else if (next() < 0.05) request(caller, 'CANCEL', `sip:${names[1]}@example.test`);
        const chance = next();
        if (chance < 0.05) engine.holding = true;
        else if (chance < 0.2) engine.release();
        else if (chance < 0.25) engine.refusal = pick([400, 488, 500, 503]);
        else if (chance < 0.27) engine.tell({ type: 'silent', side: 'callee' });
        else if (chance < 0.29) engine.tell({ type: 'failed', reason: 'gone' });
        else if (chance < 0.3) world.drop(page.flow);
        if (next() < 0.5) await settled();
        if (next() < 0.1) world.pass(next() * 3_000);
      }
      most = Math.max(most, engine.branches);
      if (page.flow.open) world.drop(page.flow);
    }
    engine.release();
    await settled();
    expect(most).toBeGreaterThan(2);
    // Calls that nobody ended have lost a side: they are over after a while.
    world.pass(10 * 60_000);
    await settled();
    expect(world.faults).toEqual([]);
    expect(world.server.metrics()).toMatchObject({
      calls: 0,
      contexts: 0,
      clientTransactions: 0,
      serverTransactions: 0,
    });
    expect(engine.branches).toBe(0);
    expect(world.calls.length).toBeGreaterThan(rounds / 2);
    world.server.close();
    expect(world.clock.pending).toBe(0);
  });
}

function safe(text: string) {
  try {
    const parsed = parseMessage(text);
    void parsed.callId;
    void parsed.to;
    return parsed as ReturnType<typeof parseMessage> & { method: string };
  } catch {
    return undefined;
  }
}
