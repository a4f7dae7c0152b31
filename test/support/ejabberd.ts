// ejabberd with a configuration and data of its own, on loopback: the benchmarks' peer. One Erlang node, without distribution.
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerPath } from './peer.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';
import type { XmppPeer } from './prosody.ts';

/** Where Debian has Erlang applications that are not Erlang's own. */
const LIBRARIES = '/usr/lib/x86_64-linux-gnu';

/**
 * Without `accounts` whoever comes may sign in, as whom he likes (SASL ANONYMOUS); the password of an account is its name with
 * `-password`. Rooms and messages are archived when `archive`. `cpu`: taskset list.
 */
export async function startEjabberd({
  archive = true,
  accounts,
  cpu,
}: {
  archive?: boolean;
  accounts?: readonly string[];
  cpu?: string;
} = {}): Promise<XmppPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'chappe-ejabberd-'));
  const port = await freePort();
  const file = join(folder, 'ejabberd.yml');
  const domain = 'ejabberd.test';
  const configuration = {
    hosts: [domain],
    loglevel: 'info',
    ...(accounts === undefined
      ? { auth_method: ['anonymous'], anonymous_protocol: 'sasl_anon', allow_multiple_connections: true }
      : { auth_method: ['internal'], auth_password_format: 'scram' }),
    disable_sasl_mechanisms: ['DIGEST-MD5'],
    listen: [
      {
        port,
        ip: '127.0.0.1',
        module: 'ejabberd_http',
        request_handlers: { '/ws': 'ejabberd_http_ws', '/api': 'mod_http_api' },
      },
    ],
    shaper: {},
    acl: { all_users: { server: [domain] }, loopback: { ip: ['127.0.0.0/8'] } },
    api_permissions: { loopback: { who: { ip: '127.0.0.0/8' }, what: '*' } },
    // A second connection of an account is welcome.
    shaper_rules: { max_user_sessions: 1000 },
    access_rules: { anyone: [{ allow: 'all' }] },
    modules: {
      mod_disco: {},
      mod_roster: {},
      mod_ping: {},
      mod_carboncopy: {},
      mod_stream_mgmt: {},
      ...(archive && { mod_mam: { default: 'always' } }),
      mod_muc: {
        host: `rooms.${domain}`,
        access: 'anyone',
        access_create: 'anyone',
        // No limit of how fast somebody may speak.
        min_message_interval: 0,
        default_room_options: { mam: archive, anonymous: true },
      },
    },
  };
  writeFileSync(file, JSON.stringify(configuration, null, 2)); // JSON is YAML
  const log = join(folder, 'ejabberd.log');
  const env = {
    ...process.env,
    HOME: folder,
    ERL_LIBS: readdirSync(LIBRARIES).some((name) => name.startsWith('ejabberd-')) ? LIBRARIES : '',
    EJABBERD_CONFIG_PATH: file,
    EJABBERD_LOG_PATH: log,
    ERL_CRASH_DUMP: join(folder, 'crash.dump'),
    ERL_MAX_PORTS: '32000',
  };
  const args = ['+K', 'true', '+P', '250000', '-noinput', '-mnesia', 'dir', JSON.stringify(join(folder, 'spool'))];
  const program = new Program('ejabberd', peerPath('erl'), [...args, '-s', 'ejabberd'], {
    env,
    cwd: folder,
    ...(cpu && { cpu }),
  });
  try {
    await program.waitFor(/ejabberd .* is started in the node/, { timeout: 30_000 });
    for (const user of accounts ?? []) {
      const body = JSON.stringify({ user, host: domain, password: `${user}-password` });
      const { status } = await fetch(`http://127.0.0.1:${port}/api/register`, { method: 'POST', body });
      if (status !== 200) throw new Error(`ejabberd does not register ${user}: ${status}`);
    }
  } catch (error) {
    await program.stop();
    throw error;
  }
  return {
    program,
    domain,
    rooms: `rooms.${domain}`,
    http: { host: '127.0.0.1', port, path: '/ws' },
    async stop() {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
