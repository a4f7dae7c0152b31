import { expect, test } from 'vitest';
import { isIpv4, isIpv6 } from './host.ts';
import { canonicalUser, escapeUser, parseUri, sameUri, serializeUri, uriHeaders } from './uri.ts';

test('all the parts of a URI', () => {
  const text = 'sips:alice;day=tue:p%20w@[2001:DB8::1]:5061;transport=tcp;LR;Foo=Bar?Subject=a%20b&Priority=urgent';
  const uri = parseUri(text);
  expect(uri).toEqual({
    scheme: 'sips',
    user: 'alice;day=tue',
    password: 'p%20w',
    host: '[2001:DB8::1]',
    port: 5061,
    parameters: new Map([
      ['transport', 'tcp'],
      ['lr', undefined],
      ['foo', 'Bar'],
    ]),
    headers: 'Subject=a%20b&Priority=urgent',
  });
  expect(uriHeaders(uri)).toEqual([
    ['Subject', 'a b'],
    ['Priority', 'urgent'],
  ]);
  expect(serializeUri(uri)).toBe(text.replace('LR', 'lr').replace('Foo', 'foo'));
});

// RFC 3261 section 19.1.4
test.each([
  ['sip:%61lice@atlanta.com;transport=TCP', 'sip:alice@AtlanTa.CoM;Transport=tcp'],
  ['sip:carol@chicago.com', 'sip:carol@chicago.com;newparam=5'],
  ['sip:carol@chicago.com', 'sip:carol@chicago.com;security=on'],
  [
    'sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com',
    'sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com',
  ],
  [
    'sip:alice@atlanta.com?subject=project%20x&priority=urgent',
    'sip:alice@atlanta.com?priority=urgent&subject=project%20x',
  ],
])('%s equals %s', (a, b) => {
  expect(sameUri(parseUri(a), parseUri(b))).toBe(true);
  expect(sameUri(parseUri(b), parseUri(a))).toBe(true);
});

test.each([
  ['SIP:ALICE@AtlanTa.CoM;Transport=udp', 'sip:alice@AtlanTa.CoM;Transport=UDP'],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:5060'],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com;transport=udp'],
  ['sip:bob@biloxi.com', 'sip:bob@biloxi.com:6000;transport=tcp'],
  ['sip:carol@chicago.com', 'sip:carol@chicago.com?Subject=next%20meeting'],
  ['sip:bob@phone21.boxesbybob.com', 'sip:bob@192.0.2.4'],
  ['sip:carol@chicago.com;security=on', 'sip:carol@chicago.com;security=off'],
  ['sip:a%40b@c', 'sip:a%41b@c'],
  ['sip:a@b', 'sips:a@b'],
  ['sip:a@b', 'sip:b'],
])('%s does not equal %s', (a, b) => {
  expect(sameUri(parseUri(a), parseUri(b))).toBe(false);
  expect(sameUri(parseUri(b), parseUri(a))).toBe(false);
});

test.each([
  'sip:',
  'sip:@host',
  'sip:a@',
  'sip:a@b@c',
  'sip:a b@c',
  'sip:a@b:port',
  'sip:a@b:65536',
  'sip:a@b:',
  'sip:a@b c',
  'sip:a@b;',
  'sip:a@b;;x',
  'sip:a@b;x=',
  'sip:a@b;lr;lr',
  'sip:a@b;lr;%6Cr',
  'sip:a%4@b',
  'sip:a%zz@b',
  'sip:[::1',
  'sip:[::g]',
  'sip:[1.2.3.4]',
  'sip:2001:db8::10',
  'sip:a@b?',
  'sip:a@b?x',
  'sip:a@b?=x',
  'sip:a@b?x=1&',
  'sip:a@b?x="1"',
  '1sip:a@b',
  'a',
  ':',
  'sip:a@"b"',
  'sip:<a@b>',
  'sip:a@b>',
  '',
])('%s is malformed', (text) => {
  expect(() => parseUri(text)).toThrow(expect.objectContaining({ code: 'SIP_SYNTAX', answer: { status: 400 } }));
});

test('another scheme is 416, an unknown one too', () => {
  for (const text of ['tel:+15551212', 'http://x/', 'im:a@b', 'x+y-1.z:'])
    expect(() => parseUri(text)).toThrow(expect.objectContaining({ answer: { status: 416 } }));
});

test('users are unescaped to octets and escaped again', () => {
  expect(canonicalUser(parseUri('sip:%61lice%20%C3%A9@b'))).toBe('alice \xc3\xa9');
  expect(canonicalUser(parseUri('sip:b'))).toBeUndefined();
  expect(escapeUser('alice \xc3\xa9@#')).toBe('alice%20%C3%A9%40%23');
  expect(parseUri('sip:*43#@b').user).toBe('*43#');
});

test('IPv6 addresses by RFC 4291, IPv4 by four numbers', () => {
  for (const good of [
    '::',
    '::1',
    '1::',
    '1:2:3:4:5:6:7:8',
    '::ffff:192.0.2.1',
    '1:2:3:4:5:6:1.2.3.4',
    '2001:db8::10:5070',
    'a::b',
  ])
    expect([good, isIpv6(good)]).toEqual([good, true]);
  for (const bad of [
    '',
    ':',
    ':::',
    '1',
    '1:2',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '12345::',
    '::1.2.3',
    '::1.2.3.4:5',
    'fe80::1%eth0',
    ':1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:',
    '1:2:3:4:5:6:7::8',
  ])
    expect([bad, isIpv6(bad)]).toEqual([bad, false]);
  for (const good of ['0.0.0.0', '255.255.255.255', '192.0.2.1']) expect(isIpv4(good)).toBe(true);
  for (const bad of ['1.2.3', '1.2.3.4.5', '256.1.1.1', '1.2.3.4.', 'a.b.c.d', '']) expect(isIpv4(bad)).toBe(false);
});
