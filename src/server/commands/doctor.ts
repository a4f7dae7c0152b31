import { join } from 'node:path';
import { primitives } from '../../transport/primitives.ts';
import { readSecret } from '../accounts/secret-file.ts';
import type { LoadedConfiguration } from '../config.ts';
import { CredentialIssuer } from '../credentials/issuer.ts';
import { AUTH_SECRET, isInUse } from '../data-folder.ts';
import { checks } from '../doctor/all.ts';
import { configuredPorts, examine } from '../doctor/examination.ts';
import type { Finding } from '../doctor/finding.ts';
import { askServer } from '../doctor/remote.ts';
import { formatFindings, summarize } from '../doctor/report.ts';
import { hostSystem } from '../doctor/system.ts';
import { type Command, commonFlags, UsageError } from './command.ts';

/** Seconds. */
const CREDENTIAL_TTL = 60;

export const doctor: Command = {
  name: 'doctor',
  summary:
    'Says in plain words what is wrong with this host, and what to do about it. Exit code 1 when there is a problem.',
  details:
    'Looks at the machine, its clock, addresses, names, certificates and ports, and has TURN relay a packet if the server runs.\n' +
    'Nobody outside is asked, but for the names in the DNS. What a browser outside can reach, its own page tells: /doctor.',
  flags: {
    ...commonFlags,
    server: { type: 'string', value: 'URL', help: 'also ask that running server, and compare its clock with ours' },
    key: {
      type: 'string',
      value: 'KEY',
      help: "administrator's key for --server: then what it and its browsers found, too",
    },
  },
  async run(call) {
    const url = call.text('server');
    if (url !== undefined && !/^https?:$/.test(URL.parse(url)?.protocol ?? ''))
      throw new UsageError('--server is the address of the web page, such as https://rtc.example.test');
    const [found, remote] = await Promise.all([
      examineHere(call.configuration()),
      url === undefined ? undefined : askServer(url, call.text('key'), Date.now),
    ]);
    const all: Finding[] = [...found, ...(remote?.findings ?? [])];
    const browsers = remote?.browsers ?? [];
    if (call.json) {
      for (const finding of all) call.print(JSON.stringify(finding));
      for (const browser of browsers) call.print(JSON.stringify({ browser }));
    } else {
      for (const line of formatFindings(all)) call.print(line);
      for (const { name, at, agent, findings } of browsers) {
        call.print(`\nbrowser of ${name}, ${at}, ${agent}`);
        for (const line of formatFindings(findings)) call.print(line);
      }
      call.print(`\n${summarize(all)}`);
    }
    return all.some(({ outcome }) => outcome === 'problem') ? 1 : 0;
  },
};

function examineHere({ configuration, warnings }: LoadedConfiguration): Promise<Finding[]> {
  const { data, domain, auth } = configuration;
  const running = isInUse(data);
  const secret = auth.secrets?.[0] ?? readSecret(join(data, AUTH_SECRET));
  const issuer =
    secret === undefined ? undefined : new CredentialIssuer({ domain, secrets: [secret], primitives, now: Date.now });
  return examine(
    {
      configuration,
      warnings,
      system: hostSystem,
      ports: configuredPorts(configuration),
      running,
      inside: false,
      ...(issuer && { credential: issuer.issue('guest.doctor', CREDENTIAL_TTL, { ws: '', stun: [], turn: [] }) }),
    },
    checks,
  );
}
