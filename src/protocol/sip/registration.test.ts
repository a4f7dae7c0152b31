import { expect, test } from 'vitest';
import { TestAgent } from '../../../test/support/user-agents.ts';
import { VirtualTime } from '../../../test/support/virtual-time.ts';
import { createResponse } from './create.ts';
import type { Request } from './message.ts';
import { parseMessage } from './parse.ts';
import type { UserAgentOptions } from './user-agent-options.ts';

type Answer = (request: Request) => [status: number, fields: [string, string][]];

/** A registrar as a function; its answers come at once. */
function registrar(answer: Answer, options: Partial<UserAgentOptions> = {}) {
  const time = new VirtualTime();
  const agent = new TestAgent(time, 'alice', options);
  const requests: Request[] = [];
  agent.transmit = (text) => {
    const request = parseMessage(text) as Request;
    requests.push(request);
    const [status, fields] = answer(request);
    const response = createResponse(request, status, undefined, { toTag: 'r' });
    for (const [name, value] of fields) response.append(name, value);
    time.set(`answer ${requests.length}`, 10, () => agent.receive(response.serialize()));
  };
  return { time, agent, requests };
}

const granted =
  (expires: number, more: [string, string][] = [], parameters = ''): Answer =>
  (request) => {
    const contact = request.get('contact')?.replace(/;expires=\d+/, '') ?? '';
    return [200, [['Contact', `${contact};expires=${expires}${parameters}`], ...more]];
  };

test('a registration is refreshed before it expires, with one Call-ID and rising CSeq', () => {
  const { time, agent, requests } = registrar(granted(100));
  agent.run(agent.agent.register(time.now));
  time.advance(500_000);
  expect(requests.length).toBeGreaterThanOrEqual(6);
  expect(new Set(requests.map(({ callId }) => callId)).size).toBe(1);
  expect(requests.map(({ cseq }) => cseq.sequence)).toEqual(requests.map((_, i) => i + 1));
  expect(agent.last('registered').expires).toBe(100);
});

test('a REGISTER names instance, flow and extensions, and its Contact is under .invalid', () => {
  const instanceId = 'urn:uuid:00000000-0000-1000-8000-000A95A0E128';
  const { time, agent, requests } = registrar(granted(600), { instanceId });
  agent.run(agent.agent.register(time.now));
  const [register] = requests;
  expect(register?.uri).toBe('sip:example.test');
  expect(register?.get('contact')).toMatch(/^<sip:[^@]+@[a-z0-9]+\.invalid;transport=ws>;\+sip\.instance="<urn:uuid:/);
  expect(register?.get('contact')).toContain(';reg-id=1;expires=600');
  expect(register?.values('supported')).toEqual(['path', 'outbound', 'gruu']);
  expect(register?.via.transport).toBe('WS');
});

test('who takes no messages registers without MESSAGE among its methods', () => {
  const { time, agent, requests } = registrar(granted(600), { acceptedMessages: [] });
  agent.run(agent.agent.register(time.now));
  const methods = /;methods="([^"]*)"/.exec(requests[0]?.get('contact') ?? '')?.[1]?.split(', ');
  expect(methods).toContain('INVITE');
  expect(methods).not.toContain('MESSAGE');
});

test('the public GRUU becomes the Contact of calls, the Service-Route their Route', () => {
  const gruu = 'sip:alice@example.test;gr=urn:uuid:1';
  const { time, agent, requests } = registrar((request) =>
    request.method === 'REGISTER'
      ? granted(600, [['Service-Route', '<sip:edge.test;lr;x=1>']], `;pub-gruu="${gruu}";temp-gruu="${gruu}t"`)(request)
      : [404, []],
  );
  agent.run(agent.agent.register(time.now));
  time.advance(50);
  expect(agent.last('registered')).toMatchObject({ publicGruu: gruu, temporaryGruu: `${gruu}t` });
  agent.run(agent.agent.invite('c', 'sip:bob@example.test', {}, time.now));
  expect(requests.at(-1)?.get('contact')).toBe(`<${gruu}>`);
  expect(requests.at(-1)?.values('route')).toEqual(['<sip:edge.test;lr;x=1>']);
});

test('423 raises the expiry once', () => {
  const { time, agent, requests } = registrar((request) =>
    request.expires === 600 ? [423, [['Min-Expires', '3600']]] : granted(3600)(request),
  );
  agent.run(agent.agent.register(time.now));
  time.advance(50);
  expect(requests.map(({ expires }) => expires)).toEqual([600, 3600]);
  expect(agent.types()).toEqual(['registered']);
});

const challenge = 'Digest realm="example.test", nonce="n1", qop="auth"';

test('of several challenges the topmost that is understood is answered', () => {
  const { time, agent, requests } = registrar(
    (request) =>
      request.has('authorization')
        ? granted(600)(request)
        : [
            401,
            [
              ['WWW-Authenticate', `${challenge}, algorithm=SHA3`],
              ['WWW-Authenticate', `${challenge}, algorithm=SHA-256`],
              ['WWW-Authenticate', `${challenge}, algorithm=MD5`],
            ],
          ],
    { credentials: () => ({ username: '1700000000:alice', password: 'secret' }) },
  );
  agent.run(agent.agent.register(time.now));
  time.advance(50);
  expect(agent.types()).toEqual(['registered']);
  const authorization = requests[1]?.get('authorization');
  expect(authorization).toContain('algorithm=SHA-256');
  expect(authorization).toContain('username="1700000000:alice"');
  expect(requests[1]?.cseq.sequence).toBe(2);
  expect(requests[1]?.via.branch).not.toBe(requests[0]?.via.branch);
});

test('wrong credentials are tried once', () => {
  const { time, agent, requests } = registrar(() => [401, [['WWW-Authenticate', challenge]]], {
    credentials: () => ({ username: 'alice', password: 'wrong' }),
  });
  agent.run(agent.agent.register(time.now));
  time.advance(50);
  expect(requests).toHaveLength(2);
  expect(agent.last('registrationFailed').status).toBe(401);
});

test('a server that wants another nonce each time is given up', () => {
  let nonce = 0;
  const stale: Answer = () => [
    401,
    [['WWW-Authenticate', `Digest realm="x", nonce="${nonce++}", qop="auth", stale=true`]],
  ];
  const { time, agent, requests } = registrar(stale, { credentials: () => ({ username: 'alice', password: 'p' }) });
  agent.run(agent.agent.register(time.now));
  time.advance(1_000);
  expect(requests).toHaveLength(5);
});

test('a proxy challenge of an INVITE is answered, and neither it nor the registrar leaks to other requests', () => {
  const { time, agent, requests } = registrar(
    (request) => {
      if (request.method === 'REGISTER') {
        return request.has('authorization') ? granted(600)(request) : [401, [['WWW-Authenticate', challenge]]];
      }
      return request.has('proxy-authorization') ? [404, []] : [407, [['Proxy-Authenticate', challenge]]];
    },
    { credentials: () => ({ username: 'alice', password: 'secret' }) },
  );
  agent.run(agent.agent.register(time.now));
  time.advance(50);
  agent.run(agent.agent.invite('c', 'sip:bob@example.test', {}, time.now));
  time.advance(50);
  expect(requests.map(({ method }) => method)).toEqual(['REGISTER', 'REGISTER', 'INVITE', 'ACK', 'INVITE', 'ACK']);
  expect(requests[2]?.has('authorization')).toBe(false);
  expect(requests[4]?.has('authorization')).toBe(false);
  expect(agent.last('ended').status).toBe(404);
});

test('a failure is told with its Retry-After and not retried', () => {
  const { time, agent, requests } = registrar(() => [503, [['Retry-After', '30']]]);
  agent.run(agent.agent.register(time.now));
  time.advance(3_600_000);
  expect(requests).toHaveLength(1);
  expect(agent.last('registrationFailed')).toMatchObject({ status: 503, retryAfter: 30 });
});

test('a new connection registers again, an answer of the old one counts no more', () => {
  const { time, agent, requests } = registrar(granted(600));
  agent.run(agent.agent.register(time.now));
  agent.run(agent.agent.transportConnected(time.now));
  time.advance(50);
  expect(requests).toHaveLength(2);
  expect(agent.types().filter((type) => type === 'registered')).toHaveLength(1);
});

test('unregistering removes the binding and stops the refresh', () => {
  const { time, agent, requests } = registrar(granted(600));
  agent.run(agent.agent.register(time.now));
  time.advance(50);
  agent.run(agent.agent.unregister(time.now));
  time.advance(3_600_000);
  expect(requests.at(-1)?.get('contact')).toContain(';expires=0');
  expect(requests).toHaveLength(2);
  expect(agent.types().at(-1)).toBe('unregistered');
});

test('unregistering waits for the answer to the registration before', () => {
  const { time, agent, requests } = registrar(granted(600));
  agent.run(agent.agent.register(time.now));
  agent.run(agent.agent.unregister(time.now));
  expect(requests).toHaveLength(1);
  time.advance(50);
  expect(requests.map((request) => request.expires)).toEqual([600, 0]);
  expect(agent.types()).toEqual(['unregistered']);
});

test('a registrar that talks nonsense is a failure', () => {
  const { time, agent } = registrar(() => [
    200,
    [
      ['Contact', '<<<'],
      ['Service-Route', '<sip:x'],
    ],
  ]);
  agent.run(agent.agent.register(time.now));
  time.advance(50);
  expect(agent.types()).toEqual(['registrationFailed']);
});
