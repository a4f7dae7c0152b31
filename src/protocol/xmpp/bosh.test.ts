import { beforeEach, describe, expect, test } from 'vitest';
import { VirtualClock } from '../../transport/clock.ts';
import { BOSH_LIMITS, type BoshEvent, type BoshLimits, type BoshOutput, BoshSession } from './bosh.ts';
import { readBody } from './bosh-body.ts';
import { XML_LIMITS } from './xml-limits.ts';

const FIRST = "to='a.test' wait='60' hold='1' xmpp:version='1.0' xmlns:xmpp='urn:xmpp:xbosh'";
const message = (text: string) => `<message xmlns='jabber:client'><body>${text}</body></message>`;
const carried = (response: string | undefined) =>
  [...(response ?? '').matchAll(/<body>(.*?)<\/body>/g)].map((m) => m[1]).join('');

/** A session and its driver, on virtual time. */
class Driven {
  readonly clock = new VirtualClock();
  readonly session: BoshSession;
  readonly events: BoshEvent[] = [];
  /** Responses by request. */
  readonly responses = new Map<number, string>();
  readonly #timers = new Map<string, { close(): unknown }>();
  #request = 0;
  rid: number;

  constructor(attributes = FIRST, limits: BoshLimits = BOSH_LIMITS, rid = 1000) {
    this.rid = rid;
    this.session = new BoshSession('s', body(rid, attributes), limits);
    this.ask(attributes);
  }

  /** The next request; its number. */
  ask(attributes = '', payload = '', rid = this.rid++): number {
    const request = ++this.#request;
    this.#carryOut(this.session.receive(request, body(rid, attributes, payload), this.clock.now()));
    this.flush();
    return request;
  }

  send(text: string): void {
    this.session.send(text);
    this.flush();
  }

  flush(): void {
    this.#carryOut(this.session.flush(this.clock.now()));
  }

  abandon(request: number): void {
    this.#carryOut(this.session.abandoned(request, this.clock.now()));
  }

  resume(): void {
    this.#carryOut(this.session.resume(this.clock.now()));
    this.flush();
  }

  close(error?: string): void {
    this.#carryOut(this.session.close(error, 'closed', this.clock.now()));
  }

  /** What came in messages, and other events by type. */
  get received(): string[] {
    return this.events.map((event) =>
      event.type === 'element' ? (event.element.childText('body') ?? event.element.name) : event.type,
    );
  }

  get pendingTimers(): number {
    return this.#timers.size;
  }

  #carryOut(outputs: BoshOutput[]): void {
    for (const output of outputs) {
      if (output.type === 'send') {
        const { request, text } = output.message;
        expect(this.responses.has(request), `request ${request} is answered once`).toBe(false);
        this.responses.set(request, text);
      } else if (output.type === 'event') this.events.push(output.event);
      else {
        this.#timers.get(output.name)?.close();
        this.#timers.delete(output.name);
        if (output.type === 'clearTimer') continue;
        const { name, delay } = output;
        const fire = () => {
          this.#timers.delete(name);
          this.#carryOut(this.session.timer(name, this.clock.now()));
        };
        this.#timers.set(name, this.clock.setTimer(delay, fire));
      }
    }
  }
}

function body(rid: number, attributes = '', payload = '') {
  const read = readBody(
    `<body xmlns='http://jabber.org/protocol/httpbind' rid='${rid}' ${attributes}>${payload}</body>`,
    XML_LIMITS,
  );
  if (read === undefined) throw new Error('no body');
  return read;
}

let bosh: Driven;
beforeEach(() => {
  bosh = new Driven();
});

/** Past the first request, which is answered at once. */
function begun(): Driven {
  bosh.session.open({ from: 'a.test', id: 'x' });
  bosh.send('<f/>');
  return bosh;
}

describe('a session', () => {
  test('is told its bounds with the first response, and the stream begins', () => {
    begun();
    expect(bosh.responses.get(1)).toBe(
      "<body xmlns='http://jabber.org/protocol/httpbind' sid='s' wait='60' hold='1' requests='2' inactivity='60' polling='5' maxpause='120' ver='1.11' from='a.test' authid='x' xmlns:xmpp='urn:xmpp:xbosh' xmpp:restartlogic='true' xmpp:version='1.0'><f/></body>",
    );
    expect(bosh.events[0]).toEqual({
      type: 'header',
      header: { to: 'a.test', from: undefined, version: '1.0', lang: undefined },
    });
  });

  test('keeps one request waiting until there is something to carry', () => {
    const poll = begun().ask();
    bosh.clock.advance(30_000);
    expect(bosh.responses.has(poll)).toBe(false);
    bosh.session.send(message('1'));
    bosh.send(message('2'));
    expect(carried(bosh.responses.get(poll))).toBe('12');
  });

  test('answers the one that waits when another comes, and carries what comes in meanwhile', () => {
    const poll = begun().ask();
    const second = bosh.ask('', message('up'));
    expect(bosh.received).toEqual(['header', 'up']);
    expect(bosh.responses.get(poll)).toBe("<body xmlns='http://jabber.org/protocol/httpbind'/>");
    expect(bosh.responses.has(second)).toBe(false);
    bosh.send(message('down'));
    expect(carried(bosh.responses.get(second))).toBe('down');
  });

  test('answers with nothing once a request has waited as long as it may', () => {
    const poll = begun().ask();
    bosh.clock.advance(59_999);
    expect(bosh.responses.has(poll)).toBe(false);
    bosh.clock.advance(1);
    expect(bosh.responses.get(poll)).toBe("<body xmlns='http://jabber.org/protocol/httpbind'/>");
  });

  test('keeps what there is to carry until a request comes', () => {
    begun().send(message('1'));
    bosh.clock.advance(1000);
    bosh.send(message('2'));
    expect(carried(bosh.responses.get(bosh.ask()))).toBe('12');
  });

  test('takes no more than it offers: a wait, a hold and a pause of the client are at most ours', () => {
    bosh = new Driven("to='a.test' wait='3600' hold='9'");
    bosh.send('<f/>');
    expect(bosh.responses.get(1)).toContain("wait='60' hold='1' requests='2'");
    bosh = new Driven("to='a.test' wait='10' hold='0'");
    bosh.send('<f/>');
    expect(bosh.responses.get(1)).toContain("wait='10' hold='0' requests='1'");
  });

  test('begins its stream anew', () => {
    begun().ask("xmpp:restart='true' to='a.test' xmlns:xmpp='urn:xmpp:xbosh'");
    expect(bosh.received).toEqual(['header', 'header']);
  });

  test('acknowledges to a client that wants it', () => {
    bosh = new Driven(`${FIRST} ack='1'`);
    bosh.send('<f/>');
    expect(bosh.responses.get(1)).toContain("ack='1000'");
    const poll = bosh.ask();
    bosh.ask();
    expect(bosh.responses.get(poll)).toContain("ack='1002'");
    const last = bosh.ask();
    bosh.send(message('1'));
    bosh.send(message('2'));
    expect(bosh.responses.get(last)).not.toContain('ack');
  });
});

describe('order', () => {
  test('requests are processed in the order of their rid', () => {
    begun();
    const later = bosh.ask('', message('2'), 1002);
    expect(bosh.received).toEqual(['header']);
    bosh.ask('', message('1'), 1001);
    expect(bosh.received).toEqual(['header', '1', '2']);
    expect(bosh.responses.has(later)).toBe(false);
  });

  test('a request that comes again is processed once and answered with the same response', () => {
    begun();
    const first = bosh.ask('', message('up'), 1001);
    bosh.send(message('down'));
    bosh.abandon(first); // its response never arrived
    const again = bosh.ask('', message('up'), 1001);
    expect(bosh.responses.get(again)).toBe(bosh.responses.get(first));
    expect(bosh.received).toEqual(['header', 'up']);
    bosh.rid = 1002;
    expect(bosh.responses.has(bosh.ask())).toBe(false); // nothing is carried twice
  });

  test('a request that comes again while the first still waits takes its place', () => {
    begun();
    const first = bosh.ask('', '', 1001);
    const again = bosh.ask('', '', 1001);
    expect(carried(bosh.responses.get(first))).toBe('');
    bosh.send(message('down'));
    expect(carried(bosh.responses.get(again))).toBe('down');
  });

  test('nothing is given to a connection that has broken: its client comes back for it', () => {
    const poll = begun().ask();
    bosh.abandon(poll);
    bosh.send(message('down'));
    expect(bosh.responses.has(poll)).toBe(false);
    expect(carried(bosh.responses.get(bosh.ask('', '', 1001)))).toBe('down');
  });

  test('... or goes on with the next request', () => {
    const poll = begun().ask();
    bosh.abandon(poll);
    bosh.send(message('down'));
    expect(carried(bosh.responses.get(bosh.ask()))).toBe('down');
    expect(carried(bosh.responses.get(bosh.ask('', '', 1001)))).toBe(''); // the old one, should it still be asked for
  });

  test('rids go up to 2^53', () => {
    bosh = new Driven(FIRST, BOSH_LIMITS, Number.MAX_SAFE_INTEGER - 2);
    begun().ask('', message('1'));
    bosh.ask('', message('2'));
    expect(bosh.received).toEqual(['header', '1', '2']);
  });
});

describe('the end', () => {
  const ends = (response: string | undefined) =>
    /type='terminate'(?: condition='([a-z-]+)')?/.exec(response ?? '')?.slice(1)[0] ?? response?.includes('terminate');

  test('a client ends its session, and both requests are told', () => {
    const poll = begun().ask();
    const last = bosh.ask("type='terminate'", message('bye'));
    expect(bosh.received).toEqual(['header', 'bye', 'ended']);
    bosh.close();
    expect(ends(bosh.responses.get(last))).toBe(true);
    expect(bosh.responses.has(poll)).toBe(true);
    expect(bosh.received.at(-1)).toBe('over');
  });

  test('what was to be carried goes with the end, and so does the error', () => {
    const poll = begun().ask();
    bosh.session.send(message('last'));
    bosh.close('<e/>');
    expect(bosh.responses.get(poll)).toBe(
      `<body xmlns='http://jabber.org/protocol/httpbind' type='terminate' condition='remote-stream-error'>${message('last')}<e/></body>`,
    );
  });

  test('without a request at hand the next one is told, and after a while nobody is', () => {
    begun().close('<e/>');
    expect(bosh.received.at(-1)).toBe('over');
    expect(bosh.responses.get(bosh.ask())).toContain('<e/>');
    bosh.clock.advance(60_000);
    expect(bosh.received.at(-1)).toBe('forgotten');
    expect(bosh.pendingTimers).toBe(0);
  });

  test('a session without a request is over after its inactivity', () => {
    begun();
    bosh.clock.advance(59_999);
    expect(bosh.received).not.toContain('over');
    bosh.clock.advance(1);
    expect(bosh.received.at(-1)).toBe('over');
    expect(ends(bosh.responses.get(bosh.ask()))).toBe('item-not-found');
  });

  test('one whose connections have broken is without a request', () => {
    const poll = begun().ask();
    bosh.clock.advance(50_000);
    bosh.abandon(poll);
    bosh.clock.advance(59_999);
    expect(bosh.received).not.toContain('over');
    bosh.clock.advance(1);
    expect(bosh.received.at(-1)).toBe('over');
  });

  test('a rid outside of the window ends the session', () => {
    for (const rid of [1, 999, 1003, 2000, Number.MAX_SAFE_INTEGER]) {
      bosh = new Driven();
      const poll = begun().ask();
      bosh.ask();
      bosh.ask(); // 1003: two are here
      bosh.flush();
      const strange = bosh.ask('', message('x'), rid === 1003 ? 1006 : rid);
      expect(ends(bosh.responses.get(strange)), String(rid)).toBe('item-not-found');
      expect(bosh.responses.has(poll)).toBe(true);
      expect(bosh.received).not.toContain('x');
      expect(bosh.received.at(-1)).toBe('over');
    }
  });

  test('a request whose predecessor never comes ends the session', () => {
    begun();
    const later = bosh.ask('', message('2'), 1002);
    bosh.clock.advance(59_999);
    expect(bosh.responses.has(later)).toBe(false);
    bosh.clock.advance(1);
    expect(ends(bosh.responses.get(later))).toBe('item-not-found');
    expect(bosh.received).toEqual(['header', 'over']);
  });

  test('who polls without a pause is told off', () => {
    bosh = new Driven("to='a.test' wait='0' hold='1'");
    bosh.send('<f/>');
    bosh.clock.advance(5000);
    expect(ends(bosh.responses.get(bosh.ask()))).toBe(false);
    bosh.clock.advance(5000);
    expect(ends(bosh.responses.get(bosh.ask()))).toBe(false);
    bosh.clock.advance(4999);
    expect(ends(bosh.responses.get(bosh.ask()))).toBe('policy-violation');
    expect(bosh.received.at(-1)).toBe('over');
  });

  test('who polls may send as often as there is something to say, and fetch what there is', () => {
    bosh = new Driven("to='a.test' wait='0' hold='0'");
    bosh.send('<f/>');
    for (let i = 0; i < 5; i++) {
      expect(ends(bosh.responses.get(bosh.ask('', message('x'))))).toBe(false);
      bosh.session.send(message('y'));
      expect(carried(bosh.responses.get(bosh.ask()))).toBe('y');
      bosh.session.send(message('z'));
      expect(carried(bosh.responses.get(bosh.ask()))).toBe('z');
    }
  });
});

describe('pauses', () => {
  test('a client that will be away has its requests answered, and the time it asked for', () => {
    const poll = begun().ask();
    const pause = bosh.ask("pause='100'");
    expect([poll, pause].every((request) => bosh.responses.has(request))).toBe(true);
    bosh.clock.advance(99_999);
    expect(bosh.received).not.toContain('over');
    bosh.ask();
    bosh.clock.advance(60_000); // answered: from here on the usual inactivity
    bosh.clock.advance(60_000);
    expect(bosh.received.at(-1)).toBe('over');
  });

  test('more than it may is refused', () => {
    begun().ask("pause='121'");
    expect(bosh.received.at(-1)).toBe('over');
  });

  test('while nothing is read, nothing is processed and the window holds the client back', () => {
    begun();
    bosh.session.pause();
    bosh.ask('', message('1'));
    bosh.ask('', message('2'));
    expect(bosh.received).toEqual(['header']);
    expect(bosh.responses.size).toBe(1);
    bosh.resume();
    expect(bosh.received).toEqual(['header', '1', '2']);
    expect(bosh.responses.size).toBe(2);
    bosh.session.pause();
    bosh.ask();
    bosh.ask();
    expect(bosh.received.at(-1)).toBe('over');
  });
});

describe('a request', () => {
  const read = (text: string) => readBody(text, XML_LIMITS);

  test('is a body with a rid', () => {
    const good =
      "<body xmlns='http://jabber.org/protocol/httpbind' rid='9007199254740991' sid='x' type='terminate'> <a/>\n</body>";
    expect(read(good)).toMatchObject({ rid: Number.MAX_SAFE_INTEGER, sid: 'x', terminates: true });
    for (const text of [
      '',
      'x',
      '<body rid="1"/>',
      "<body xmlns='http://jabber.org/protocol/httpbind'/>",
      "<body xmlns='http://jabber.org/protocol/httpbind' rid='0'/>",
      "<body xmlns='http://jabber.org/protocol/httpbind' rid='-1'/>",
      "<body xmlns='http://jabber.org/protocol/httpbind' rid='1.5'/>",
      "<body xmlns='http://jabber.org/protocol/httpbind' rid='9007199254740992'/>",
      "<body xmlns='http://jabber.org/protocol/httpbind' rid='1'>text</body>",
      "<body xmlns='http://jabber.org/protocol/httpbind' rid='1'><a></body>",
      "<open xmlns='http://jabber.org/protocol/httpbind' rid='1'/>",
      `<!DOCTYPE x><body xmlns='http://jabber.org/protocol/httpbind' rid='1'/>`,
    ])
      expect(read(text), text).toBeUndefined();
  });

  test('keeps what its elements came as', () => {
    const [element] = read(
      "<body xmlns='http://jabber.org/protocol/httpbind' rid='1'><message xmlns='jabber:client'><a x='&#65;'/></message></body>",
    )!.payload;
    expect(element?.serialize('jabber:client')).toBe("<message><a x='&#65;'/></message>");
  });
});
