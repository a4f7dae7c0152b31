import { hash } from 'node:crypto';
import { expect, test } from 'vitest';
import { capabilitiesHash, capabilitiesOf } from './entity-capabilities.ts';
import { parseElement } from './tokenizer.ts';

const primitives = {
  hash: (name: string, octets: string) => hash(name, Buffer.from(octets, 'latin1'), 'binary'),
};
const FEATURES = ['caps', 'disco#items', 'muc', 'disco#info']
  .map((name) => `<feature var='http://jabber.org/protocol/${name}'/>`)
  .join('');
const hashOf = (inside: string) =>
  capabilitiesHash(
    parseElement(`<query xmlns='http://jabber.org/protocol/disco#info'>${inside}</query>`),
    'sha-1',
    primitives,
  );
const SOFTWARE = `<x xmlns='jabber:x:data' type='result'><field var='FORM_TYPE' type='hidden'><value>urn:xmpp:dataforms:softwareinfo</value></field>
  <field var='ip_version' type='text-multi'><value>ipv6</value><value>ipv4</value></field><field var='os'><value>Mac</value></field>
  <field var='os_version'><value>10.5.1</value></field><field var='software'><value>Psi</value></field><field var='software_version'><value>0.11</value></field></x>`;

test('the examples of XEP-0115 sections 5.2 and 5.3', () => {
  expect(hashOf(`<identity category='client' type='pc' name='Exodus 0.9.1'/>${FEATURES}`)).toBe(
    'QgayPKawpkPSDYmwT/WM94uAlu0=',
  );
  const psi = (lang: string, name: string) =>
    `<identity xml:lang='${lang}' category='client' name='${name}' type='pc'/>`;
  expect(hashOf(psi('en', 'Psi 0.11') + psi('el', 'Ψ 0.11') + FEATURES + SOFTWARE)).toBe(
    'q07IKJEyjvHSyhy//CH0CxmKi8w=',
  );
});

test('what is ill-formed has no hash', () => {
  const identity = "<identity category='client' type='pc'/>";
  expect(hashOf(identity + identity)).toBeUndefined();
  expect(hashOf("<feature var='a'/><feature var='a'/>")).toBeUndefined();
  expect(hashOf(SOFTWARE + SOFTWARE)).toBeUndefined();
  expect(hashOf(SOFTWARE.replace('</value>', '</value><value>b</value>'))).toBeUndefined();
});

test('a presence says its features by a hash that is known', () => {
  const c = (attributes: string) =>
    capabilitiesOf(
      parseElement(
        `<presence xmlns='jabber:client'><c xmlns='http://jabber.org/protocol/caps' ${attributes}/></presence>`,
      ),
    );
  expect(c("node='n' ver='v' hash='sha-1'")).toEqual({ node: 'n', ver: 'v', hash: 'sha-1' });
  expect(c("node='n' ver='v' hash='md5'")).toBeUndefined();
  expect(c("node='n' ver='0.9' ext='x'")).toBeUndefined();
});
