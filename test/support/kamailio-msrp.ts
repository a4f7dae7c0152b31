// Kamailio's msrp module as a relay (RFC 4976), as its own documentation writes it, without passwords.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerPath } from './peer.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';

export interface KamailioRelay {
  program: Program;
  port: number;
  stop(): Promise<void>;
}

/** `cpu`: a taskset list. */
export async function startKamailioRelay(cpu?: string): Promise<KamailioRelay> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'chappe-kamailio-'));
  const file = join(folder, 'kamailio.cfg');
  writeFileSync(file, config(port));
  const args = ['-f', file, '-DD', '-E', '-m', '64', '-M', '32', '-Y', folder, '-w', folder];
  const program = new Program('kamailio', peerPath('kamailio'), args, cpu === undefined ? {} : { cpu });
  await program.waitFor(/Aliases:/);
  return {
    program,
    port,
    async stop() {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

const config = (port: number) => `#!KAMAILIO
debug=1
log_stderror=yes
children=1
tcp_children=1
auto_aliases=no
dns=no
rev_dns=no
tcp_accept_no_cl=yes
tcp_connection_lifetime=3605
tcp_rd_buf_size=65536
listen=tcp:127.0.0.1:${port}
loadmodule "kex.so"
loadmodule "sl.so"
loadmodule "pv.so"
loadmodule "msrp.so"
modparam("msrp", "cmap_size", 8)

request_route { sl_send_reply("403", "No SIP Here"); exit; }

event_route[msrp:frame-in] {
  msrp_reply_flags("1");
  if (msrp_is_reply()) { msrp_relay(); exit; }
  if ($msrp(method) == "AUTH") {
    if ($msrp(nexthops) > 0) { msrp_relay(); exit; }
    msrp_cmap_save();
    exit;
  }
  if ($msrp(method) == "SEND" || $msrp(method) == "REPORT") {
    if ($msrp(nexthops) > 1) {
      if ($msrp(method) != "REPORT") msrp_reply("200", "OK");
      msrp_relay();
      exit;
    }
    if (msrp_cmap_lookup()) {
      if ($msrp(method) != "REPORT") msrp_reply("200", "OK");
      msrp_relay_flags("1");
      msrp_relay();
    } else msrp_reply("481", "No such session");
    exit;
  }
  msrp_reply("501", "Request-method-not-understood");
}
`;
