// BOSH with requests lost, repeated, reordered, cut off and forged: what was sent arrives once and in order, in both directions,
// and whatever a stranger does, every request is answered once, bounds hold, and nothing is left running.
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BOSH_LIMITS, type BoshEvent, type BoshOutput, BoshSession } from '../../src/protocol/xmpp/bosh.ts';
import { readBody } from '../../src/protocol/xmpp/bosh-body.ts';
import { XML_LIMITS } from '../../src/protocol/xmpp/xml-limits.ts';
import { VirtualClock } from '../../src/transport/clock.ts';

const RUNS = Number(process.env['CHAPPE_FUZZ_RUNS'] ?? 400);

class Driver {
  readonly clock = new VirtualClock();
  readonly session: BoshSession;
  readonly up: string[] = [];
  readonly answered = new Map<number, string>();
  readonly open = new Set<number>();
  over = false;
  forgotten = false;
  #request = 0;
  readonly #timers = new Map<string, { close(): unknown }>();

  constructor(attributes: string, rid: number) {
    this.session = new BoshSession('s', this.body(rid, attributes), BOSH_LIMITS);
  }

  body(rid: number, attributes = '', payload = '') {
    return readBody(
      `<body xmlns='http://jabber.org/protocol/httpbind' rid='${rid}' ${attributes}>${payload}</body>`,
      XML_LIMITS,
    )!;
  }

  receive(rid: number, attributes = '', payload = ''): number {
    const request = ++this.#request;
    this.open.add(request);
    this.carryOut(this.session.receive(request, this.body(rid, attributes, payload), this.clock.now()));
    this.flush();
    return request;
  }

  flush(): void {
    this.carryOut(this.session.flush(this.clock.now()));
  }

  abandon(request: number): void {
    this.open.delete(request);
    this.carryOut(this.session.abandoned(request, this.clock.now()));
  }

  carryOut(outputs: BoshOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') {
        const { request, text } = output.message;
        if (this.answered.has(request)) throw new Error('answered twice');
        this.answered.set(request, text);
        this.open.delete(request);
      } else if (output.type === 'event') this.#happened(output.event);
      else {
        this.#timers.get(output.name)?.close();
        this.#timers.delete(output.name);
        if (output.type === 'clearTimer') continue;
        const { name, delay } = output;
        this.#timers.set(
          name,
          this.clock.setTimer(delay, () => {
            this.#timers.delete(name);
            this.carryOut(this.session.timer(name, this.clock.now()));
          }),
        );
      }
    }
  }

  #happened(event: BoshEvent): void {
    if (this.over && event.type !== 'forgotten') throw new Error(`${event.type} after the end`);
    if (event.type === 'element') this.up.push(event.element.name);
    else if (event.type === 'over') this.over = true;
    else if (event.type === 'forgotten') this.forgotten = true;
  }
}

test('between a true client and a bad network nothing is lost, doubled or out of order, either way', () => {
  const step = fc.record({
    /** The client sends; the server sends; time passes. */
    kind: fc.constantFrom('up', 'down', 'wait'),
    /** What becomes of a request: arrives, arrives and its connection breaks before or after the response, never arrives. */
    fate: fc.constantFrom('well', 'well', 'well', 'broken', 'unheard', 'lost'),
    after: fc.nat(20_000),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const rid = 1000;
      const driver = new Driver("wait='20' hold='1'", rid);
      let next = rid + 1;
      const received: string[] = [];
      /** Requests that the client has no response to, by rid. */
      const pending = new Map<number, { payload: string; request: number | undefined }>();
      let ups = 0;
      let downs = 0;
      const hear = (text: string) =>
        received.push(...[...text.matchAll(/<(d\d+)\/>/g)].map((match) => match[1] as string));
      driver.session.send('<features/>');
      driver.receive(rid);
      /** Takes what responses have come, in their order, and asks again for those that have not. */
      const settle = (fate: string) => {
        for (const [id, { payload, request }] of [...pending].sort(([a], [b]) => a - b)) {
          const text = request === undefined ? undefined : driver.answered.get(request);
          if (text !== undefined && fate !== 'unheard') {
            hear(text);
            pending.delete(id);
          } else if (request === undefined || text !== undefined || !driver.open.has(request)) {
            pending.set(id, { payload, request: fate === 'lost' ? undefined : driver.receive(id, '', payload) });
          }
        }
      };
      for (const { kind, fate, after } of steps) {
        if (kind === 'down') {
          driver.session.send(`<d${++downs}/>`);
          driver.flush();
        } else if (kind === 'wait') driver.clock.advance(after);
        else if (pending.size < 2) {
          const payload = `<u${++ups}/>`;
          const id = next++;
          const request = fate === 'lost' ? undefined : driver.receive(id, '', payload);
          pending.set(id, { payload, request });
          if (request !== undefined && fate === 'broken') {
            driver.abandon(request);
            if (driver.answered.has(request)) continue; // it had left: the client will ask for it again
            pending.set(id, { payload, request: undefined });
          }
        }
        settle(fate);
        if (pending.size === 0) pending.set(next, { payload: '', request: driver.receive(next++) });
      }
      for (let round = 0; round < 6; round++) {
        settle('well');
        if (pending.size < 2) pending.set(next, { payload: '', request: driver.receive(next++) });
        driver.clock.advance(100);
      }
      settle('well');
      expect(driver.over).toBe(false);
      expect(driver.up).toEqual(Array.from({ length: ups }, (_, i) => `u${i + 1}`));
      expect(received).toEqual(Array.from({ length: downs }, (_, i) => `d${i + 1}`));
    }),
    { numRuns: RUNS * 5 },
  );
});

test('whatever is asked of a session, each request is answered once and the session ends', () => {
  const action = fc.oneof(
    fc.record({
      kind: fc.constant('ask' as const),
      rid: fc.oneof(fc.integer({ min: -3, max: 6 }), fc.integer({ min: -1000, max: 100_000 })),
      attributes: fc.constantFrom(
        '',
        '',
        '',
        "pause='5'",
        "pause='500'",
        "type='terminate'",
        "xmpp:restart='true' xmlns:xmpp='urn:xmpp:xbosh'",
        "ack='1'",
      ),
      payload: fc.constantFrom('', '<a/>', '<a/><b/>'),
    }),
    fc.record({
      kind: fc.constantFrom(
        'send' as const,
        'abandon' as const,
        'pause' as const,
        'resume' as const,
        'advance' as const,
        'close' as const,
      ),
      value: fc.nat(30_000),
    }),
  );
  fc.assert(
    fc.property(
      fc.array(action, { maxLength: 60 }),
      fc.constantFrom('', "wait='0'", "hold='0'", "wait='5' hold='1' ack='1'"),
      (actions, first) => {
        const driver = new Driver(first, 1000);
        let requests = 0;
        const asked = (rid: number, attributes = '', payload = '') => {
          requests = driver.receive(Math.max(1, rid), attributes, payload);
        };
        asked(1000);
        let next = 1001;
        let closing = 0;
        for (const step of actions) {
          const { clock, session } = driver;
          if (step.kind === 'ask') {
            asked(next + step.rid, step.attributes, step.payload);
            if (step.rid === 0) next++;
          } else if (step.kind === 'send') {
            if (!driver.over) session.send('<d/>');
            driver.flush();
          } else if (step.kind === 'abandon') driver.abandon(1 + (step.value % requests));
          else if (step.kind === 'pause') session.pause();
          else if (step.kind === 'resume') driver.carryOut(session.resume(clock.now()));
          else if (step.kind === 'advance') clock.advance(step.value);
          else if (closing++ === 3) driver.carryOut(session.close(undefined, 'closed', clock.now()));
          // A session keeps no more requests waiting than it said it would take.
          expect(driver.open.size).toBeLessThanOrEqual(3);
        }
        driver.carryOut(driver.session.resume(driver.clock.now()));
        driver.flush();
        driver.clock.advance(1_000_000);
        expect([driver.over, driver.forgotten, driver.open.size, driver.clock.pending]).toEqual([true, true, 0, 0]);
      },
    ),
    { numRuns: RUNS * 5 },
  );
});

test('a body is read or refused, whatever it is', () => {
  const attribute = fc.constantFrom(
    "rid='1'",
    "rid=''",
    "rid='99999999999999999999'",
    "sid='x'",
    "wait='-1'",
    "hold='1e9'",
    "pause='x'",
    "type='terminate'",
    "to='a'",
    'x',
  );
  const piece = fc.oneof(
    fc.constantFrom('<a/>', '<a>', '</a>', 'text', '<![CDATA[x]]>', '&amp;', '<!-- -->', "<m xmlns='jabber:client'/>"),
    fc.string({ maxLength: 5 }),
  );
  fc.assert(
    fc.property(fc.array(attribute, { maxLength: 5 }), fc.array(piece, { maxLength: 5 }), (attributes, pieces) => {
      const body = readBody(
        `<body xmlns='http://jabber.org/protocol/httpbind' ${attributes.join(' ')}>${pieces.join('')}</body>`,
        XML_LIMITS,
      );
      if (body !== undefined) expect(Number.isSafeInteger(body.rid) && body.rid > 0).toBe(true);
    }),
    { numRuns: RUNS * 5 },
  );
});
