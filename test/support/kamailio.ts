// Kamailio as a WebSocket edge and registrar of its own domain: the other domain of the trapezoid and the benchmark's peer.
// The configuration follows the published recipe: ephemeral credentials at the handshake, nathelper's alias for WebSocket
// contacts, the registrar in memory, stateful relay with Record-Route.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { peerPath } from './peer.ts';
import { freePort } from './ports.ts';
import { Program } from './program.ts';

export interface KamailioOptions {
  domain: string;
  /** Shared secret of ephemeral credentials: asked for at the WebSocket handshake, and as digest on UDP and TCP. None: nobody is asked. */
  secret?: string;
  /** Other domains and where their proxy is: `{ 'example.test': '127.0.0.1:5060' }`. Requests for them need no credential. */
  routes?: Record<string, string>;
  /** Shared memory in megabytes: finished transactions stay for 5 s, so that a fast load needs more. */
  megabytes?: number;
  /** Processes for UDP, and as many for TCP; default 1, the leanest. Kamailio's own default is 8. */
  workers?: number;
  /** Calls between a WebSocket and anything else go through rtpengine. */
  gateway?: RtpengineGateway;
  /** taskset list */
  cpu?: string;
}

export interface RtpengineGateway {
  /** Its ng address, `127.0.0.1:2223`. */
  rtpengine: string;
  /** What every phone is written for: it is not found out. */
  phones: 'RTP/AVP' | 'RTP/SAVP' | 'UDP/TLS/RTP/SAVP';
}

export interface Kamailio {
  program: Program;
  /** `127.0.0.1:PORT`, UDP, TCP and WebSocket alike. */
  endpoint: string;
  port: number;
  stop(): Promise<void>;
}

export async function startKamailio(options: KamailioOptions): Promise<Kamailio> {
  const { cpu, megabytes = 512 } = options;
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'chappe-kamailio-'));
  const file = join(folder, 'kamailio.cfg');
  writeFileSync(file, kamailioConfig(port, options));
  const args = ['-f', file, '-DD', '-E', '-m', String(megabytes), '-M', '32', '-Y', folder, '-w', folder];
  const program = new Program('kamailio', peerPath('kamailio'), args, cpu ? { cpu } : {});
  try {
    await program.waitFor(/Aliases:/);
    await answers(port, program);
  } catch (error) {
    await program.stop();
    throw error;
  }
  return {
    program,
    port,
    endpoint: `127.0.0.1:${port}`,
    async stop() {
      await program.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Kamailio prints nothing when its last process is up: it is ready once its HTTP side answers. */
async function answers(port: number, program: Program): Promise<void> {
  for (const deadline = Date.now() + 10_000; ; ) {
    try {
      await fetch(`http://127.0.0.1:${port}/`, { signal: AbortSignal.timeout(1000) });
      return;
    } catch (error) {
      if (Date.now() > deadline || !program.isRunning)
        throw new Error(`kamailio does not answer:\n${program.output}`, { cause: error });
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  }
}

const modules =
  'kex tm tmx sl rr pv maxfwd usrloc registrar textops siputils xlog sanity nathelper xhttp websocket htable auth auth_ephemeral';

export function kamailioConfig(port: number, options: KamailioOptions): string {
  const { domain, secret, routes = {}, workers = 1, gateway } = options;
  const elsewhere = Object.entries(routes)
    .map(([name, target]) => `  if ($rd == "${name}") { record_route(); $du = "sip:${target}"; route(RELAY); exit; }`)
    .join('\n');
  const fromElsewhere = Object.keys(routes)
    .map((name) => `  if ($fd == "${name}") return;`)
    .join('\n');
  return `#!KAMAILIO
debug=1
log_stderror=yes
memdbg=5
memlog=5
children=${workers}
tcp_children=${workers}
auto_aliases=no
dns=no
rev_dns=no
use_dns_cache=no
tcp_accept_no_cl=yes
tcp_connection_lifetime=3605
tcp_max_connections=20000
tcp_rd_buf_size=65536
listen=udp:127.0.0.1:${port}
listen=tcp:127.0.0.1:${port}
alias="${domain}"

${`${modules}${gateway ? ' rtpengine' : ''}`
  .split(' ')
  .map((name) => `loadmodule "${name}.so"`)
  .join('\n')}

modparam("tm", "failure_reply_mode", 3)
modparam("tm", "fr_timer", 30000)
modparam("tm", "fr_inv_timer", 120000)
modparam("rr", "enable_full_lr", 0)
modparam("rr", "append_fromtag", 0)
modparam("registrar", "method_filtering", 0)
modparam("registrar", "max_expires", 3600)
modparam("registrar", "gruu_enabled", 0)
modparam("usrloc", "db_mode", 0)
modparam("usrloc", "hash_size", 12)
modparam("nathelper|registrar", "received_avp", "$avp(RECEIVED)")
modparam("nathelper", "natping_interval", 0)
modparam("htable", "htable", "wsconn=>size=12;")
modparam("auth_ephemeral", "secret", "${secret ?? 'unused'}")
${gateway ? `modparam("rtpengine", "rtpengine_sock", "udp:${gateway.rtpengine}")` : ''}

request_route {
  if (!mf_process_maxfwd_header("10")) { sl_send_reply("483", "Too Many Hops"); exit; }
  if (!sanity_check("17895", "7")) exit;
  route(WSDETECT);

  if (is_method("CANCEL")) {
    if (t_check_trans()) route(RELAY);
    exit;
  }
  route(WITHINDLG);
  t_check_trans();
  route(AUTH);

  remove_hf("Route");
  if (is_method("INVITE|SUBSCRIBE")) record_route();
${elsewhere}
  if ($rd != "${domain}" && $rd != "127.0.0.1") { sl_send_reply("404", "Not here"); exit; }
  if (is_method("REGISTER")) {
    if (!save("location")) sl_reply_error();
    exit;
  }
  if ($rU == $null) { sl_send_reply("484", "Address Incomplete"); exit; }
  if (!lookup("location")) { sl_send_reply("404", "Not Found"); exit; }
  route(RELAY);
}

route[WSDETECT] {
  if (proto != WS && proto != WSS) { force_rport(); return; }
${
  secret
    ? `  $var(username) = $sht(wsconn=>$si:$sp::username);
  if ($var(username) == $null || $var(username) == "" || !autheph_check_timestamp("$var(username)")
      || (is_method("REGISTER|PUBLISH") && !autheph_check_to("$var(username)"))
      || (!has_totag() && !autheph_check_from("$var(username)"))) {
    sl_send_reply("403", "Forbidden");
    ws_close(1008, "Policy Violation");
    exit;
  }`
    : ''
}
  force_rport();
  if (is_method("REGISTER")) fix_nated_register();
  else if (is_method("INVITE|NOTIFY|SUBSCRIBE|UPDATE")) add_contact_alias();
}

route[WITHINDLG] {
  if (!has_totag()) return;
  if (loose_route()) {
    if (!isdsturiset()) handle_ruri_alias();
    if (is_method("NOTIFY")) record_route();
    route(RELAY);
    exit;
  }
  if (is_method("ACK")) {
    if (t_check_trans()) route(RELAY);
    exit;
  }
  sl_send_reply("404", "Not here");
  exit;
}

route[AUTH] {
  if (proto == WS || proto == WSS) return;
${fromElsewhere}
${
  secret
    ? `  if (is_method("REGISTER")) {
    if (!autheph_www("${domain}")) { www_challenge("${domain}", "1"); exit; }
  } else if (!autheph_proxy("${domain}")) { proxy_challenge("${domain}", "1"); exit; }
  consume_credentials();`
    : ''
}
}

route[RELAY] {
${gateway ? '  route(MEDIA);\n' : ''}  t_on_reply("REPLY");
  if (!t_relay()) sl_reply_error();
  exit;
}

${gateway ? media(gateway) : ''}onreply_route[REPLY] {
${gateway ? '  if (has_body("application/sdp")) route(MEDIA_REPLY);\n' : ''}  if ((proto == WS || proto == WSS) && status =~ "[12][0-9][0-9]") add_contact_alias();
}

event_route[xhttp:request] {
  set_reply_close();
  set_reply_no_connect();
  if ($hdr(Upgrade) =~ "websocket" && $hdr(Connection) =~ "Upgrade" && $rm =~ "GET") {
${
  secret
    ? `    $var(query) = $(hu{url.querystring});
    $var(username) = $(var(query){param.value,username,&}{s.unescape.param});
    $var(password) = $(var(query){param.value,password,&}{s.unescape.param});
    if (!autheph_authenticate("$var(username)", "$var(password)")) { xhttp_reply("403", "Forbidden", "", ""); exit; }`
    : ''
}
    if (ws_handle_handshake()) {
${secret ? '      $sht(wsconn=>$si:$sp::username) = $var(username);' : ''}
      exit;
    }
  }
  xhttp_reply("404", "Not Found", "", "");
}

event_route[websocket:closed] {
  $sht(wsconn=>$si:$sp::username) = $null;
}
`;
}

/** As rtpengine's users do: whose side a message comes from says how the other side is written for. */
function media({ phones }: RtpengineGateway): string {
  const page = 'replace-origin rtcp-mux-require ICE=force DTLS=active SDES-off UDP/TLS/RTP/SAVPF generate-mid';
  // baresip cannot decrypt the longest key, which rtpengine would offer first.
  const secure =
    phones === 'UDP/TLS/RTP/SAVP' ? 'SDES-off' : 'DTLS=off SDES-no-AEAD_AES_256_GCM SDES-no-AEAD_AES_128_GCM';
  const phone = `replace-origin rtcp-mux-demux ICE=remove ${secure} ${phones}`;
  return `route[MEDIA] {
  if (is_method("BYE|CANCEL")) rtpengine_delete();
  if (!is_method("INVITE") || !has_body("application/sdp")) return;
  if (proto == WS || proto == WSS) rtpengine_offer("${phone}");
  else rtpengine_offer("${page}");
}

route[MEDIA_REPLY] {
  if (proto == WS || proto == WSS) rtpengine_answer("${phone}");
  else rtpengine_answer("${page}");
}

`;
}
