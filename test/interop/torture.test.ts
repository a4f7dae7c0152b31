// The torture messages of RFC 4475 and RFC 5118 at the running server's ports: what comes back is what the RFCs ask for, and the
// server lives on after each.
import { readdirSync, readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Chappe, startChappe } from '../support/chappe.ts';
import { type Line, overTcp, overUdp, overWebSocket } from '../support/line.ts';
import { header, status } from '../support/user.ts';

interface Expectation {
  kind: 'valid' | 'invalid' | 'response';
  /** A valid request's answer is none of these. */
  not?: number[];
  /** An invalid request's answer is one of these, */
  codes?: number[];
  lenientCodes?: number[];
  /** or, where the RFC allows to be tolerant, any that is not a syntax error. */
  lenient?: boolean;
  codesAny?: boolean;
  dropOk?: boolean;
  /** On a stream the rest is waited for. */
  streamSilentOk?: boolean;
}

const vectors = ['rfc4475', 'rfc5118'].flatMap((rfc) => {
  const folder = new URL(`../vectors/${rfc}/`, import.meta.url);
  const expected = JSON.parse(readFileSync(new URL('expect.json', folder), 'utf8')) as Record<string, Expectation>;
  return readdirSync(folder)
    .filter((file) => file.endsWith('.dat'))
    .map((file) => file.slice(0, -4))
    .map((name) => ({ rfc, name, bytes: readFileSync(new URL(`${name}.dat`, folder)), expected: expected[name]! }));
});

/** A proxy of another domain that asks for credentials, and the registrar and proxy of the vectors' own domain that asks nobody. */
const servers = [
  { title: 'a server that the messages are not for', config: {}, over: ['UDP', 'TCP', 'WebSocket'] },
  // Once only: a REGISTER that comes again is rightly refused for its CSeq.
  {
    title: 'the server of example.com, for strangers',
    config: { domain: 'example.com', auth: { required: false } },
    over: ['WebSocket'],
  },
];

for (const { title, config, over } of servers) {
  describe(`RFC 4475 and 5118 at ${title}`, () => {
    let server: Chappe;
    beforeAll(async () => {
      server = await startChappe({ config });
    });
    afterAll(async () => {
      await server?.stop();
    });

    const transports: Record<string, () => Promise<Line>> = {
      UDP: () => overUdp('127.0.0.1', server.sip('udp').port),
      TCP: () => overTcp('127.0.0.1', server.sip('tcp').port),
      WebSocket: () => overWebSocket(server.ready.ws),
    };

    for (const transport of over) {
      const open = transports[transport]!;
      for (const { rfc, name, bytes, expected } of vectors) {
        test(`${rfc} ${name} over ${transport}`, async () => {
          const line = await open();
          // On a line of its own: what comes before the probe's answer is the vector's. UDP keeps order on loopback.
          const probe = transport === 'UDP' ? line : await open();
          try {
            line.send(bytes);
            await alive(probe, server.ready.domain);
            if (probe !== line && expected.kind !== 'response' && !silent(line, bytes, expected)) await answered(line);
            judge(line, name, bytes, expected);
          } finally {
            line.close();
            if (probe !== line) probe.close();
          }
        });
      }
    }
  });
}

let probes = 0;

/** The server answers an OPTIONS: it has read all before, and it lives. */
async function alive(line: Line, domain: string): Promise<void> {
  const id = `probe${++probes}`;
  line.send(
    `OPTIONS sip:${domain} SIP/2.0\r\nVia: SIP/2.0/${line.transport} ${line.sentBy};branch=z9hG4bK${id};rport\r\nMax-Forwards: 70\r\n` +
      `From: <sip:probe@${domain}>;tag=${id}\r\nTo: <sip:${domain}>\r\nCall-ID: ${id}\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n`,
  );
  await line.next((text) => header(text, 'Call-ID') === id, { what: 'answer to OPTIONS' });
}

/** The first final answer, or the close that stands for it. */
async function answered(line: Line): Promise<void> {
  await Promise.race([line.next((text) => status(text) >= 200, { timeout: 5000 }).catch(() => ''), line.closed]);
}

/** On a stream the rest of a message is waited for; baddn has no empty line at its end. */
function silent(line: Line, bytes: Buffer, expected: Expectation): boolean {
  return line.transport === 'TCP' && (expected.streamSilentOk === true || !bytes.includes('\r\n\r\n'));
}

function judge(line: Line, name: string, bytes: Buffer, expected: Expectation): void {
  const answers = line.received.filter((text) => !header(text, 'Call-ID').startsWith('probe'));
  // A request would mean that the vector was relayed to its sender; the vectors' addresses are elsewhere.
  expect(answers.filter((text) => !text.startsWith('SIP/2.0 '))).toEqual([]);
  const codes = answers.map(status).filter((code) => code >= 200);
  if (expected.kind === 'response') {
    expect(codes, answers.join('\n')).toEqual([]);
    return;
  }
  if (codes.length === 0) {
    // Without rport the answer goes to the port that the top Via names, which is not ours.
    const excused = expected.dropOk || !line.isOpen || silent(line, bytes, expected) || line.transport === 'UDP';
    expect(excused, `no answer over ${line.transport}`).toBe(true);
    return;
  }
  const code = codes[0]!;
  if (line.transport === 'TCP' && !/^(content-length|l)[ \t]*:/im.test(bytes.toString('latin1'))) {
    expect(code, 'RFC 3261 section 18.3: on a stream there must be a Content-Length').toBe(400);
  } else if (expected.kind === 'valid') expect(expected.not ?? [], answers[0]).not.toContain(code);
  else if (expected.lenient || expected.codesAny) expect(code, answers[0]).toBeGreaterThanOrEqual(200);
  else
    expect([...(expected.codes ?? []), ...(expected.lenientCodes ?? []), ...challenges(name)], answers[0]).toContain(
      code,
    );
}

/** RFC 3261 section 10.3: a registrar asks who it is (step 3) before it looks at To (step 5). */
function challenges(name: string): number[] {
  return name === 'unksm2' ? [401, 407] : [];
}
