import type { FastifyInstance } from 'fastify';
import { type ByteString, decodeUtf8, encodeUtf8 } from '../../protocol/byte-string.ts';
import type { CallTrace } from '../inspector/trace.ts';
import type { Access } from './access.ts';
import { notFound } from './http-error.ts';

const MAX_CALLS = 1_000;

/** The trace of calls and other exchanges, redacted, for administrators. */
export function inspectorRoutes(
  app: FastifyInstance,
  options: {
    access: Access;
    trace: () => CallTrace | undefined;
    /** Legs of a call that is up and whose media is relayed. */
    legs: (callId: ByteString) => Promise<object[]>;
  },
): void {
  app.get('/api/inspector/calls', async (request) => {
    options.access.administrator(request);
    const limit = Number((request.query as Record<string, unknown>)['limit'] ?? 100);
    const calls = options.trace()?.list(Number.isInteger(limit) ? Math.min(Math.max(limit, 1), MAX_CALLS) : 100) ?? [];
    return { calls: calls.map((call) => readable(call)) };
  });

  app.get<{ Params: { callId: string } }>('/api/inspector/calls/:callId', async (request) => {
    options.access.administrator(request);
    const callId = encodeUtf8(request.params.callId);
    const events = options.trace()?.get(callId) ?? [];
    if (events.length === 0) throw notFound();
    const legs = await options.legs(callId);
    return { callId: request.params.callId, events: events.map((event) => readable(event)), legs };
  });
}

/** Byte strings become text where they are UTF-8; other octets stay one character each. */
function readable(record: object): object {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]) => [
      key,
      typeof value === 'string' ? (decodeUtf8(value) ?? value) : value,
    ]),
  );
}
