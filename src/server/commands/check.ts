import { createSocket } from 'node:dgram';
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { accessSync, constants, statSync } from 'node:fs';
import { createServer, isIP } from 'node:net';
import { dirname, join } from 'node:path';
import type { Configuration } from '../config.ts';
import { formatListen, isLoopback, type Listen } from '../configuration/listen.ts';
import { SEAL_KEY } from '../data-folder.ts';
import { type Command, commonFlags } from './command.ts';

export const check: Command = {
  name: 'check',
  summary: 'Reads the configuration and says what is wrong with it (then exit code 2).',
  flags: { ...commonFlags, insecure: { type: 'boolean', help: 'as for start' } },
  async run(call) {
    const { file, warnings } = call.configuration();
    if (call.json) call.print(JSON.stringify({ valid: true, file: file ?? null, warnings }));
    else call.print(file === undefined ? 'No configuration file: the defaults are valid.' : `${file} is valid.`);
    return 0;
  },
};

type Outcome = 'ok' | 'warning' | 'failed';

interface Finding {
  subject: string;
  outcome: Outcome;
  text: string;
}

export const doctor: Command = {
  name: 'doctor',
  summary:
    'Looks at this machine: runtime, clock, data folder, ports, domain. Exit code 1 when something will not work.',
  flags: commonFlags,
  async run(call) {
    const { configuration } = call.configuration();
    const findings: Finding[] = [
      runtime(),
      clock(),
      dataFolder(configuration.data),
      ...(await ports(configuration)),
      await domain(configuration),
      ...browsers(configuration),
    ];
    const sign: Record<Outcome, string> = { ok: 'ok     ', warning: 'warning', failed: 'FAILED ' };
    for (const finding of findings) {
      if (call.json) call.print(JSON.stringify(finding));
      else call.print(`${sign[finding.outcome]}  ${finding.subject}: ${finding.text}`);
    }
    return findings.some(({ outcome }) => outcome === 'failed') ? 1 : 0;
  },
};

function runtime(): Finding {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  const fine = major > 22 || (major === 22 && minor >= 18);
  return {
    subject: 'node',
    outcome: fine ? 'ok' : 'failed',
    text: `${process.versions.node}${fine ? '' : ', 22.18 or later is needed'}`,
  };
}

/** Credentials carry their expiry: a clock that is far off makes them useless. This sees only the worst. */
function clock(): Finding {
  const now = new Date();
  const fine = now.getUTCFullYear() >= 2025 && now.getUTCFullYear() < 2100;
  return { subject: 'clock', outcome: fine ? 'ok' : 'failed', text: now.toISOString() };
}

function dataFolder(folder: string): Finding {
  const subject = 'data';
  const found = statSync(folder, { throwIfNoEntry: false });
  try {
    accessSync(found === undefined ? dirname(folder) : folder, constants.W_OK);
  } catch {
    return { subject, outcome: 'failed', text: `${folder} cannot be written` };
  }
  if (found === undefined) return { subject, outcome: 'ok', text: `${folder} will be made` };
  const loose = [folder, join(folder, SEAL_KEY)].filter(
    (path) => ((statSync(path, { throwIfNoEntry: false })?.mode ?? 0) & 0o077) !== 0,
  );
  if (loose.length > 0)
    return { subject, outcome: 'warning', text: `others may read ${loose.join(', ')}: the next start closes it` };
  return { subject, outcome: 'ok', text: folder };
}

async function ports({ web, sip, turn }: Configuration): Promise<Finding[]> {
  const entries: Array<{ listen: Listen; configured: boolean }> = [
    { listen: { transport: 'tcp', ...web.listen }, configured: web.configured },
    ...sip.listen.map((listen) => ({ listen, configured: sip.configured })),
    ...turn.listen.map((listen) => ({ listen, configured: turn.configured })),
  ];
  return Promise.all(
    entries.map(async ({ listen, configured }): Promise<Finding> => {
      const subject = `port ${formatListen(listen)}`;
      const fault = await (listen.transport === 'udp' ? tryUdp(listen) : tryTcp(listen));
      if (fault === undefined) return { subject, outcome: 'ok', text: 'free' };
      if (fault !== 'EADDRINUSE') return { subject, outcome: 'failed', text: fault };
      return configured
        ? { subject, outcome: 'failed', text: 'taken (by a server that runs already?)' }
        : { subject, outcome: 'warning', text: 'taken: the next free one will be used' };
    }),
  );
}

async function tryTcp({ address, port }: Listen): Promise<string | undefined> {
  const server = createServer();
  try {
    server.listen({ host: address, port });
    await once(server, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'cannot be bound';
  } finally {
    server.close();
  }
}

async function tryUdp({ address, port }: Listen): Promise<string | undefined> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  try {
    socket.bind(port, address);
    await once(socket, 'listening');
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'cannot be bound';
  } finally {
    socket.close();
  }
}

async function domain({ domain: name, public: { host } }: Configuration): Promise<Finding> {
  const subject = 'domain';
  const asked = host ?? name;
  try {
    const { address } = await lookup(asked);
    return { subject, outcome: 'ok', text: `${name}${asked === name ? '' : `, reached as ${asked}`} (${address})` };
  } catch {
    return {
      subject,
      outcome: 'warning',
      text: `${asked} has no address: phones and browsers elsewhere will not find it`,
    };
  }
}

/** Browsers give camera and microphone to https, and to localhost. */
function browsers({ web }: Configuration): Finding[] {
  if (web.tls !== undefined || isLoopback(web.listen.address)) return [];
  return [
    {
      subject: 'web.tls',
      outcome: 'warning',
      text: 'none, and others can reach this: their browsers give no camera or microphone to plain http (a TLS proxy before it is as good)',
    },
  ];
}
