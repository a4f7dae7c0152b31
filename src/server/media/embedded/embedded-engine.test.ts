import { readdirSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { browserDescription, phoneDescription } from '../../../../test/support/relay-descriptions.ts';
import {
  BROWSER,
  connectBrowser,
  LOOPBACK,
  PHONE,
  SocketWorld,
  sendsTo,
  until,
} from '../../../../test/support/socket-world.ts';
import { ProtocolError } from '../../../protocol/errors.ts';

let world: SocketWorld;
afterEach(() => world.close());

test('a browser that calls a phone with plain RTP: both hear each other', async () => {
  world = await SocketWorld.open();
  const [browser, phone] = [await world.peer(), await world.peer()];
  const branch = world.branch(BROWSER, PHONE);
  const offer = await branch.offer('caller', browserDescription());
  sendsTo(phone, offer);
  const answer = await branch.answer('callee', phoneDescription({ address: LOOPBACK, port: phone.port }));
  branch.confirm();
  await connectBrowser(browser, answer);
  browser.sendRtp({ payload: 'hello' });
  await until(() => phone.rtp.length > 0);
  phone.sendRtp({ payload: 'good day' });
  await until(() => browser.rtp.length > 0);
  expect([phone.heard, browser.heard]).toEqual([['hello'], ['good day']]);
  expect(await branch.close()).toMatchObject([
    { side: 'caller', received: { packets: 1 }, sent: { packets: 1 } },
    { side: 'callee', received: { packets: 1 }, sent: { packets: 1 } },
  ]);
  expect(world.logged).toEqual([]);
  expect(world.engine.metrics()).toMatchObject({ calls: 0, refused: 0, failed: 0 });
});
