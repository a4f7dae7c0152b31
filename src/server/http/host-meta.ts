// XEP-0156: where a client that knows only the domain finds the WebSocket and BOSH.
import type { FastifyInstance } from 'fastify';
import { type Addresses, reachOf } from './reach.ts';

/** `/.well-known/host-meta` (RFC 6415) and `host-meta.json`, for pages of every origin: they tell nothing but the way here. */
export function hostMetaRoutes(app: FastifyInstance, { addresses }: { addresses: Addresses }): void {
  const links = (ws: string) => [
    { rel: 'urn:xmpp:alt-connections:websocket', href: `${ws}/` },
    { rel: 'urn:xmpp:alt-connections:xbosh', href: `${ws.replace(/^ws/, 'http')}/http-bind` },
  ];
  app.get('/.well-known/host-meta', async (request, reply) => {
    const { ws } = reachOf(request, false, addresses);
    const text = links(ws).map(({ rel, href }) => `<Link rel="${rel}" href="${href}"/>`);
    reply.header('access-control-allow-origin', '*').type('application/xrd+xml; charset=utf-8');
    return `<?xml version="1.0" encoding="utf-8"?>\n<XRD xmlns="http://docs.oasis-open.org/ns/xri/xrd-1.0">${text.join('')}</XRD>\n`;
  });
  app.get('/.well-known/host-meta.json', async (request, reply) => {
    const { ws } = reachOf(request, false, addresses);
    reply.header('access-control-allow-origin', '*');
    return { links: links(ws) };
  });
}
