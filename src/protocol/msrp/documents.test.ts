import { expect, test } from 'vitest';
import { encodeUtf8 } from '../byte-string.ts';
import { cpimAddress, cpimHeader, parseCpim, serializeCpim } from './cpim.ts';
import { parseFileRange, parseFileSelector, serializeFileRange, serializeFileSelector } from './file-selector.ts';
import { type Imdn, parseImdn, serializeImdn } from './imdn.ts';
import { parseIsComposing, serializeIsComposing } from './is-composing.ts';

test('the example of RFC 3862 is read', () => {
  const message = parseCpim(
    [
      'From: MR SANDERS <im:piglet@100akerwood.com>',
      'To: Depressed Donkey <im:eeyore@100akerwood.com>',
      'DateTime: 2000-12-13T13:40:00-08:00',
      'Subject: the weather will be fine today',
      'NS: MyFeatures <mid:MessageFeatures@id.foo.com>',
      '',
      'Content-type: text/xml; charset=utf-8',
      'Content-ID: <1234567890@foo.com>',
      '',
      '<body>\r\nHere is the text.\r\n</body>',
    ].join('\r\n'),
  );
  expect(cpimAddress(cpimHeader(message.headers, 'From'))).toBe('im:piglet@100akerwood.com');
  expect(cpimHeader(message.mime, 'content-type')).toBe('text/xml; charset=utf-8');
  expect(message.body).toBe('<body>\r\nHere is the text.\r\n</body>');
});

test('a message/cpim is written as it is read, with whatever stands in a header', () => {
  const message = {
    headers: [['Subject', encodeUtf8('a\\b\r\nX: é')]] as [string, string][],
    mime: [['Content-Type', 'text/plain;charset=UTF-8']] as [string, string][],
    body: '\r\n\r\nbody',
  };
  expect(parseCpim(serializeCpim(message))).toEqual(message);
  expect(serializeCpim(message).split('\r\n').length).toBe(7);
});

test('what is no message/cpim is refused', () => {
  for (const text of [
    '',
    'From: a',
    'From: a\r\n\r\n',
    'From: a\r\n\r\n\r\nbody',
    'no header\r\n\r\nA: b\r\n\r\n',
    `${'A: b\r\n'.repeat(100)}\r\nA: b\r\n\r\n`,
  ])
    expect(() => parseCpim(text)).toThrow();
});

test('notifications are written and read', () => {
  const all: Imdn[] = [
    { messageId: '34jk324j', dateTime: '2006-04-04T12:16:49-05:00', kind: 'delivery', status: 'delivered' },
    { messageId: 'a<&">', dateTime: 'x', recipient: 'im:bob@example.test', kind: 'display', status: 'displayed' },
    { messageId: 'c', dateTime: 'x', kind: 'processing', status: 'stored' },
  ];
  for (const imdn of all) expect(parseImdn(serializeImdn(imdn))).toEqual(imdn);
  // With a prefix, as some write it.
  const prefixed = serializeImdn(all[0]!)
    .replace(/<(\/?)(?=[a-z])/g, '<$1i:')
    .replace('xmlns=', 'xmlns:i=');
  expect(parseImdn(prefixed)).toEqual(all[0]);
  for (const text of [
    '',
    '<imdn/>',
    '<!DOCTYPE x><imdn><message-id>1</message-id></imdn>',
    '<imdn><message-id>1</message-id><delivery-notification><status><odd/></status></delivery-notification></imdn>',
  ])
    expect(parseImdn(text)).toBeUndefined();
});

test('composing is written and read', () => {
  for (const it of [{ state: 'active', contentType: 'text/plain', refresh: 90 }, { state: 'idle' }] as const)
    expect(parseIsComposing(serializeIsComposing(it))).toEqual(it);
  expect(parseIsComposing('<isComposing><state>thinking</state></isComposing>')).toEqual({ state: 'idle' });
  for (const text of ['', '<x/>', '<isComposing/>']) expect(parseIsComposing(text)).toBeUndefined();
});

test('the file selector of RFC 5547 is read and written', () => {
  const line =
    'name:"My cool picture.jpg" type:image/jpeg size:32349 hash:sha-1:72:24:5F:E8:65:3D:DA:F3:71:36:2F:86:D4:71:91:3E:E4:A2:CE:2E';
  const selector = parseFileSelector(line);
  expect(selector).toEqual({
    name: 'My cool picture.jpg',
    type: 'image/jpeg',
    size: 32_349,
    hash: { 'sha-1': '72245fe8653ddaf371362f86d471913ee4a2ce2e' },
  });
  expect(serializeFileSelector(selector)).toBe(line);
  const odd = { name: 'a "b"\r\n100% é.txt', type: 'text/plain; charset="utf-8"', size: 0 };
  expect(parseFileSelector(serializeFileSelector(odd))).toEqual(odd);
  expect(parseFileSelector('icon:cid:x size:5 hash:md5:AA:BB')).toEqual({ size: 5 });
  for (const text of ['size:x', 'hash:sha-1:AA', 'name:"x', 'nothing', `name:"${'x'.repeat(5000)}"`])
    expect(() => parseFileSelector(text)).toThrow();
});

test('a file range is read and written', () => {
  expect(parseFileRange('1-*')).toEqual({ start: 1 });
  expect(serializeFileRange(parseFileRange('543-4000'))).toBe('543-4000');
  for (const text of ['0-1', '5-3', 'x', '1']) expect(() => parseFileRange(text)).toThrow();
});
