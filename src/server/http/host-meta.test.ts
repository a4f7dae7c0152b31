import Fastify from 'fastify';
import { expect, test } from 'vitest';
import { parseElement } from '../../protocol/xmpp/tokenizer.ts';
import { hostMetaRoutes } from './host-meta.ts';

test('who knows the domain finds WebSocket and BOSH, from a page of any origin', async () => {
  const app = Fastify();
  hostMetaRoutes(app, {
    addresses: {
      publicHost: undefined,
      publicAddress: undefined,
      web: () => ({ endpoint: { address: '127.0.0.1', port: 8080 }, tls: false }),
      stun: () => [],
    },
  });
  const get = (url: string) =>
    app.inject({ url, headers: { host: 'example.test:8080', origin: 'https://other.test' } });
  const xrd = await get('/.well-known/host-meta');
  expect(xrd.headers).toMatchObject({
    'content-type': 'application/xrd+xml; charset=utf-8',
    'access-control-allow-origin': '*',
  });
  const links = parseElement(xrd.body.replace(/^<\?xml.*?\?>\n/, '')).elements();
  const expected = [
    { rel: 'urn:xmpp:alt-connections:websocket', href: 'ws://example.test:8080/' },
    { rel: 'urn:xmpp:alt-connections:xbosh', href: 'http://example.test:8080/http-bind' },
  ];
  expect(links.map(({ attributes }) => ({ ...attributes }))).toEqual(expected);
  const json = await get('/.well-known/host-meta.json');
  expect(json.headers['access-control-allow-origin']).toBe('*');
  expect(json.json()).toEqual({ links: expected });
  await app.close();
});
