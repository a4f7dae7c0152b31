import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ProtocolError } from '../../src/protocol/errors.ts';
import { contactParameters } from '../../src/protocol/sip/contact.ts';
import { createResponse } from '../../src/protocol/sip/create.ts';
import { parseChallenge, parseCredentials } from '../../src/protocol/sip/digest.ts';
import { parseEvent, parseSubscriptionState } from '../../src/protocol/sip/event.ts';
import { canonicalName } from '../../src/protocol/sip/field-name.ts';
import type { Message } from '../../src/protocol/sip/message.ts';
import { parseNameAddress, serializeNameAddress } from '../../src/protocol/sip/name-address.ts';
import { tokens } from '../../src/protocol/sip/option-tags.ts';
import { parseMessage, salvageRequest } from '../../src/protocol/sip/parse.ts';
import { parseRAck } from '../../src/protocol/sip/rack.ts';
import { reasons } from '../../src/protocol/sip/reason.ts';
import { parseReferTo } from '../../src/protocol/sip/refer-to.ts';
import { parseReplaces } from '../../src/protocol/sip/replaces.ts';
import { parseRetryAfter } from '../../src/protocol/sip/retry-after.ts';
import { routeList } from '../../src/protocol/sip/route.ts';
import { parseSessionExpires } from '../../src/protocol/sip/session-expires.ts';
import { MessageStream, type StreamFrame } from '../../src/protocol/sip/stream.ts';
import { parseUri, sameUri, serializeUri, uriHeaders } from '../../src/protocol/sip/uri.ts';
import { validateRequest, validateResponse } from '../../src/protocol/sip/validate.ts';
import { parseVia, serializeVia } from '../../src/protocol/sip/via.ts';

/** Everything is seeded: a failure here fails everywhere, and prints its counterexample. */
const SEED = 3261;
const runs = (numRuns: number) => ({ seed: SEED, numRuns, endOnFailure: true });

const VECTORS = ['rfc4475', 'rfc5118'].flatMap((suite) => {
  const folder = new URL(`../vectors/${suite}/`, import.meta.url);
  return readdirSync(folder)
    .filter((name) => name.endsWith('.dat'))
    .sort()
    .map((name) => readFileSync(new URL(name, folder)).toString('latin1'));
});

/** undefined when the peer is to blame; anything else that is thrown is our fault and fails the test. */
function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch (error) {
    if (error instanceof ProtocolError) return undefined;
    throw error;
  }
}

// 1. Mutated torture messages: nothing but ProtocolError, and what is not edited stays.

/** What grammars break on. */
const MORSELS = [
  '\r\n',
  '\r',
  '\n',
  ' ',
  '\t',
  '\r\n ',
  ',',
  ';',
  ':',
  '=',
  '"',
  '\\',
  '<',
  '>',
  '@',
  '%',
  '%00',
  '/',
  '?',
  '[',
  ']',
  '(',
  '\0',
  '\xff',
  'Via:',
  'v:',
  'l: 1\r\n',
  ';;',
  '*',
  '0',
  '-1',
  '99999999999',
  'sip:',
  'SIP/2.0',
  'z9hG4bK',
];

const mutation = fc.record({
  kind: fc.constantFrom('insert', 'replace', 'delete', 'repeat', 'move'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  to: fc.double({ min: 0, max: 1, noNaN: true }),
  length: fc.nat(20),
  morsel: fc.constantFrom(...MORSELS),
});

function mutate(text: string, m: { kind: string; at: number; to: number; length: number; morsel: string }): string {
  const at = Math.floor(m.at * text.length);
  const to = Math.floor(m.to * text.length);
  const rest = text.slice(at + m.length);
  const span = text.slice(at, at + m.length);
  switch (m.kind) {
    case 'insert':
      return text.slice(0, at) + m.morsel + text.slice(at);
    case 'replace':
      return text.slice(0, at) + m.morsel + rest;
    case 'delete':
      return text.slice(0, at) + rest;
    case 'repeat':
      return text.slice(0, at) + span.repeat(3) + rest;
    default:
      return text.slice(0, to) + span + text.slice(to);
  }
}

const mutated = fc
  .tuple(fc.constantFrom(...VECTORS), fc.array(mutation, { minLength: 1, maxLength: 6 }))
  .map(([text, mutations]) => mutations.reduce(mutate, text));

function readEverything(message: Message): void {
  for (const read of [
    () => message.via,
    () => message.vias,
    () => message.from,
    () => message.to,
    () => message.callId,
    () => message.cseq,
    () => message.routes,
    () => message.recordRoutes,
    () => message.contacts,
    () => message.maxForwards,
    () => message.expires,
    () => message.rawFields(),
    () => routeList(message, 'route'),
    () => tokens(message, 'supported'),
    () => reasons(message),
    () => message.contacts !== '*' && message.contacts.map(contactParameters),
    () => parseUri(message.to.uri),
    () => message.all('authorization').map(parseCredentials),
    () => (message.kind === 'request' ? validateRequest(message) : validateResponse(message)),
  ])
    attempt(read);
}

test('a mutated message is refused by a ProtocolError or passes through byte by byte', () => {
  let parsed = 0;
  fc.assert(
    fc.property(mutated, (text) => {
      const message = attempt(() => parseMessage(text));
      if (!message) {
        const request = salvageRequest(text);
        if (request) parseMessage(createResponse(request, 400, undefined, { toTag: 't' }).serialize());
        return;
      }
      parsed++;
      const trimmed = text.replace(/^(?:\r\n)+/, '');
      const whole = message.serialize();
      expect(trimmed.startsWith(whole)).toBe(true);
      readEverything(message);
      expect(message.serialize()).toBe(whole); // reading changes nothing

      // an edit adds its line and leaves the rest
      const clone = message.clone();
      clone.prepend('via', 'SIP/2.0/WS fuzz.invalid;branch=z9hG4bKfuzz');
      const spelled = 'Via: SIP/2.0/WS fuzz.invalid;branch=z9hG4bKfuzz\r\n';
      const at = clone.serialize().indexOf(spelled);
      expect(clone.serialize().slice(0, at) + clone.serialize().slice(at + spelled.length)).toBe(whole);
      clone.removeFirstValue('via');
      expect(clone.serialize()).toBe(whole);
      clone.append('x-fuzz', '1');
      expect(clone.serialize().replace('X-Fuzz: 1\r\n', '')).toBe(whole);
      expect(message.serialize()).toBe(whole); // and none in the original

      // every name goes away without taking a neighbour along
      for (const name of new Set(message.names())) {
        const without = message.clone();
        without.remove(name);
        const rest = message.rawFields().filter((field) => canonicalName(field.name) !== name);
        expect(without.rawFields()).toEqual(rest);
        expect(without.body).toBe(message.body);
      }
      if (message.kind === 'request') parseMessage(createResponse(message, 200, 'OK', { toTag: 't' }).serialize());
    }),
    runs(6000),
  );
  expect(parsed).toBeGreaterThan(1000);
});

// 2. A model of the edits: lists of lines, edited naively, must give the same octets.

const space = fc.constantFrom('', ' ', '\t', '  ', '\r\n ', '\r\n\t');
const element = fc.constantFrom(
  '<sip:a@b;lr>',
  '"x, y" <sip:a,b@c>;p=";,"',
  'SIP/2.0/UDP h;branch=z9hG4bK1',
  'token',
  '"\\", \\\\"',
  '<sip:%00@h>',
);
const spelling = fc.constantFrom(
  'Via',
  'v',
  'ROUTE',
  'Route',
  'Record-Route',
  'X-Unknown',
  'Contact',
  'm',
  'Supported',
);

interface ModelField {
  spelling: string;
  /** Raw text between the colon and CRLF: an element, then separator and element, and so on. */
  parts: { before: string; element: string; after: string }[];
  colon: string;
}

const part = fc.record({ before: space, element, after: space });
const modelField: fc.Arbitrary<ModelField> = fc.record({
  spelling,
  colon: fc.constantFrom(':', ' :', '\t:'),
  parts: fc.array(part, { minLength: 1, maxLength: 4 }),
});

function line(field: ModelField): string {
  const value = field.parts.map(({ before, element, after }) => before + element + after).join(',');
  return `${field.spelling}${field.colon}${value}\r\n`;
}

const edit = fc.record({
  kind: fc.constantFrom('set', 'append', 'prepend', 'remove', 'removeFirstValue', 'replaceFirstValue', 'clone'),
  name: fc.constantFrom('via', 'route', 'record-route', 'x-unknown', 'contact', 'supported'),
  element,
});

/** The usual spelling of the names above, as the core writes them. */
const USUAL: Record<string, string> = {
  via: 'Via',
  route: 'Route',
  'record-route': 'Record-Route',
  'x-unknown': 'X-Unknown',
  contact: 'Contact',
  supported: 'Supported',
};

function model(fields: ModelField[], name: string): { first: number; last: number } {
  const names = fields.map((field) => canonicalName(field.spelling));
  return { first: names.indexOf(name), last: names.lastIndexOf(name) };
}

function made(name: string, element: string, spelling = USUAL[name] as string): ModelField {
  return { spelling, colon: ':', parts: [{ before: ' ', element, after: '' }] };
}

test('edits change what they name and no other octet (against a naive model)', () => {
  fc.assert(
    fc.property(
      fc.array(modelField, { maxLength: 8 }),
      fc.array(edit, { maxLength: 12 }),
      fc.constantFrom('', 'body\r\n\r\n'),
      (initial, edits, body) => {
        let fields = structuredClone(initial);
        const write = () => `OPTIONS sip:a SIP/2.0\r\n${fields.map(line).join('')}\r\n${body}`;
        let message = parseMessage(write());
        expect(message.serialize()).toBe(write());
        for (const { kind, name, element } of edits) {
          const { first, last } = model(fields, name);
          const top = fields[first];
          switch (kind) {
            case 'set':
              message.set(name, element);
              if (!top) fields.push(made(name, element));
              else {
                fields[first] = made(name, element, top.spelling);
                fields = fields.filter((field, i) => i <= first || canonicalName(field.spelling) !== name);
              }
              break;
            case 'append':
              message.append(name, element);
              fields.splice(last === -1 ? fields.length : last + 1, 0, made(name, element));
              break;
            case 'prepend':
              message.prepend(name, element);
              fields.splice(Math.max(first, 0), 0, made(name, element));
              break;
            case 'remove':
              message.remove(name);
              fields = fields.filter((field) => canonicalName(field.spelling) !== name);
              break;
            case 'removeFirstValue':
              message.removeFirstValue(name);
              if (!top) break;
              if (top.parts.length === 1) fields.splice(first, 1);
              else {
                // the white space that was before the popped value is before the next one now
                const before = top.parts[0]?.before as string;
                top.parts.shift();
                (top.parts[0] as { before: string }).before = before;
              }
              break;
            case 'replaceFirstValue':
              message.replaceFirstValue(name, element);
              if (top) (top.parts[0] as { element: string }).element = element;
              else fields.push(made(name, element));
              break;
            default:
              message = message.clone();
          }
          expect(message.serialize()).toBe(write());
          const expected = fields.filter((field) => canonicalName(field.spelling) === name);
          expect(message.values(name)).toEqual(expected.flatMap((field) => field.parts.map(({ element }) => element)));
        }
        const reread = parseMessage(message.serialize());
        expect(reread.rawFields()).toEqual(message.rawFields());
      },
    ),
    runs(3000),
  );
});

// 3. Streams: segmentation does not matter.

function drain(stream: MessageStream, pieces: string[]): { frames: StreamFrame[]; failure: string | undefined } {
  const frames: StreamFrame[] = [];
  for (const piece of pieces) {
    if (stream.failure) break;
    attempt(() => frames.push(...stream.push(piece)));
  }
  return { frames, failure: stream.failure?.code };
}

test('a stream gives the same messages and the same failure in whatever pieces it comes', () => {
  const segment = fc.oneof(
    mutated,
    fc.constantFrom(...VECTORS),
    fc.constantFrom('\r\n', '\r\n\r\n', '\r', '\n'),
    fc.nat(300).map((length) => `M sip:a SIP/2.0\r\nl: ${length}\r\n\r\n${'\r\n'.repeat(length).slice(0, length)}`),
  );
  fc.assert(
    fc.property(fc.array(segment, { maxLength: 6 }), fc.array(fc.integer({ min: 1, max: 200 })), (segments, cuts) => {
      const input = segments.join('');
      const pieces: string[] = [];
      for (let at = 0, i = 0; at < input.length; i++) {
        const size = cuts[i] ?? 50;
        pieces.push(input.slice(at, at + size));
        at += size;
      }
      const whole = drain(new MessageStream({ maximum: 5000 }), [input]);
      expect(drain(new MessageStream({ maximum: 5000 }), pieces)).toEqual(whole);
    }),
    runs(1500),
  );
});

// 4. Values: nothing but ProtocolError, and what was parsed can be written and parsed again.

const morsels = fc
  .array(
    fc.oneof(
      fc.constantFrom(...MORSELS, 'a', 'tag', 'lr', 'q=0.5', '::1', 'example.test', ';p=v', '"x"'),
      fc.string({ unit: 'binary-ascii', maxLength: 4 }),
    ),
    { maxLength: 14 },
  )
  .map((parts) => parts.join(''));
const uriText = fc
  .tuple(
    fc.constantFrom('sip:', 'sips:', 'SIP:'),
    fc.constantFrom('', 'a@', 'a:b@', '%61;x?y@'),
    fc.constantFrom('h', 'h:5060', '[::1]', '[2001:db8::1]:1', '192.0.2.1'),
    fc.constantFrom('', ';lr', ';transport=ws;x', ';%6cr=1', ';a=b;c'),
    fc.constantFrom('', '?a=b', '?Replaces=x%3Bto-tag%3D1%3Bfrom-tag%3D2'),
  )
  .map((parts) => parts.join(''));

test('URIs round-trip and equal themselves', () => {
  fc.assert(
    fc.property(
      fc.oneof(
        uriText,
        fc.tuple(uriText, mutation).map(([text, m]) => mutate(text, m)),
        morsels,
      ),
      (text) => {
        const uri = attempt(() => parseUri(text));
        if (!uri) return;
        const again = parseUri(serializeUri(uri));
        expect(again).toEqual(uri);
        expect(sameUri(uri, again)).toBe(true);
        uriHeaders(uri);
      },
    ),
    runs(8000),
  );
});

test('addresses and Vias round-trip', () => {
  const address = fc
    .tuple(
      fc.constantFrom('', 'Bob ', '"B, \\"o\\"" ', 'B o b'),
      uriText,
      fc.constantFrom('', ';tag=1', ';q=0.5 ; x="a;b"'),
    )
    .map(([display, uri, parameters]) => `${display}<${uri}>${parameters}`);
  const via = fc
    .tuple(
      fc.constantFrom('SIP/2.0/UDP ', 'SIP / 2.0 / ws\t'),
      fc.constantFrom('h', 'h:1', '[::1] : 5', 'H.Invalid'),
      fc.constantFrom('', ';rport', ';branch=z9hG4bK1;rport=5;received=::1'),
    )
    .map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(address, via, morsels), fc.option(mutation), (input, m) => {
      const text = m ? mutate(input, m) : input;
      const parsed = attempt(() => parseNameAddress(text));
      if (parsed && !parsed.display?.match(/[\r\n]/)) {
        const again = parseNameAddress(serializeNameAddress(parsed));
        expect({ ...again, display: again.display ?? '' }).toEqual({ ...parsed, display: parsed.display ?? '' });
      }
      const hop = attempt(() => parseVia(text));
      if (hop) expect(parseVia(serializeVia(hop))).toEqual(hop);
    }),
    runs(8000),
  );
});

test('typed values throw nothing but ProtocolError', () => {
  fc.assert(
    fc.property(morsels, (text) => {
      for (const parse of [
        parseReferTo,
        parseReplaces,
        parseEvent,
        parseSubscriptionState,
        parseSessionExpires,
        parseRAck,
        parseRetryAfter,
        parseChallenge,
        parseCredentials,
      ])
        attempt(() => parse(text));
      attempt(() => parseCredentials(`Digest ${text}`));
      attempt(() => parseRetryAfter(`5 (${text}`));
    }),
    runs(6000),
  );
});

// 5. Time: 60 kB of the worst of each kind. Quadratic work on such a text takes seconds; linear, a millisecond or two.

const LONG = 60_000;
const fill = (morsel: string) => morsel.repeat(Math.floor(LONG / morsel.length));
const head = (field: string) => `OPTIONS sip:a SIP/2.0\r\n${field}\r\n\r\n`;

test.each([
  ['an endless start line', fill('a ')],
  ['a long method', `${fill('A')} sip:a SIP/2.0\r\n\r\n`],
  ['a long Request-URI', `A sip:${fill('a;')} SIP/2.0\r\n\r\n`],
  ['commas in Via', head(`Via: ${fill('a,')}a`)],
  ['open quotes', head(`Via: ${fill('"')}`)],
  ['escapes in an open quote', head(`To: "${fill('\\')}`)],
  ['open angles', head(`Route: ${fill('<')}`)],
  ['angles and commas', head(`Route: ${fill('<,')}`)],
  ['parameters', head(`To: <sip:a@b>${fill(';a')}`)],
  ['different parameters', head(`To: <sip:a@b>${Array.from({ length: 9000 }, (_, i) => `;a${i}`).join('')}`)],
  ['URI parameters', head(`To: <sip:a@b${fill(';a')}>`)],
  ['spaces', head(`To: ${fill(' ')}`)],
  ['spaces within', head(`To: a${fill(' ')}b`)],
  ['folding', head(`To: a${fill('\r\n ')}b`)],
  ['folding in Via', head(`Via: SIP${fill('\r\n ')}/2.0/UDP a`)],
  ['empty lines first', fill('\r\n')],
  ['short fields', head(fill('a:\r\n'))],
  ['colons', head(fill(':'))],
  ['backslashes', head(`Contact: ${fill('"\\\\",')}`)],
  ['percents', head(`Contact: <sip:${fill('%41')}@b>`)],
  ['header pairs in a URI', head(`Contact: <sip:a@b?${fill('a=b&')}c=d>`)],
  ['colons in an IPv6 reference', head(`Via: SIP/2.0/UDP [${fill(':')}]`)],
  ['a long number', head(`CSeq: ${fill('1')} A`)],
  ['digest parameters', head(`Authorization: Digest ${fill('a=b, ')}`)],
])('%s take linear time', (_, text) => {
  const started = performance.now();
  for (let i = 0; i < 3; i++) {
    const limits = { size: 100_000, head: 100_000, fields: 100_000 };
    const message = attempt(() => parseMessage(text, limits)) ?? salvageRequest(text, limits);
    if (message) {
      readEverything(message);
      message.removeFirstValue('via');
      message.replaceFirstValue('route', '<sip:x;lr>');
      message.serialize();
    }
    attempt(() => new MessageStream({ maximum: 100_000 }).push(text));
  }
  expect(performance.now() - started).toBeLessThan(1000);
});
