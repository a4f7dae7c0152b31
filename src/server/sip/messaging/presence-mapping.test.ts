import { expect, test } from 'vitest';
import { xml } from '../../../protocol/xmpp/element.ts';
import { NS } from '../../../protocol/xmpp/namespaces.ts';
import { presenceDocument, presenceStanza } from './presence-mapping.ts';

const presence = (show?: string, status?: string, priority?: number) =>
  xml(
    'presence',
    NS.CLIENT,
    {},
    show === undefined ? undefined : xml('show', NS.CLIENT, {}, show),
    status === undefined ? undefined : xml('status', NS.CLIENT, {}, status),
    priority === undefined ? undefined : xml('priority', NS.CLIENT, {}, String(priority)),
  );
const resource = (name: string, element: ReturnType<typeof presence>) => ({
  account: 'alice',
  resource: name,
  presence: element,
  source: 'xmpp' as const,
});

test('resources are tuples, and the one of the highest priority says what their person does', () => {
  const resources = [
    resource('ph one', presence('away', undefined, 1)),
    resource('laptop', presence('dnd', 'busy!', 127)),
  ];
  expect(presenceDocument('sip:alice@example.test', resources, false)).toEqual({
    entity: 'sip:alice@example.test',
    tuples: [
      { id: 'r-ph_20one', open: true, contact: { uri: 'sip:alice@example.test', priority: 0.01 } },
      { id: 'r-laptop', open: true, contact: { uri: 'sip:alice@example.test', priority: 1 }, note: 'busy!' },
    ],
    activities: ['busy'],
  });
  expect(presenceDocument('sip:alice@example.test', resources, true).activities).toEqual(['on-the-phone']);
  expect(presenceDocument('sip:alice@example.test', [], false)).toMatchObject({ tuples: [{ open: false }] });
});

test('resources whose long names begin alike are two tuples', () => {
  const long = 'x'.repeat(60);
  const resources = [resource(`${long}1`, presence()), resource(`${long}2`, presence())];
  const { tuples } = presenceDocument('sip:alice@example.test', resources, false);
  expect(tuples.map(({ id }) => id)).toEqual([`r-${long}`, `r-${long}-1`]);
});

test('what a phone publishes is a resource that is there, away or not to be disturbed; closed is gone', () => {
  const of = (activities: string[], open = true, note?: string) =>
    presenceStanza(
      { entity: '', tuples: [{ id: '1', open }], activities, note },
      'alice@example.test/sip-1',
    )?.serialize(NS.CLIENT);
  const around = (inside: string) => `<presence from='alice@example.test/sip-1'>${inside}</presence>`;
  expect(of([])).toBe("<presence from='alice@example.test/sip-1'/>");
  expect(of(['on-the-phone'])).toBe(around('<show>dnd</show><status>On the phone</status>'));
  expect(of(['vacation'], true, 'Rome')).toBe(around('<show>away</show><status>Rome</status>'));
  expect(of(['shopping'])).toBe("<presence from='alice@example.test/sip-1'/>");
  expect(of(['away'], false)).toBeUndefined();
});
