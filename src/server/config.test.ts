import { generateKeyPairSync } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, expect, test } from 'vitest';
import { type ConfigurationSources, loadConfiguration } from './config.ts';
import { ConfigurationError } from './configuration/problem.ts';

const directory = mkdtempSync(join(tmpdir(), 'chappe-config-'));
afterAll(() => rmSync(directory, { recursive: true }));

function load(yaml: string, sources: ConfigurationSources = {}) {
  const file = join(directory, 'test.yaml');
  writeFileSync(file, yaml);
  return loadConfiguration({ environment: {}, file, directory, ...sources });
}

function problems(yaml: string, sources: ConfigurationSources = {}) {
  try {
    load(yaml, sources);
  } catch (error) {
    if (error instanceof ConfigurationError) return error.problems;
    throw error;
  }
  return [];
}

test('without a file everything listens on loopback and may move', () => {
  const { configuration, file, warnings } = loadConfiguration({ environment: {}, directory });
  expect(file).toBeUndefined();
  expect(warnings).toEqual([]);
  expect(configuration).toMatchObject({
    domain: 'localhost',
    data: join(directory, 'data'),
    web: { listen: { address: '127.0.0.1', port: 8080 }, configured: false },
    sip: {
      listen: [
        { transport: 'udp', port: 5060 },
        { transport: 'tcp', port: 5060 },
      ],
      configured: false,
    },
    turn: {
      listen: [
        { transport: 'udp', port: 3478 },
        { transport: 'tcp', port: 3478 },
      ],
    },
    xmpp: { listen: [{ port: 5222 }] },
    msrp: { listen: [{ port: 2855 }] },
    media: { listen: { address: '127.0.0.1', port: 3478 }, configured: false, rtp: { addresses: [] } },
    auth: { handshake: 'optional', required: true },
    drain: 5000,
  });
});

test('media shares the UDP port of TURN, unless it is given one', () => {
  const turn = 'turn: { listen: [ "tcp:127.0.0.1:3000", "udp:127.0.0.1:3001" ] }';
  expect(load(turn).configuration.media).toMatchObject({ listen: { port: 3001 }, configured: false });
  expect(load(`${turn}\nmedia: { listen: 127.0.0.1:3002 }`).configuration.media).toMatchObject({
    listen: { port: 3002 },
    configured: true,
  });
  const rtp = load('media: { rtp: { address: [ 192.0.2.1, "2001:db8::1" ] } }').configuration.media.rtp;
  expect(rtp).toEqual({ addresses: ['192.0.2.1', '2001:db8::1'], ports: { first: 30_000, last: 39_999 } });
});

test('the whole example of the design is accepted', () => {
  const { configuration } = load(`
domain: example.test
data: ./data
redis: redis://127.0.0.1:6379
public: { host: rtc.example.test, address: 203.0.113.7 }
web:   { listen: 127.0.0.1:8080, tls: {}, origins: [ "https://www.example.test" ], hosts: [] }
sip:   { listen: [ "udp:127.0.0.1:5060", "tcp:127.0.0.1:5060" ], tls: {}, trunks: [], routes: [ { domain: other.test, to: "udp:127.0.0.1:5070" } ] }
turn:  { listen: [ "udp:127.0.0.1:3478", "tcp:127.0.0.1:3478" ], relay: { address: 127.0.0.1, ports: 49152-65535 }, secret: "...", allowPeers: [], denyPeers: [] }
xmpp:  { listen: [ "tcp:127.0.0.1:5222" ] }
msrp:  { listen: [ "tcp:127.0.0.1:2855" ] }
media: { engine: embedded, listen: 127.0.0.1:3478, rtp: { address: 127.0.0.1, ports: 30000-39999 }, policy: auto }
auth:  { secret: [ "..." ], handshake: optional, required: true }
accounts: [ { name: alice, password: secret1 } ]
limits: {}
drain: 5s
`);
  expect(configuration.web).toMatchObject({ configured: true, origins: ['https://www.example.test'] });
  expect(configuration.sip.routes).toEqual([
    { domain: 'other.test', to: { transport: 'udp', address: '127.0.0.1', port: 5070 } },
  ]);
  expect(configuration.auth.secrets).toEqual(['...']);
  expect(configuration.turn.relay.ports).toEqual({ first: 49152, last: 65535 });
});

test('an unknown key is fatal and the likely one is named', () => {
  expect(problems('web: { lisen: 127.0.0.1:1 }')).toEqual([
    { key: 'web.lisen', reason: 'no such key', suggestion: 'did you mean web.listen?' },
  ]);
  expect(problems('domian: example.test')[0]?.suggestion).toBe('did you mean domain?');
  expect(problems('handshake: required')[0]?.suggestion).toBe('did you mean auth.handshake?');
  expect(problems('limits: { sip: { transaction: 5 } }')[0]).toMatchObject({
    key: 'limits.sip.transaction',
    suggestion: 'did you mean limits.sip.transactions?',
  });
  expect(problems('zzzzzzzz: 1')).toEqual([{ key: 'zzzzzzzz', reason: 'no such key' }]);
});

test('a wrong value is told by key, reason and the way to write it', () => {
  const all = problems(`
web: { listen: 8080, origins: "https://x.test/path" }
sip: { listen: [ "5060", "sctp:127.0.0.1:1", "udp:example.test:5060", "udp:127.0.0.1:99999" ] }
auth: { secret: [], handshake: maybe, required: maybe }
accounts: [ { name: "al ice", password: hunter2hunter2 }, { name: bob, password: 12345 } ]
drain: 5
limits: { sip: { transactions: 0 } }
`);
  expect(all.map(({ key }) => key)).toEqual(
    expect.arrayContaining([
      'web.listen',
      'web.origins',
      'sip.listen[0]',
      'sip.listen[1]',
      'sip.listen[2]',
      'sip.listen[3]',
      'auth.secret',
      'auth.handshake',
      'auth.required',
      'accounts[0].name',
      'accounts[1].password',
      'drain',
      'limits.sip.transactions',
    ]),
  );
  for (const { key, reason, suggestion } of all) {
    expect(reason, key).toMatch(/^must|^is/);
    if (!['auth.secret', 'auth.handshake'].includes(key)) expect(suggestion ?? '-', key).not.toBe('');
  }
  expect(JSON.stringify(all)).not.toContain('hunter2');
});

test('what is not YAML is told by its line and never quoted', () => {
  const [problem] = problems('domain: example.test\nauth: { secret: "topsecret\n');
  expect(problem?.reason).toMatch(/^line \d: not YAML/);
  expect(JSON.stringify(problem)).not.toContain('topsecret');
  expect(problems('- a')[0]?.reason).toBe('must be a group of keys');
  expect(problems('a: &a [x]\nb: [*a,*a,*c]').length).toBe(1);
  expect(problems('domain: a.test\ndomain: b.test').length).toBe(1);
});

test('an alias bomb ends in an error, not in memory', () => {
  const bomb = ['a: &a [x,x,x,x,x,x,x,x,x,x]'];
  for (let i = 0; i < 9; i++) {
    const [from, to] = ['abcdefghij'[i], 'abcdefghij'[i + 1]];
    bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`).join(',')}]`);
  }
  expect(problems(bomb.join('\n')).length).toBeGreaterThan(0);
});

test('the environment goes over the file, lists are JSON, unknown names are warned of', () => {
  const { configuration, warnings } = load('domain: file.test\nweb: { origins: [] }', {
    environment: {
      CHAPPE_DOMAIN: 'env.test',
      CHAPPE_WEB_ORIGINS: '["https://a.test"]',
      CHAPPE_TURN_ALLOW_PEERS: '["10.0.0.0/8"]',
      CHAPPE_LIMITS_SIP_TRANSACTIONS: '7',
      CHAPPE_AUTH_REQUIRED: 'true',
      CHAPPE_AUTH_SECRET: 'a-secret-of-some-length',
      CHAPPE_PUBLIC: '{"host":"x.test"}',
      CHAPPE_PUBLIC_ADDRESS: '192.0.2.1',
      CHAPPE_TURN_ALOW_PEERS: '[]',
      CHAPPE_LAUNCHER_FD: '3',
      OTHER: 'x',
    },
  });
  expect(configuration).toMatchObject({
    domain: 'env.test',
    web: { origins: ['https://a.test'] },
    turn: { allowPeers: ['10.0.0.0/8'] },
    limits: { sip: { transactions: 7 } },
    auth: { secrets: ['a-secret-of-some-length'] },
    public: { host: 'x.test', address: '192.0.2.1' },
  });
  expect(warnings).toEqual([
    'CHAPPE_TURN_ALOW_PEERS is no setting of Chappe and has no effect: did you mean CHAPPE_TURN_ALLOW_PEERS?',
  ]);
});

test('a wrong variable is told by its own name', () => {
  const environment = { CHAPPE_WEB_LISTEN: 'nowhere', CHAPPE_SIP_LISTEN: 'udp:127.0.0.1:5060' };
  expect(problems('', { environment }).map(({ key }) => key)).toEqual(['CHAPPE_SIP_LISTEN', 'CHAPPE_WEB_LISTEN']);
});

test('the command line goes over all', () => {
  const { configuration } = load('web: { listen: 127.0.0.1:1 }\ndata: here', { listen: '[::1]:0', data: 'there' });
  expect(configuration.web).toMatchObject({ listen: { address: '::1', port: 0 }, configured: true });
  expect(configuration.data).toBe(join(directory, 'there'));
  expect(problems('', { listen: '8080' })[0]?.key).toBe('--listen');
});

test('auth.required false is refused off loopback unless it is called insecure, and warned of always', () => {
  const open = 'auth: { required: false }\nsip: { listen: [ "udp:0.0.0.0:0" ] }';
  expect(problems(open)).toMatchObject([{ key: 'auth.required' }]);
  expect(load(open, { insecure: true }).warnings.length).toBe(1);
  expect(load('auth: { required: false }').warnings.length).toBe(1);
});

test('certificates must come in pairs, be readable and belong together', () => {
  expect(problems('web: { tls: { cert: a.pem } }')).toMatchObject([{ key: 'web.tls.key' }]);
  expect(problems('web: { tls: { cert: a.pem, key: b.pem } }').map(({ key }) => key)).toEqual([
    'web.tls.cert',
    'web.tls.key',
  ]);
  expect(problems('sip: { listen: [ "tls:127.0.0.1:5061" ] }')).toMatchObject([{ key: 'sip.tls' }]);
  const pem = (name: string) => fileURLToPath(new URL(`../../test/fixtures/tls/${name}.pem`, import.meta.url));
  const pair = (cert: string, key: string) => problems(`web: { tls: { cert: "${pem(cert)}", key: "${pem(key)}" } }`);
  expect(pair('localhost.cert', 'localhost.key')).toEqual([]);
  expect(pair('localhost.cert', 'localhost.cert')).toMatchObject([
    { key: 'web.tls', suggestion: expect.stringContaining('PEM') },
  ]);
  writeFileSync(join(directory, 'other.pem'), generateKeyPairSync('ec', ec).privateKey);
  expect(problems(`sip: { tls: { cert: "${pem('localhost.cert')}", key: other.pem } }`)).toMatchObject([
    { key: 'sip.tls', reason: 'cannot be used: key values mismatch' },
  ]);
});

const ec = {
  namedCurve: 'P-256',
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;

test('a missing file is told, and a file without content is no error', () => {
  expect(() => loadConfiguration({ file: '/nonexistent.yaml', environment: {} })).toThrow(ConfigurationError);
  expect(load('# nothing\n').configuration.domain).toBe('localhost');
});
