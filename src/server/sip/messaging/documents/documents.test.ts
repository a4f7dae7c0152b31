import { describe, expect, test } from 'vitest';
import { parseElement } from '../../../../protocol/xmpp/tokenizer.ts';
import { writeDialogInfo } from './dialog-info.ts';
import { writeMessageSummary } from './message-summary.ts';
import { readPidf, writePidf } from './pidf.ts';
import { writeResourceList } from './rlmi.ts';

/** As baresip 1.0 publishes it. */
const BARESIP =
  '<?xml version="1.0" encoding="UTF-8" standalone="no"?><presence xmlns="urn:ietf:params:xml:ns:pidf"\r\n' +
  '    xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"\r\n    xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid"\r\n' +
  '    entity="sip:carol@example.test">\r\n  <dm:person id="p4159"><rpid:activities/></dm:person>\r\n  <tuple id="t4109">\r\n' +
  '    <status>\r\n      <basic>open</basic>\r\n    </status>\r\n    <contact>sip:carol@example.test</contact>\r\n  </tuple>\r\n</presence>\r\n';

describe('presence documents', () => {
  test('what a phone publishes is read: tuples, activities of the person or of a tuple, notes', () => {
    expect(readPidf(BARESIP)).toMatchObject({
      entity: 'sip:carol@example.test',
      tuples: [{ id: 't4109', open: true, contact: { uri: 'sip:carol@example.test' } }],
      activities: [],
    });
    const rich =
      '<p:presence xmlns:p="urn:ietf:params:xml:ns:pidf" xmlns:r="urn:ietf:params:xml:ns:pidf:rpid" entity="pres:a@b">' +
      '<p:tuple id="1"><p:status><p:basic> open </p:basic><r:activities><r:note>L\xc3\xbcneburg</r:note><r:meeting/></r:activities></p:status>' +
      '<p:contact priority="0.8">im:a@b</p:contact></p:tuple><p:tuple id="2"><p:status/></p:tuple></p:presence>';
    expect(readPidf(rich)).toEqual({
      entity: 'pres:a@b',
      tuples: [
        { id: '1', open: true, contact: { uri: 'im:a@b', priority: 0.8 } },
        { id: '2', open: false },
      ],
      activities: ['meeting'],
      note: 'Lüneburg',
    });
  });

  test('comments are passed over, wherever they stand', () => {
    const document = `<?xml version="1.0"?>\n<!-- of a phone -->\n${BARESIP.replace(/^<\?xml[^>]*>/, '').replace('<status>', '<!-- <basic>closed</basic> --><status>')}<!---->`;
    expect(readPidf(document).tuples).toMatchObject([{ id: 't4109', open: true }]);
    expect(() => readPidf(document.replace('<!---->', '<!-- a -- b -->'))).toThrow();
  });

  test('what is written is read back the same', () => {
    const document = {
      entity: 'sip:a&b@example.test',
      tuples: [
        { id: 'r-x', open: true, contact: { uri: 'sip:a&b@example.test', priority: 0.5 }, note: 'in <Rome> & “gone”' },
        { id: 'r-y', open: false },
      ],
      activities: ['on-the-phone'],
      note: 'all',
    };
    expect(readPidf(writePidf(document))).toEqual(document);
  });

  test('what is no such document, or more than one needs, is refused', () => {
    const pidf = (inside: string) => `<presence xmlns="urn:ietf:params:xml:ns:pidf" entity="a">${inside}</presence>`;
    for (const body of [
      '',
      'hello',
      '<presence/>',
      '<!DOCTYPE p [<!ENTITY a "b">]><presence xmlns="urn:ietf:params:xml:ns:pidf">&a;</presence>',
      pidf('<tuple>'),
      pidf('<a>'.repeat(20) + '</a>'.repeat(20)),
      pidf('<a/>'.repeat(1000)),
      pidf('\xff\xfe'),
    ])
      expect(() => readPidf(body), body.slice(0, 60)).toThrow(expect.objectContaining({ answer: { status: 400 } }));
    const large = pidf(`<note>${'x'.repeat(20_000)}</note>`);
    expect(() => readPidf(large)).toThrow(expect.objectContaining({ answer: { status: 413 } }));
    expect(readPidf(pidf(`<tuple id="t">${'<x/>'.repeat(10)}</tuple>`.repeat(40))).tuples).toHaveLength(20);
    expect(readPidf(pidf(`<note>${'x'.repeat(5_000)}</note>`)).note).toHaveLength(500);
  });
});

test('a busy lamp has its dialogs, or one that is over', () => {
  const busy = writeDialogInfo('sip:b"b@example.test', 3, [{ id: '1', direction: 'recipient', state: 'early' }]);
  const root = parseElement(busy.slice(busy.indexOf('<dialog-info')).trimEnd());
  expect(root.attributes).toMatchObject({ version: '3', state: 'full', entity: 'sip:b"b@example.test' });
  expect(root.child('dialog')?.childText('state')).toBe('early');
  expect(writeDialogInfo('sip:b@example.test', 0, [])).toContain('<state>terminated</state>');
});

test('nobody is told of messages where there are none', () => {
  expect(writeMessageSummary('sip:a@b', 0)).toBe('Messages-Waiting: no\r\nMessage-Account: sip:a@b\r\n');
});

test('a list is a multipart whose first part names the others', () => {
  const resources = [
    { uri: 'sip:bob@example.test', name: 'Bob & <Co>', document: { type: 'application/pidf+xml', body: '<x/>' } },
    { uri: 'sip:carol@example.test' },
  ];
  const { type, body } = writeResourceList(
    { uri: 'sip:contacts@example.test', version: 1, full: true, resources },
    'mark',
    'example.test',
  );
  const parts = body.split('--mark');
  expect(parts).toHaveLength(4);
  expect(parts.at(-1)).toBe('--\r\n');
  const root = parts[1] ?? '';
  expect(type).toBe('multipart/related;type="application/rlmi+xml";start="<list-mark@example.test>";boundary="mark"');
  expect(root).toContain('Content-ID: <list-mark@example.test>');
  const list = parseElement(root.slice(root.indexOf('<list ')).trimEnd());
  const [bob, carol] = list.elements('resource');
  expect(bob?.childText('name')).toBe('Bob & <Co>');
  expect(bob?.child('instance')?.attributes).toMatchObject({ state: 'active', cid: 'mark-0@example.test' });
  expect(parts[2]).toMatch(/Content-ID: <mark-0@example.test>\r\n.*\r\n\r\n<x\/>\r\n$/);
  expect(carol?.child('instance')).toBeUndefined();
});
