import { expect, test } from 'vitest';
import { XmppWorld } from '../../../../test/support/xmpp-world.ts';
import { tellExternalServices } from './external-services.ts';

const EXTERNAL = 'urn:xmpp:extdisco:2';

async function alice() {
  const world = new XmppWorld();
  tellExternalServices(world.part.xmpp, {
    now: () => Date.UTC(2026, 0, 1),
    issue: (account) => ({
      username: `1767229200:${account}`,
      password: 'secret',
      ttl: 3600,
      iceServers: [
        {
          urls: [
            'stun:rtc.example.test:3478',
            'turn:rtc.example.test:3478?transport=tcp',
            'turns:[::1]:443?transport=tcp',
          ],
          username: '',
          credential: '',
        },
      ],
    }),
  });
  return world.online('alice/page');
}

test('STUN and TURN are told with credentials of the one who asks, that expire', async () => {
  const client = await alice();
  const answer = await client.ask(`<iq type='get' id='1' to='example.test'><services xmlns='${EXTERNAL}'/></iq>`);
  const services = answer.child('services', EXTERNAL)!.elements();
  expect(services.map(({ attributes }) => attributes)).toEqual([
    { type: 'stun', host: 'rtc.example.test', port: '3478', transport: 'udp' },
    expect.objectContaining({
      ...{ type: 'turn', host: 'rtc.example.test', port: '3478', transport: 'tcp', restricted: 'true' },
      ...{ username: '1767229200:alice', password: 'secret', expires: '2026-01-01T01:00:00.000Z' },
    }),
    expect.objectContaining({ type: 'turns', host: '::1', port: '443', transport: 'tcp' }),
  ]);
});

test('services of one type, and credentials of one service, can be asked for', async () => {
  const client = await alice();
  const only = await client.ask(
    `<iq type='get' id='1' to='example.test'><services xmlns='${EXTERNAL}' type='stun'/></iq>`,
  );
  expect(only.child('services', EXTERNAL)?.elements()).toHaveLength(1);
  const ask = (service: string) =>
    client.ask(
      `<iq type='get' id='2' to='example.test'><credentials xmlns='${EXTERNAL}'>${service}</credentials></iq>`,
    );
  const credentials = await ask(`<service host='rtc.example.test' type='turn'/>`);
  expect(credentials.child('credentials', EXTERNAL)?.elements()[0]?.attributes['password']).toBe('secret');
  expect((await ask(`<service host='elsewhere' type='turn'/>`)).attributes['type']).toBe('error');
  expect((await ask('')).attributes['type']).toBe('error');
});
