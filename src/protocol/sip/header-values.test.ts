import { expect, test } from 'vitest';
import { contactParameters } from './contact.ts';
import { createRequest } from './create.ts';
import { parseEvent, parseSubscriptionState } from './event.ts';
import { parseNameAddress, serializeNameAddress } from './name-address.ts';
import { supports, tokens } from './option-tags.ts';
import { parseRAck, parseRSeq } from './rack.ts';
import { reasons, serializeReason } from './reason.ts';
import { parseReferTo, serializeReferTo } from './refer-to.ts';
import { parseReplaces, serializeReplaces } from './replaces.ts';
import { parseRetryAfter } from './retry-after.ts';
import { routeList, routeValues } from './route.ts';
import { parseMinSe, parseSessionExpires } from './session-expires.ts';
import { serializeUri } from './uri.ts';
import { parseVia, serializeVia } from './via.ts';

/** Values of strangers, each refused with 400. */
function refuses(parse: (value: string) => unknown, values: string[]): void {
  for (const value of values)
    expect(() => parse(value), value).toThrow(expect.objectContaining({ code: 'SIP_SYNTAX', answer: { status: 400 } }));
}

test('Via: rport, received, IPv6, odd transports and white space', () => {
  const via = parseVia('SIP/2.0/wss [2001:DB8::1] : 5070 ; branch=z9hG4bK1;RPORT;received=192.0.2.1;x="a;b,c"');
  expect(via).toMatchObject({ transport: 'WSS', host: '[2001:DB8::1]', port: 5070, sentBy: '[2001:db8::1]:5070' });
  expect(via).toMatchObject({ branch: 'z9hG4bK1', rport: true, received: '192.0.2.1' });
  expect(parseVia('SIP/2.0/UDP h;rport=5060').rport).toBe(5060);
  expect(serializeVia(via)).toBe('SIP/2.0/WSS [2001:DB8::1]:5070;branch=z9hG4bK1;rport;received=192.0.2.1;x="a;b,c"');
  refuses(parseVia, [
    '',
    'SIP/2.0/UDP',
    'SIP/2.0/UDP ',
    'SIP/2.0 h',
    'SIP/1.0/UDP h',
    'HTTP/2.0/UDP h',
    'SIP/2.0/UDP h;',
  ]);
  refuses(parseVia, [
    'SIP/2.0/UDP h;;x',
    'SIP/2.0/UDP h;a;A',
    'SIP/2.0/UDP h:x',
    'SIP/2.0/UDP h i',
    'SIP/2.0/UDP h;rport=x',
  ]);
  refuses(parseVia, [
    'SIP/2.0/UDP h;branch=',
    'SIP/2.0/UDP h;x="a',
    'SIP/2.0/UDP ;branch=x',
    'SIP/2.0/UDP [h]',
    'SIP/2.0/UDP h;a=b c',
  ]);
});

test('name-addr and addr-spec: quotes, escapes, unquoted names, parameters of the header or of the URI', () => {
  expect(parseNameAddress('"A \\"B\\" \\\\ <C>" <sip:a@b;x?y=z>;tag=1')).toMatchObject({
    display: 'A "B" \\ <C>',
    uri: 'sip:a@b;x?y=z',
    tag: '1',
  });
  expect(parseNameAddress('Bob Bee<sip:a@b>').display).toBe('Bob Bee');
  expect(parseNameAddress('Jos\xc3\xa9 <sip:a@b>').display).toBe('Jos\xc3\xa9'); // COMPAT
  expect(parseNameAddress('<sip:a@b>').display).toBeUndefined();
  expect(parseNameAddress('tel:+1;tag=x')).toMatchObject({ uri: 'tel:+1', tag: 'x' });
  expect(serializeNameAddress({ display: 'A "B"', uri: 'sip:a@b', parameters: [['tag', '1']] })).toBe(
    '"A \\"B\\"" <sip:a@b>;tag=1',
  );
  refuses(parseNameAddress, [
    '',
    '"A',
    '"A" sip:a@b',
    '<sip:a@b',
    'A, B <sip:a@b>',
    '< sip:a@b>',
    '<sip:a b>',
    '<>',
    'nothing',
  ]);
  refuses(
    parseNameAddress,
    ['sip:a@b?x=y', 'sip:a@b,c', '<sip:a@b>x', '<sip:a@b>;tag', '<sip:a@b>;tag=1;tag=2'].filter(
      (v) => v !== '<sip:a@b>;tag',
    ),
  );
  refuses(parseNameAddress, ['<sip:a@b>;', '<sip:a@b>;=1', '<sip:\xe9@b>']);
});

test('Contact of a registration: instance, reg-id, q, expires, GRUUs', () => {
  const contact = parseNameAddress(
    '<sip:a@b;gr>;q=0.7;expires=99999999999;reg-id=2;+sip.instance="<urn:uuid:1>";pub-gruu="sip:a@b;gr=urn:uuid:1";temp-gruu="sip:t@b;gr"',
  );
  expect(contactParameters(contact)).toEqual({
    q: 0.7,
    expires: 2 ** 32 - 1,
    regId: 2,
    instance: 'urn:uuid:1',
    publicGruu: 'sip:a@b;gr=urn:uuid:1',
    temporaryGruu: 'sip:t@b;gr',
  });
  const read = (parameters: string) => contactParameters(parseNameAddress(`<sip:a@b>${parameters}`));
  expect(read('')).toEqual({ q: 1 });
  expect(read(';expires=soon').expires).toBe(3600); // RFC 3261 section 20.10
  expect(read(';expires').expires).toBe(3600);
  expect([read(';q=0').q, read(';q=1.000').q, read(';q=.5').q]).toEqual([0, 1, 0.5]);
  refuses(read, [
    ';q=1.1',
    ';q=-1',
    ';q=a',
    ';q=2',
    ';q=""',
    ';reg-id=0',
    ';reg-id=x',
    ';+sip.instance="urn:x"',
    ';+sip.instance=<>',
  ]);
});

test('Refer-To: method, Replaces and other headers of the URI; written and read back', () => {
  const referTo = parseReferTo(
    '"B" <sip:b@c;method=INVITE;x=y?Replaces=1%40h%3Bto-tag%3Dt%3Bfrom-tag%3Df%3Bearly-only&Subject=a%20b>',
  );
  expect(referTo).toMatchObject({
    method: 'INVITE',
    replaces: { callId: '1@h', toTag: 't', fromTag: 'f', earlyOnly: true },
    headers: [['Subject', 'a b']],
  });
  expect(serializeUri(referTo.target)).toBe('sip:b@c;x=y');
  const replaces = { callId: 'a&b=c?d@e', toTag: 'x;y'.slice(0, 1), fromTag: 'z', earlyOnly: false };
  expect(parseReferTo(serializeReferTo('sip:b@c;transport=ws', replaces)).replaces).toEqual(replaces);
  expect(parseReferTo(serializeReferTo('sip:b@c'))).toMatchObject({ method: 'INVITE', headers: [] });
  refuses(parseReferTo, [
    '<sip:b@c?Replaces=x>',
    '<sip:b@c?Replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2&replaces=a%3Bto-tag%3D1%3Bfrom-tag%3D2>',
  ]);
  expect(() => parseReferTo('<tel:1>')).toThrow(expect.objectContaining({ answer: { status: 416 } }));
});

test('Replaces', () => {
  const value = '98732@sip.example.com;to-tag=ff87ff;from-tag=r33th4x0r';
  expect(serializeReplaces(parseReplaces(value))).toBe(value);
  refuses(parseReplaces, [
    '',
    'a',
    'a;to-tag=1',
    'a;from-tag=1',
    ';to-tag=1;from-tag=2',
    'a b;to-tag=1;from-tag=2',
    'a;to-tag;from-tag=1',
  ]);
});

test('session timers: Session-Expires and Min-SE', () => {
  expect(parseSessionExpires('1800;refresher=UAS;x=y')).toMatchObject({ interval: 1800, refresher: 'uas' });
  expect(parseSessionExpires(' 90 ').interval).toBe(90);
  expect(parseMinSe('120;x')).toBe(120);
  refuses(parseSessionExpires, ['', 'x', '-1', '1.5', '4294967296', '90;refresher=me', '90 x']);
  refuses(parseMinSe, ['', '1 2']);
});

test('PRACK: RAck and RSeq', () => {
  expect(parseRAck('776656 1 INVITE')).toEqual({ rseq: 776656, sequence: 1, method: 'INVITE' });
  expect(parseRSeq('4294967295')).toBe(4294967295);
  refuses(parseRAck, [
    '',
    '1',
    '1 2',
    '1 2 INVITE x',
    '0 1 INVITE',
    '1 2147483648 INVITE',
    '1 2 IN,VITE',
    'x 1 INVITE',
  ]);
  refuses(parseRSeq, ['', '0', '4294967296', '1 ']);
});

test('events: Event and Subscription-State', () => {
  expect(parseEvent('refer;id=93809824')).toMatchObject({ package: 'refer', id: '93809824' });
  expect(parseEvent('presence.winfo').package).toBe('presence.winfo');
  expect(parseSubscriptionState('Active;expires=60;Reason=NoResource;retry-after=5')).toMatchObject({
    state: 'active',
    expires: 60,
    reason: 'noresource',
    retryAfter: 5,
  });
  refuses(parseEvent, ['', ';id=1', 'a b']);
  refuses(
    parseSubscriptionState,
    ['', 'active;expires=x', 'active;expires', 'active,terminated'].filter((v) => v !== 'active;expires'),
  );
});

test('Reason: causes of protocols, phrases with quotes', () => {
  const message = createRequest('BYE', 'sip:a', [
    ['reason', 'Q.850;cause=16;text="Terminated \\"so\\""'],
    ['reason', 'SIP;cause=600, preemption'],
  ]);
  expect(reasons(message)).toEqual([
    { protocol: 'Q.850', cause: 16, text: 'Terminated "so"' },
    { protocol: 'SIP', cause: 600 },
    { protocol: 'preemption' },
  ]);
  expect(serializeReason({ protocol: 'SIP', cause: 200, text: 'Call "completed" elsewhere' })).toBe(
    'SIP;cause=200;text="Call \\"completed\\" elsewhere"',
  );
});

test('Retry-After: a comment, nested to any depth, and a duration', () => {
  expect(parseRetryAfter('18000;duration=3600')).toEqual({ delay: 18000, duration: 3600 });
  expect(parseRetryAfter('120 (I am (not) \\) "in (")')).toEqual({ delay: 120 });
  expect(parseRetryAfter(`5 ${'('.repeat(5000)}${')'.repeat(5000)}`)).toEqual({ delay: 5 });
  refuses(parseRetryAfter, ['', 'x', '-1', '5 (', '5 x', '5 )', '4294967296', '5;']);
});

test('option tags and methods', () => {
  const message = createRequest('INVITE', 'sip:a', [
    ['supported', 'Timer, 100rel'],
    ['require', 'replaces'],
    ['allow', 'INVITE, ACK'],
    ['unsupported', ''],
  ]);
  expect(tokens(message, 'supported')).toEqual(['timer', '100rel']);
  expect(tokens(message, 'allow')).toEqual(['INVITE', 'ACK']);
  expect(tokens(message, 'unsupported')).toEqual([]);
  expect([supports(message, 'timer'), supports(message, 'replaces'), supports(message, 'path')]).toEqual([
    true,
    true,
    false,
  ]);
  message.set('supported', 'a b');
  expect(() => tokens(message, 'supported')).toThrow('Malformed');
});

test('route lists: Path, Service-Route, Record-Route', () => {
  const message = createRequest('REGISTER', 'sip:a', [
    ['path', '<sip:p1;lr>, <sip:p2;LR=on>'],
    ['path', '<sip:p3>'],
  ]);
  expect(routeList(message, 'path').map(({ uri, loose }) => [uri.host, loose])).toEqual([
    ['p1', true],
    ['p2', true],
    ['p3', false],
  ]);
  expect(routeValues(message, 'path')).toEqual(['<sip:p1;lr>', '<sip:p2;LR=on>', '<sip:p3>']);
  message.set('path', 'sip:p1;lr');
  expect(() => routeValues(message, 'path')).toThrow('Malformed');
});
