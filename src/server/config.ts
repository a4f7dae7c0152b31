// The configuration: file, then environment, then command line; all else receives plain values.
import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createSecureContext } from 'node:tls';
import { parseDocument } from 'yaml';
import { checkConfiguration, configurationKeys } from './configuration/check.ts';
import { applyEnvironment } from './configuration/environment.ts';
import { bindAddress, type HostPort, isLoopback, type Listen, parseHostPort } from './configuration/listen.ts';
import { ConfigurationError, type Problem } from './configuration/problem.ts';
import type { ParsedConfiguration } from './configuration/schema.ts';

export interface TlsFiles {
  cert: string;
  key: string;
}

/** Where a part listens; `configured` false: by default, so that a taken port is replaced by the next free one. */
export interface Listening<T> {
  listen: T;
  configured: boolean;
}

export interface Configuration
  extends Omit<ParsedConfiguration, 'folder' | 'web' | 'sip' | 'turn' | 'xmpp' | 'msrp' | 'media' | 'auth'> {
  /** A folder's absolute path. */
  data: string;
  /** A postgres:// URL, which holds a password: then the folder has but keys and files. */
  database?: string;
  web: Listening<HostPort> & { tls?: TlsFiles; origins: string[]; hosts: string[] };
  sip: Listening<Listen<'udp' | 'tcp' | 'tls'>[]> &
    Pick<ParsedConfiguration['sip'], 'trunks' | 'routes'> & { tls?: TlsFiles };
  turn: Listening<Listen<'udp' | 'tcp' | 'tls'>[]> &
    Pick<ParsedConfiguration['turn'], 'allowPeers' | 'denyPeers'> & {
      relay: { addresses: string[]; ports: { first: number; last: number } };
      secrets?: string[];
    };
  xmpp: Listening<Listen<'tcp' | 'tls'>[]> & Pick<ParsedConfiguration['xmpp'], 'uploads'> & { tls?: TlsFiles };
  msrp: Listening<Listen<'tcp' | 'tls'>[]> & Pick<ParsedConfiguration['msrp'], 'allowPeers'>;
  media: Listening<HostPort> &
    Omit<ParsedConfiguration['media'], 'listen' | 'url' | 'rtp'> & {
      urls: string[];
      rtp: { addresses: string[]; ports: { first: number; last: number } };
    };
  /** No `secrets`: the one in the data folder. */
  auth: Omit<ParsedConfiguration['auth'], 'secret'> & { secrets?: string[] };
}

export interface ConfigurationSources {
  /** `--config FILE`; absent: `chappe.yaml` of the working directory, if there is one. */
  file?: string | undefined;
  /** `--data DIR` and `--listen HOST:PORT`. */
  data?: string | undefined;
  listen?: string | undefined;
  insecure?: boolean | undefined;
  environment?: Record<string, string | undefined>;
  directory?: string;
}

export interface LoadedConfiguration {
  configuration: Configuration;
  /** The file that was read, if any. */
  file: string | undefined;
  /** For standard error, at every start. */
  warnings: string[];
}

const DEFAULT_FILE = 'chappe.yaml';
const FILE_BYTES = 1024 * 1024;

/** Reads everything; throws ConfigurationError with all that is wrong. */
export function loadConfiguration(sources: ConfigurationSources = {}): LoadedConfiguration {
  const directory = sources.directory ?? process.cwd();
  const file = findFile(sources.file, directory);
  const raw = file === undefined ? {} : readYaml(file);
  const fileHadData = Object.hasOwn(raw, 'data');
  const environment = applyEnvironment(raw, sources.environment ?? process.env, configurationKeys());
  const web = raw['web'];
  if (sources.listen !== undefined && (web === undefined || isGroup(web))) {
    const listen = parseHostPort(sources.listen);
    if (listen === undefined || bindAddress(listen.address) === undefined) {
      throw new ConfigurationError([
        {
          key: '--listen',
          reason: 'must be HOST:PORT, with an IP address of this machine',
          suggestion: 'for example 127.0.0.1:8080',
        },
      ]);
    }
    raw['web'] = { ...web, listen: sources.listen };
  }
  if (sources.data !== undefined) raw['data'] = sources.data;
  const { parsed, problems } = checkConfiguration(raw, environment.names);
  if (parsed === undefined || environment.problems.length > 0)
    throw new ConfigurationError([...environment.problems, ...problems]);
  const fileDirectory = file === undefined ? directory : dirname(file);
  const dataFromFile = fileHadData && sources.data === undefined && !environment.names.has('data');
  const configuration = complete(parsed, fileDirectory, dataFromFile ? fileDirectory : directory);
  const conflicts = contradictions(configuration, parsed, sources.insecure === true);
  if (conflicts.length > 0) throw new ConfigurationError(conflicts);
  return { configuration, file, warnings: [...environment.warnings, ...warningsOf(configuration)] };
}

function findFile(named: string | undefined, directory: string): string | undefined {
  const file = resolve(directory, named ?? DEFAULT_FILE);
  const found = statSync(file, { throwIfNoEntry: false });
  if (named === undefined && found === undefined) return undefined;
  if (found === undefined) throw new ConfigurationError([{ key: '--config', reason: `there is no file ${file}` }]);
  if (!found.isFile()) throw new ConfigurationError([{ key: '--config', reason: `${file} is not a file` }]);
  if (found.size > FILE_BYTES)
    throw new ConfigurationError([{ key: '--config', reason: `${file} is larger than ${FILE_BYTES} octets` }]);
  return file;
}

function readYaml(file: string): Record<string, unknown> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new ConfigurationError([
      { key: '--config', reason: `cannot read ${file}: ${(error as NodeJS.ErrnoException).code}` },
    ]);
  }
  // The parser's pretty messages quote the line, which may hold a secret.
  const document = parseDocument(text, { prettyErrors: false, logLevel: 'error' });
  const bad = document.errors[0];
  if (bad !== undefined) {
    const line = text.slice(0, bad.pos[0]).split('\n').length;
    throw new ConfigurationError([
      { key: file, reason: `line ${line}: not YAML: ${bad.code.toLowerCase().replaceAll('_', ' ')}` },
    ]);
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 100 });
  } catch {
    throw new ConfigurationError([
      { key: file, reason: 'not YAML that can be read: aliases that are missing or too many' },
    ]);
  }
  if (value === null || value === undefined) return {}; // an empty file, or nothing but comments
  if (!isGroup(value))
    throw new ConfigurationError([
      { key: file, reason: 'must be a group of keys', suggestion: 'for example domain: example.test' },
    ]);
  return value;
}

function isGroup(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const LOOPBACK = '127.0.0.1';

/** Defaults that are more than a value, absolute paths, and one form where the file allows two. */
function complete(parsed: ParsedConfiguration, fileDirectory: string, dataDirectory: string): Configuration {
  const { folder, web, sip, turn, xmpp, msrp, media, auth, ...rest } = parsed;
  const database = parsed.data.includes('://') ? parsed.data : undefined;
  const tls = tlsFiles(web.tls, fileDirectory);
  const sipTls = tlsFiles(sip.tls, fileDirectory) ?? tls;
  const xmppTls = tlsFiles(xmpp.tls, fileDirectory) ?? tls;
  return {
    ...rest,
    data: database === undefined ? resolve(dataDirectory, parsed.data) : resolve(fileDirectory, folder ?? './data'),
    ...(database !== undefined && { database }),
    web: {
      ...listening(web.listen, { address: LOOPBACK, port: 8080 }),
      origins: web.origins,
      hosts: web.hosts,
      ...(tls && { tls }),
    },
    sip: {
      ...listening(sip.listen, both(5060)),
      trunks: sip.trunks,
      routes: sip.routes,
      ...(sipTls && { tls: sipTls }),
    },
    turn: {
      ...listening(turn.listen, both(3478)),
      relay: { addresses: [turn.relay.address ?? []].flat(), ports: turn.relay.ports },
      allowPeers: turn.allowPeers,
      denyPeers: turn.denyPeers,
      ...(turn.secret !== undefined && { secrets: [turn.secret].flat() }),
    },
    xmpp: {
      ...listening(xmpp.listen, [{ transport: 'tcp', address: LOOPBACK, port: 5222 }]),
      uploads: xmpp.uploads,
      ...(xmppTls && { tls: xmppTls }),
    },
    msrp: {
      ...listening(msrp.listen, [{ transport: 'tcp', address: LOOPBACK, port: 2855 }]),
      allowPeers: msrp.allowPeers,
    },
    media: completeMedia(media, turn.listen),
    auth: {
      handshake: auth.handshake,
      required: auth.required,
      digest: auth.digest,
      ...(auth.secret !== undefined && { secrets: [auth.secret].flat() }),
    },
  };
}

/** Media shares the UDP port of TURN, unless it is given one of its own. */
function completeMedia(
  { url, listen, rtp, ...media }: ParsedConfiguration['media'],
  turn: ParsedConfiguration['turn']['listen'],
): Configuration['media'] {
  const { address, port } = turn?.find(({ transport }) => transport === 'udp') ?? { address: LOOPBACK, port: 3478 };
  return {
    ...media,
    ...listening(listen, { address, port }),
    urls: [url ?? []].flat(),
    rtp: { addresses: [rtp.address ?? []].flat(), ports: rtp.ports },
  };
}

function both(port: number): Listen<'udp' | 'tcp'>[] {
  return [
    { transport: 'udp', address: LOOPBACK, port },
    { transport: 'tcp', address: LOOPBACK, port },
  ];
}

function listening<T>(listen: T | undefined, otherwise: T): Listening<T> {
  return { listen: listen ?? otherwise, configured: listen !== undefined };
}

function tlsFiles(
  tls: { cert?: string | undefined; key?: string | undefined },
  directory: string,
): TlsFiles | undefined {
  if (tls.cert === undefined || tls.key === undefined) return undefined;
  return { cert: resolve(directory, tls.cert), key: resolve(directory, tls.key) };
}

/** What each key alone does not show. */
function contradictions(configuration: Configuration, parsed: ParsedConfiguration, insecure: boolean): Problem[] {
  const problems: Problem[] = [];
  for (const part of ['web', 'sip', 'xmpp'] as const) {
    const { cert, key } = parsed[part].tls;
    if ((cert === undefined) !== (key === undefined))
      problems.push({
        key: `${part}.tls.${cert === undefined ? 'cert' : 'key'}`,
        reason: 'is missing',
        suggestion: 'a certificate and its key come together',
      });
    const files = configuration[part].tls;
    if (cert !== undefined && key !== undefined && files !== undefined)
      problems.push(...tlsProblems(`${part}.tls`, files));
  }
  for (const part of ['sip', 'xmpp'] as const)
    if (
      configuration[part].listen.some(({ transport }) => transport === 'tls') &&
      configuration[part].tls === undefined
    )
      problems.push({
        key: `${part}.tls`,
        reason: `is missing, and ${part}.listen has a tls entry`,
        suggestion: `${part}: { tls: { cert: FILE, key: FILE } }`,
      });
  for (const part of ['turn', 'msrp'] as const)
    if (configuration[part].listen.some(({ transport }) => transport === 'tls') && configuration.web.tls === undefined)
      problems.push({
        key: 'web.tls',
        reason: `is missing, and ${part}.listen has a tls entry, which uses its certificate`,
        suggestion: 'web: { tls: { cert: FILE, key: FILE } }',
      });
  if (configuration.media.engine === 'rtpengine' && configuration.media.urls.length === 0)
    problems.push({
      key: 'media.url',
      reason: 'is missing, and media.engine is rtpengine',
      suggestion: 'for example udp://127.0.0.1:2223',
    });
  const names = configuration.accounts.map(({ name }) => name);
  const twice = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (twice >= 0) problems.push({ key: `accounts[${twice}].name`, reason: 'is in the list twice' });
  if (parsed.folder !== undefined && configuration.database === undefined)
    problems.push({ key: 'folder', reason: 'has a meaning only with postgres:// in data', suggestion: 'data: DIR' });
  const { minExpires, defaultExpires, maxExpires } = configuration.limits.sip;
  if (minExpires > defaultExpires || defaultExpires > maxExpires)
    problems.push({ key: 'limits.sip.defaultExpires', reason: 'must lie between minExpires and maxExpires' });
  if (!configuration.auth.required && !insecure && listeners(configuration).some(({ address }) => !isLoopback(address)))
    problems.push({
      key: 'auth.required',
      reason: 'must be true when strangers can reach this server, which listens on more than loopback',
      suggestion: 'listen on 127.0.0.1, or start with --insecure in a closed network',
    });
  return problems;
}

/** Files that cannot be read, are no PEM, or do not belong together. */
function tlsProblems(key: string, files: TlsFiles): Problem[] {
  const read: Partial<Record<keyof TlsFiles, Buffer>> = {};
  const problems: Problem[] = [];
  for (const name of ['cert', 'key'] as const) {
    try {
      read[name] = readFileSync(files[name]);
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      problems.push({ key: `${key}.${name}`, reason: `cannot read ${files[name]}: ${code}` });
    }
  }
  if (problems.length > 0) return problems;
  try {
    createSecureContext(read);
    return [];
  } catch (error) {
    const { reason, code } = error as { reason?: string; code?: string };
    return [
      {
        key,
        reason: `cannot be used: ${reason ?? code ?? 'unknown form'}`,
        suggestion: 'a PEM certificate chain, and the PEM key without a passphrase that belongs to it',
      },
    ];
  }
}

function listeners({ web, sip, turn, xmpp, msrp, media }: Configuration): HostPort[] {
  return [web.listen, ...sip.listen, ...turn.listen, ...xmpp.listen, ...msrp.listen, media.listen];
}

function warningsOf({ auth, web, redis, sip }: Configuration): string[] {
  const warnings: string[] = [];
  if (!auth.required)
    warnings.push('auth.required is false: anybody who reaches this server can use it without an account');
  if (auth.secrets?.some((secret) => secret.length < 16))
    warnings.push('auth.secret is shorter than 16 characters: a credential could be forged by guessing it');
  if (redis !== undefined) warnings.push('redis is not built yet and has no effect');
  if (sip.trunks.length > 0) warnings.push('sip.trunks are not built yet and have no effect');
  if (web.origins.includes('*')) warnings.push('web.origins has "*": pages of every site may open connections here');
  return warnings;
}
