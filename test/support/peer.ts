// Which real peers this machine has. On CI every one must be there; elsewhere a test that lacks one is skipped by name, loudly.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe } from 'vitest';

export type Peer =
  | 'kamailio'
  | 'sipp'
  | 'baresip'
  | 'linphonec'
  | 'chromium'
  | 'firefox'
  | 'ffmpeg'
  | 'openssl'
  | 'certutil'
  | 'turnserver'
  | 'turnutils_uclient'
  | 'turnutils_peer'
  | 'rtpengine'
  | 'ip'
  | 'iptables'
  | 'postgres'
  | 'prosody'
  | 'erl'
  | 'slixmpp';

const places: Record<Peer, readonly string[]> = {
  kamailio: ['kamailio'],
  sipp: ['sipp'],
  baresip: ['baresip'],
  linphonec: ['linphonec'],
  chromium: ['/usr/lib/chromium/chromium', 'chromium', 'chromium-browser', 'google-chrome'],
  firefox: ['/usr/lib/firefox-esr/firefox-esr', 'firefox-esr', 'firefox'],
  ffmpeg: ['ffmpeg'],
  openssl: ['openssl'],
  certutil: ['certutil'],
  turnserver: ['turnserver'],
  turnutils_uclient: ['turnutils_uclient'],
  turnutils_peer: ['turnutils_peer'],
  rtpengine: ['rtpengine'],
  prosody: ['prosody'],
  // ejabberd runs in it.
  erl: ['erl'],
  slixmpp: ['/usr/lib/python3/dist-packages/slixmpp/__init__.py'],
  ip: ['ip'],
  iptables: ['iptables'],
  // Debian keeps one folder a version, none of them in PATH.
  postgres: [17, 16, 15].map((version) => `/usr/lib/postgresql/${version}/bin/postgres`),
};

/** The absolute path of a peer's program, or undefined when it is not installed. `CHAPPE_TEST_<PEER>` names another one. */
export function findPeer(peer: Peer): string | undefined {
  const named = process.env[`CHAPPE_TEST_${peer.toUpperCase()}`];
  if (named) return named;
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin', '/usr/local/sbin'];
  for (const place of places[peer]) {
    for (const file of place.startsWith('/') ? [place] : folders.map((folder) => join(folder, place))) {
      if (existsSync(file)) return file;
    }
  }
  return undefined;
}

export function peerPath(peer: Peer): string {
  const path = findPeer(peer);
  if (!path) throw new Error(`${peer} is not installed: run tools/peers.sh`);
  return path;
}

/**
 * `describe` for tests against real peers: fails on CI, and is skipped with a notice elsewhere, when one is missing. `alsoMissing`:
 * what the tests need besides and this machine does not allow.
 */
export function describeWith(
  peers: readonly Peer[],
  title: string,
  tests: () => void,
  alsoMissing: readonly string[] = [],
): void {
  const missing = [...peers.filter((peer) => !findPeer(peer)), ...alsoMissing];
  if (missing.length === 0) {
    describe(title, tests);
    return;
  }
  const why = `${missing.join(', ')} missing (tools/peers.sh installs it)`;
  if (process.env['CI'] === 'true') {
    describe(title, () => {
      throw new Error(`On CI no test is skipped: ${why}`);
    });
    return;
  }
  process.stderr.write(`\n*** SKIPPED: ${title}: ${why}\n\n`);
  describe.skip(`${title} [${why}]`, tests);
}
