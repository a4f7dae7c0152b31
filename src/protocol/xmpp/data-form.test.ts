import { expect, test } from 'vitest';
import { booleanOf, dataForm, formIn, parseDataForm } from './data-form.ts';
import { xml } from './element.ts';
import { parseElement } from './tokenizer.ts';

const CONFIGURATION = 'http://jabber.org/protocol/muc#roomconfig';

test('a form is written with its FORM_TYPE, fields, values and options', () => {
  const form = dataForm(
    'form',
    CONFIGURATION,
    [
      { name: 'name', type: 'text-single', label: 'Name', value: 'A & B', required: true },
      { name: 'open', type: 'boolean', value: false, description: 'For all' },
      { name: 'who', type: 'list-single', value: 'all', options: [{ label: 'All', value: 'all' }, { value: 'none' }] },
    ],
    { title: 'Room', instructions: 'Fill in' },
  );
  expect(form.serialize('jabber:x:data')).toBe(
    "<x type='form'><title>Room</title><instructions>Fill in</instructions>" +
      `<field var='FORM_TYPE' type='hidden'><value>${CONFIGURATION}</value></field>` +
      "<field var='name' type='text-single' label='Name'><required/><value>A &amp; B</value></field>" +
      "<field var='open' type='boolean'><desc>For all</desc><value>0</value></field>" +
      "<field var='who' type='list-single'><value>all</value><option label='All'><value>all</value></option><option><value>none</value></option></field></x>",
  );
});

test('a form filled in is read by field', () => {
  const parent = xml(
    'query',
    'urn:q',
    {},
    dataForm('result', 'urn:other', []),
    dataForm('submit', CONFIGURATION, [
      { name: 'open', value: 'true' },
      { name: 'admins', value: ['a@b', 'c@d'] },
      { name: '__proto__', value: [] },
    ]),
  );
  const form = formIn(parseElement(parent.serialize()), CONFIGURATION);
  expect(form?.type).toBe('submit');
  expect(booleanOf(form?.values.get('open'))).toBe(true);
  expect(form?.values.get('admins')).toEqual(['a@b', 'c@d']);
  expect(form?.values.get('__proto__')).toEqual([]);
  expect(form?.values.get('constructor')).toBeUndefined();
  expect(formIn(parent, 'urn:third')).toBeUndefined();
  expect(formIn(parent)?.formType).toBe('urn:other');
});

test('a form without a type is none, and a second field of one name does not count', () => {
  expect(parseDataForm(parseElement("<x xmlns='jabber:x:data'/>"))).toBeUndefined();
  const twice = parseDataForm(
    parseElement(
      "<x xmlns='jabber:x:data' type='submit'><field var='a'><value>1</value></field><field var='a'><value>2</value></field></x>",
    ),
  );
  expect(twice?.values.get('a')).toEqual(['1']);
});

test('a boolean has four forms', () => {
  expect(['1', 'true', '0', 'false', 'yes', ''].map((text) => booleanOf([text]))).toEqual([
    true,
    true,
    false,
    false,
    undefined,
    undefined,
  ]);
  expect(booleanOf(undefined)).toBeUndefined();
});
