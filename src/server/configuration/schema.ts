// The configuration file's schema: the one place that knows its keys. docs/CONFIGURATION.md is written from it.
import { isIP } from 'node:net';
import { domainToASCII } from 'node:url';
import * as z from 'zod';
import { relayLimits as msrpLimits } from '../../protocol/msrp/limits.ts';
import { turnLimits } from '../../protocol/turn/limits.ts';
import { storageLimits } from '../../storage/limits.ts';
import { transportLimits } from '../../transport/limits.ts';
import { canonicalName, GUEST_PREFIX } from '../accounts/canonical-name.ts';
import { httpLimits } from '../http/limits.ts';
import { mediaLimits } from '../media/embedded/limits.ts';
import { rtpengineLimits } from '../media/rtpengine/limits.ts';
import { messagingLimits } from '../messaging/limits.ts';
import { sipLimits } from '../sip/limits.ts';
import { uploadLimits } from '../uploads/limits.ts';
import { boshLimits } from '../xmpp/bosh/limits.ts';
import { mucLimits } from '../xmpp/muc/limits.ts';
import { pepLimits } from '../xmpp/pep/limits.ts';
import { xmppLimits } from '../xmpp/streams/limits.ts';
import { bindAddress, type HostPort, type Listen, parseHostPort, parseListen } from './listen.ts';

/** Areas of `limits`: each bound by name, with its default. */
export const limitDefaults = {
  transport: transportLimits,
  sip: sipLimits,
  http: httpLimits,
  storage: storageLimits,
  turn: turnLimits,
  media: mediaLimits,
  rtpengine: rtpengineLimits,
  uploads: uploadLimits,
  xmpp: xmppLimits,
  bosh: boshLimits,
  msrp: msrpLimits,
  messaging: messagingLimits,
  rooms: mucLimits,
  pep: pepLimits,
};

/** A value that a function understands, or the reason and the way to write it. */
function understood<T>(example: string, reason: string, read: (text: string) => T | undefined) {
  return z
    .string()
    .meta({ examples: [example] })
    .transform((text, context): T => {
      const value = read(text);
      if (value !== undefined) return value;
      context.addIssue({ code: 'custom', message: reason, params: { example } });
      return z.NEVER;
    });
}

function hostName(text: string): string | undefined {
  if (isIP(text) !== 0) return text;
  const ascii = domainToASCII(text).toLowerCase();
  const label = /^(?!-)[a-z0-9_-]{1,63}(?<!-)$/;
  return ascii.length <= 253 && ascii.split('.').every((part) => label.test(part)) ? ascii : undefined;
}

const host = (example: string) => understood(example, 'must be a host name or an IP address', hostName);
const ipAddress = (example: string) =>
  understood(example, 'must be an IP address', (text) => (isIP(text) === 0 ? undefined : text));

const hostPort = (example: string) =>
  understood<HostPort>(example, 'must be HOST:PORT, with an IP address of this machine', (text) => {
    const parsed = parseHostPort(text);
    const address = parsed && bindAddress(parsed.address);
    return parsed && address !== undefined ? { address, port: parsed.port } : undefined;
  });

function listen<T extends string>(transports: readonly T[], example: string) {
  const reason = `must be TRANSPORT:HOST:PORT with ${transports.join(', ')} and an IP address of this machine`;
  return z.array(
    understood<Listen<T>>(example, reason, (text) => {
      const parsed = parseListen(text);
      const address = parsed && bindAddress(parsed.address);
      if (!parsed || address === undefined || !transports.includes(parsed.transport as T)) return undefined;
      return { transport: parsed.transport as T, address, port: parsed.port };
    }),
  );
}

const nextHop = understood<Listen<'udp' | 'tcp' | 'tls'>>(
  'udp:127.0.0.1:5070',
  'must be udp, tcp or tls, then :HOST:PORT',
  (text) => {
    const parsed = parseListen(text);
    if (!parsed || !/^(?:udp|tcp|tls)$/.test(parsed.transport) || parsed.port === 0) return undefined;
    const name = hostName(parsed.address);
    return name === undefined ? undefined : { transport: parsed.transport as 'udp', address: name, port: parsed.port };
  },
);

const msrpPeer = understood<Listen<'tcp' | 'tls'>>(
  'tls:relay.other.test:2855',
  'must be tcp or tls, then :HOST:PORT',
  (text) => {
    const parsed = parseListen(text);
    if (!parsed || !/^(?:tcp|tls)$/.test(parsed.transport) || parsed.port === 0) return undefined;
    const name = hostName(parsed.address);
    return name === undefined ? undefined : { transport: parsed.transport as 'tcp', address: name, port: parsed.port };
  },
);

const UNIT: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };
function milliseconds(text: string): number | undefined {
  const found = /^(\d{1,9}(?:\.\d{1,3})?)(ms|s|m|h|d)$/.exec(text);
  return found === null ? undefined : Number(found[1]) * (UNIT[found[2] as string] as number);
}
/** In milliseconds. */
const duration = (example: string) =>
  understood(example, 'must be a time with its unit: ms, s, m, h or d', milliseconds);
/** In milliseconds; infinite. */
const durationOrForever = (example: string) =>
  understood(example, 'must be forever, or a time with its unit: ms, s, m, h or d', (text) =>
    text === 'forever' ? Number.POSITIVE_INFINITY : milliseconds(text),
  );

const origin = understood('https://www.example.test', 'must be "*" or a scheme and a host, without a path', (text) => {
  if (text === '*') return text;
  const url = URL.parse(text);
  return url !== null && url.origin !== 'null' && url.pathname === '/' && !url.search && !url.hash && !url.username
    ? url.origin
    : undefined;
});

const ports = understood('30000-39999', 'must be FIRST-LAST, within 1-65535', (text) => {
  const found = /^(\d{1,5})-(\d{1,5})$/.exec(text);
  const first = Number(found?.[1]);
  const last = Number(found?.[2]);
  return found !== null && first >= 1 && first <= last && last <= 65535 ? { first, last } : undefined;
});

const network = understood('10.0.0.0/8', 'must be an IP address or a network (ADDRESS/LENGTH)', (text) => {
  const [address = '', length, more] = text.split('/');
  const bits = isIP(address) === 4 ? 32 : 128;
  if (isIP(address) === 0 || more !== undefined) return undefined;
  if (length !== undefined && (!/^\d{1,3}$/.test(length) || Number(length) > bits)) return undefined;
  return text;
});

const url = (schemes: readonly string[], example: string) =>
  understood(example, `must be a URL that begins with ${schemes.join(': or ')}:`, (text) => {
    const parsed = URL.parse(text);
    return parsed !== null && schemes.includes(parsed.protocol.slice(0, -1)) && parsed.host !== '' ? text : undefined;
  });

const ngUrl = understood(
  'udp://127.0.0.1:2223',
  'must be udp://HOST:PORT, or a URL that begins with ws: or wss:',
  (text) => {
    const parsed = URL.parse(text);
    if (parsed === null || parsed.hostname === '' || parsed.username !== '' || parsed.hash !== '') return undefined;
    const weight = parsed.searchParams.get('weight');
    if (weight !== null && !/^[1-9]\d{0,3}$/.test(weight)) return undefined;
    if (parsed.protocol === 'udp:') return parsed.port !== '' && Number(parsed.port) > 0 ? text : undefined;
    return parsed.protocol === 'ws:' || parsed.protocol === 'wss:' ? text : undefined;
  },
);

const data = understood('./data', 'must be a folder, or postgres://user:password@host/database', (text) => {
  if (text === '' || text.includes('\0')) return undefined;
  if (!/^[a-z][a-z\d+.-]+:\/\//i.test(text)) return text;
  const parsed = URL.parse(text);
  return parsed !== null && /^postgres(?:ql)?:$/.test(parsed.protocol) && parsed.pathname.length > 1 ? text : undefined;
});

const accountName = understood(
  'alice',
  `must be a name without spaces and any of " & ' / : < > @ %, not beginning with ${GUEST_PREFIX}`,
  (text) => {
    const name = canonicalName(text);
    return name?.startsWith(GUEST_PREFIX) ? undefined : name;
  },
);

const secret = z.string().min(1);
const mediaPolicy = z.enum(['auto', 'always', 'never']);
const file = (example: string) =>
  z
    .string()
    .min(1)
    .meta({ examples: [example] });
const tls = z.strictObject({
  cert: file('/etc/chappe/cert.pem').optional(),
  key: file('/etc/chappe/key.pem').optional(),
});

const limits = z.strictObject(
  Object.fromEntries(
    Object.entries(limitDefaults).map(([area, defaults]) => [
      area,
      z
        .strictObject(Object.fromEntries(Object.entries(defaults).map(([k, v]) => [k, z.int().min(1).default(v)])))
        .prefault({}),
    ]),
  ),
) as unknown as z.ZodType<{
  [Area in keyof typeof limitDefaults]: { -readonly [K in keyof (typeof limitDefaults)[Area]]: number };
}>;

/** Every key, its form and its default. A `listen` that is not given has a default in config.ts, where ports may move. */
export const schema = z.strictObject({
  domain: host('example.test')
    .prefault('localhost')
    .describe('What stands after the @ in every address of this server, and the realm of digest and TURN.'),
  data: data
    .prefault('./data')
    .describe(
      'Folder of the embedded store (made with mode 0700), relative to this file; or postgres://user:password@host/database.',
    ),
  folder: z
    .string()
    .min(1)
    .optional()
    .meta({ examples: ['./data'] })
    .describe(
      'With postgres:// in data: the folder of what is in no database, the keys and the uploaded files. Default ./data. Nodes of one database need the same seal.key and auth.secret.',
    ),
  redis: url(['redis', 'rediss'], 'redis://127.0.0.1:6379').optional().describe('Several nodes as one.'),
  public: z
    .strictObject({
      host: host('rtc.example.test').optional().describe('Host name in URLs and in Via.'),
      address: ipAddress('203.0.113.7').optional().describe('IP address in candidates and relayed addresses.'),
      url: understood('https://chat.example.test', 'must be http: or https: and a host, without a path', (text) => {
        const parsed = URL.parse(text);
        return /^https?:$/.test(parsed?.protocol ?? '') &&
          parsed?.pathname === '/' &&
          !parsed.search &&
          !parsed.username
          ? parsed.origin
          : undefined;
      })
        .optional()
        .describe(
          'How the web port is reached where a proxy stands before it: what the URLs of uploaded files begin with.',
        ),
    })
    .prefault({})
    .describe('What the world sees of this server; found out when absent.'),
  web: z
    .strictObject({
      listen: hostPort('127.0.0.1:8080')
        .optional()
        .describe('HTTP, WebSocket and more, told apart by first bytes. Default 127.0.0.1:8080.'),
      tls: tls
        .prefault({})
        .describe(
          'PEM files of the certificate chain and its key, relative to this file: the port then speaks https and wss.',
        ),
      origins: z
        .array(origin)
        .prefault([])
        .describe(
          'Web origins besides our own whose pages may use this server; "*" allows every one, without cookies.',
        ),
      hosts: z
        .array(host('rtc.example.test'))
        .prefault([])
        .describe(
          'Further host names by which browsers may reach this server. IP addresses, localhost, domain and public.host always may.',
        ),
    })
    .prefault({}),
  sip: z
    .strictObject({
      listen: listen(['udp', 'tcp', 'tls'], 'udp:127.0.0.1:5060')
        .optional()
        .describe('For phones and other servers. Default udp and tcp on 127.0.0.1:5060.'),
      tls: tls.prefault({}).describe('Certificate of the tls entries of sip.listen; default: that of web.tls.'),
      trunks: z
        .array(
          z.strictObject({
            name: z.string().min(1),
            to: nextHop,
            username: z.string().optional(),
            password: z.string().optional(),
            register: z.boolean().default(false),
            numbers: z.array(z.string()).prefault([]),
          }),
        )
        .prefault([])
        .describe('Carriers (not built yet).'),
      routes: z
        .array(z.strictObject({ domain: host('other.test'), to: nextHop, media: mediaPolicy.optional() }))
        .prefault([])
        .describe('Where requests for another domain go.'),
    })
    .prefault({}),
  turn: z
    .strictObject({
      listen: listen(['udp', 'tcp', 'tls'], 'udp:127.0.0.1:3478')
        .optional()
        .describe('STUN and TURN; tls with the certificate of web.tls. Default udp and tcp on 127.0.0.1:3478.'),
      relay: z
        .strictObject({
          address: z
            .union([ipAddress('127.0.0.1'), z.array(ipAddress('127.0.0.1')).min(1)])
            .optional()
            .describe('One, or one of each family. Default: public.address, else where turn.listen listens.'),
          ports: ports.prefault('49152-65535'),
        })
        .prefault({})
        .describe('Where relayed addresses come from.'),
      secret: z
        .union([secret, z.array(secret).min(1)])
        .optional()
        .describe('Secret of ephemeral credentials that TURN accepts besides those of auth.secret.'),
      allowPeers: z.array(network).prefault([]).describe('Peers that are allowed although they are private.'),
      denyPeers: z.array(network).prefault([]).describe('Peers that are refused besides the private ones.'),
    })
    .prefault({}),
  xmpp: z
    .strictObject({
      listen: listen(['tcp', 'tls'], 'tcp:127.0.0.1:5222')
        .optional()
        .describe(
          'XMPP besides WebSocket and BOSH on the web port: tcp with STARTTLS, without which nobody logs in but from loopback; tls from the first octet. Default tcp:127.0.0.1:5222.',
        ),
      tls: tls.prefault({}).describe('Certificate of STARTTLS and of the tls entries; default: that of web.tls.'),
      uploads: z
        .strictObject({
          types: z
            .array(
              understood('image/*', 'must be a media type, or its kind and /*', (text) =>
                /^[a-z]{1,20}\/(?:\*|[a-z\d][a-z\d.+-]{0,100})$/.test(text) ? text : undefined,
              ),
            )
            .prefault([])
            .describe('Media types of the files that may be uploaded. Default: all.'),
        })
        .prefault({}),
    })
    .prefault({}),
  messages: z
    .strictObject({
      keep: durationOrForever('365d')
        .prefault('forever')
        .describe(
          'How long messages stay in the archives of accounts and rooms, or forever. What is older is deleted within the hour.',
        ),
    })
    .prefault({}),
  msrp: z
    .strictObject({
      listen: listen(['tcp', 'tls'], 'tcp:127.0.0.1:2855')
        .optional()
        .describe(
          'The relay, besides WebSocket on the web port; tls with the certificate of web.tls. Default tcp:127.0.0.1:2855.',
        ),
      allowPeers: z
        .array(msrpPeer)
        .prefault([])
        .describe(
          'Relays and endpoints that connections may be opened to. Default: none, only who has come here is reached.',
        ),
    })
    .prefault({}),
  media: z
    .strictObject({
      engine: z
        .enum(['embedded', 'rtpengine'])
        .default('embedded')
        .describe('Who relays media: this process, or an rtpengine beside it.'),
      url: z
        .union([ngUrl, z.array(ngUrl).min(1).max(64)])
        .optional()
        .describe(
          "rtpengine's ng address with engine: rtpengine, or a list of them: udp, ws or wss; `?weight=2` gives one twice the calls of the others.",
        ),
      listen: hostPort('127.0.0.1:3478')
        .optional()
        .describe(
          'The UDP port of every WebRTC leg. Default: that of turn.listen, else 127.0.0.1:3478. Shared with TURN, it has the next free port as well, which Chromium needs.',
        ),
      rtp: z
        .strictObject({
          address: z
            .union([ipAddress('127.0.0.1'), z.array(ipAddress('127.0.0.1')).min(1)])
            .optional()
            .describe(
              'Where phones send their media: one, or one of each family. Default: where media.listen listens.',
            ),
          ports: ports
            .prefault('30000-39999')
            .describe('An even port for RTP and the next one for RTCP, for each stream.'),
        })
        .prefault({})
        .describe('Media of phones.'),
      policy: mediaPolicy
        .default('auto')
        .describe(
          'When media passes through this server: where caller and callee could not understand each other, always, or never. What a route or an account says of its own calls comes first; there never counts before always, and that before auto.',
        ),
      probe: z
        .boolean()
        .default(true)
        .describe('Phones that register over UDP, TCP or TLS are asked by OPTIONS what they speak.'),
    })
    .prefault({}),
  auth: z
    .strictObject({
      secret: z
        .union([secret, z.array(secret).min(1)])
        .optional()
        .describe(
          'Shared secret of ephemeral credentials, one or a list: the first issues, all are accepted. None: made at random and kept in the data folder.',
        ),
      handshake: z
        .enum(['optional', 'required'])
        .default('optional')
        .describe('Whether a WebSocket needs a credential in its handshake.'),
      required: z
        .boolean()
        .default(true)
        .describe('false serves strangers too: a closed lab. Refused off loopback without --insecure.'),
      digest: z
        .array(z.enum(['SHA-256', 'MD5']))
        .min(1)
        .default(['SHA-256', 'MD5'])
        .describe('Digest algorithms offered to phones, best first.'),
    })
    .prefault({}),
  accounts: z
    .array(
      z.strictObject({
        name: accountName,
        password: secret,
        admin: z.boolean().default(false),
        media: mediaPolicy.optional(),
      }),
    )
    .prefault([])
    .describe('Created or updated at start.'),
  log: z
    .strictObject({
      level: z
        .enum(['trace', 'debug', 'info', 'warn', 'error', 'silent'])
        .default('info')
        .describe('See docs/LOGGING.md.'),
    })
    .prefault({}),
  limits: limits.prefault({} as never).describe('Every bound, by name.'),
  drain: duration('5s').prefault('5s').describe('What calls get to end after SIGTERM.'),
});

export type ParsedConfiguration = z.output<typeof schema>;
