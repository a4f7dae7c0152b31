// Prosody with a configuration and data of its own, on loopback: the benchmarks' peer.
import { createHash, createHmac, pbkdf2Sync } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerPath } from './peer.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';

export interface XmppPeer {
  program: Program;
  domain: string;
  rooms: string;
  /** XMPP over WebSocket. */
  http: { host: string; port: number; path: string };
  stop(): Promise<void>;
}

/**
 * Without `accounts` whoever comes may sign in, as whom he likes (SASL ANONYMOUS); the password of an account is its name with
 * `-password`. Rooms and messages are archived when `archive`. `cpu`: taskset list.
 */
export async function startProsody({
  archive = true,
  accounts,
  cpu,
}: {
  archive?: boolean;
  accounts?: readonly string[];
  cpu?: string;
} = {}): Promise<XmppPeer> {
  const folder = mkdtempSync(join(tmpdir(), 'chappe-prosody-'));
  const port = await freePort();
  const file = join(folder, 'prosody.cfg.lua');
  const domain = 'prosody.test';
  writeFileSync(
    file,
    `
run_as_root = true
daemonize = false
pidfile = "${folder}/prosody.pid"
data_path = "${folder}/data"
certificates = "${folder}"
log = { { levels = { min = "info" }, to = "console" } }
interfaces = { "127.0.0.1" }
c2s_ports = {} s2s_ports = {} https_ports = {}
http_ports = { ${port} }
http_interfaces = { "127.0.0.1" }
modules_enabled = { "roster", "saslauth", "disco", "ping", "websocket", "carbons", "smacks"${archive ? ', "mam"' : ''} }
modules_disabled = { "s2s", "tls" }
consider_websocket_secure = true
limits = {}
VirtualHost "${domain}"
  authentication = "${accounts === undefined ? 'anonymous' : 'internal_hashed'}"
Component "rooms.${domain}" "muc"
  modules_enabled = { ${archive ? '"muc_mam"' : ''} }
  muc_log_by_default = true
  muc_log_all_rooms = ${archive}
  muc_room_locking = false
`,
  );
  if (accounts !== undefined) {
    const stored = join(folder, 'data', encodeURIComponent(domain).replaceAll('.', '%2e'), 'accounts');
    mkdirSync(stored, { recursive: true });
    for (const name of accounts) writeFileSync(join(stored, `${name}.dat`), scramAccount(`${name}-password`));
  }
  const program = new Program('prosody', peerPath('prosody'), ['--config', file, '-F'], cpu ? { cpu } : {});
  const host = '127.0.0.1';
  try {
    await program.waitFor(/Serving 'websocket' at/);
  } catch (error) {
    await program.stop();
    throw error;
  }
  return {
    program,
    domain,
    rooms: `rooms.${domain}`,
    http: { host, port, path: '/xmpp-websocket' },
    async stop() {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** As mod_auth_internal_hashed keeps it. */
function scramAccount(password: string): string {
  const [salt, iterations] = ['a-salt-of-the-benchmark', 10_000];
  const salted = pbkdf2Sync(password, salt, iterations, 20, 'sha1');
  const hmac = (text: string) => createHmac('sha1', salted).update(text).digest();
  const storedKey = createHash('sha1').update(hmac('Client Key')).digest('hex');
  const serverKey = hmac('Server Key').toString('hex');
  return `return { ["iteration_count"] = ${iterations}; ["salt"] = "${salt}"; ["stored_key"] = "${storedKey}"; ["server_key"] = "${serverKey}"; };`;
}
