import { expect, test } from 'vitest';
import { DOMAIN, settled, XmppWorld } from '../../../../test/support/xmpp-world.ts';
import { uploadLimits } from '../../uploads/limits.ts';
import type { SlotRefusal } from '../../uploads/upload-folder.ts';
import { giveUploadSlots } from './upload.ts';

const UPLOAD = 'urn:xmpp:http:upload:0';

function world(answer: SlotRefusal | undefined = undefined) {
  const world = new XmppWorld();
  const asked: unknown[] = [];
  giveUploadSlots(world.part.xmpp, {
    folder: {
      limits: uploadLimits,
      async slot(owner, file) {
        asked.push([owner, file]);
        return answer ?? { id: 'ID', token: 'TOKEN' };
      },
    },
    url: (id, name) => `https://files/${id}/${encodeURIComponent(name)}`,
  });
  return { world, asked };
}

const iq = (inside: string, type = 'get') => `<iq type='${type}' id='1' to='upload.${DOMAIN}'>${inside}</iq>`;
const request = (attributes: string) => iq(`<request xmlns='${UPLOAD}' ${attributes}/>`);

test('whoever has an account here gets a place for a file, and the token to put it there', async () => {
  const { world: xmpp, asked } = world();
  const alice = await xmpp.online('alice/page');
  const answer = await alice.ask(request(`filename='très cool.jpg' size='23456' content-type='image/jpeg'`));
  const slot = answer.child('slot', UPLOAD)!;
  expect(slot.child('get')?.attributes['url']).toBe('https://files/ID/tr%C3%A8s%20cool.jpg');
  expect(slot.child('put')?.attributes['url']).toBe(slot.child('get')?.attributes['url']);
  const header = slot.child('put')?.child('header');
  expect([header?.attributes['name'], header?.text]).toEqual(['Authorization', 'Bearer TOKEN']);
  expect(asked).toEqual([[`alice@${DOMAIN}`, { name: 'très cool.jpg', size: 23456, type: 'image/jpeg' }]]);
});

test('the service is found by discovery, with the size of the largest file', async () => {
  const alice = await world().world.online('alice/page');
  const items = await alice.ask(
    `<iq type='get' id='1' to='${DOMAIN}'><query xmlns='http://jabber.org/protocol/disco#items'/></iq>`,
  );
  expect(items.serialize()).toContain(`upload.${DOMAIN}`);
  const info = (await alice.ask(iq(`<query xmlns='http://jabber.org/protocol/disco#info'/>`))).serialize();
  expect(info).toContain(`category='store' type='file'`);
  expect(info).toMatch(/max-file-size.*104857600/);
});

test('what cannot be had is refused as XEP-0363 section 5 says', async () => {
  const condition = async (answer: SlotRefusal) => {
    const alice = await world(answer).world.online('alice/page');
    return (await alice.ask(request(`filename='a' size='1'`))).child('error')?.elements()[0]?.name;
  };
  expect(await condition('size')).toBe('not-acceptable');
  expect(await condition('quota')).toBe('resource-constraint');
  expect(await condition('name')).toBe('bad-request');
  expect(await condition('type')).toBe('not-acceptable');
  const large = await (await world('size').world.online('alice/page')).ask(request(`filename='a' size='99'`));
  expect(large.child('error')?.child('file-too-large', UPLOAD)?.childText('max-file-size')).toBe('104857600');
});

test('the service is nobody to write to', async () => {
  const alice = await world('size').world.online('alice/page');
  await alice.write(`<message to='upload.${DOMAIN}' type='chat'><body>hello</body></message>`);
  await settled();
  expect(alice.received[0]?.child('error')?.elements()[0]?.name).toBe('service-unavailable');
});

test('guests get no place, nor does a request that is none', async () => {
  const { world: xmpp, asked } = world();
  const guest = await xmpp.online('guest.x/page');
  expect((await guest.ask(request(`filename='a' size='1'`))).attributes['type']).toBe('error');
  const alice = await xmpp.online('alice/page');
  for (const bad of [
    iq(`<request xmlns='${UPLOAD}' filename='a' size='1'/>`, 'set'),
    iq(`<other xmlns='${UPLOAD}'/>`),
    `<iq type='get' id='1' to='x@upload.${DOMAIN}'><request xmlns='${UPLOAD}' filename='a' size='1'/></iq>`,
  ])
    expect((await alice.ask(bad)).attributes['type']).toBe('error');
  expect(asked).toEqual([]);
  await alice.ask(request(`filename='a' size='-1'`));
  expect(asked).toEqual([[`alice@${DOMAIN}`, { name: 'a', size: Number.NaN }]]);
});
