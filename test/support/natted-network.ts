// A network of its own behind a symmetric NAT, of two network namespaces: programs started `inside` reach this machine at
// `address` alone, through a router that gives each of their flows another port (and no others in), and may let no UDP pass.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findPeer, peerPath } from './peer.ts';

export interface NattedNetwork {
  /** This machine as it is seen from inside. */
  address: string;
  /** A script that starts that program inside. */
  wrap(program: string): string;
  /** What the router does with a datagram from inside. */
  udp(fate: 'passes' | 'dropped'): void;
  close(): void;
}

/** Documentation addresses (RFC 5737), and a private network as at home. */
const OUTSIDE = '203.0.113';
const INSIDE = '10.77.5';

let made = 0;

export function nattedNetwork(): NattedNetwork {
  const id = `${process.pid}x${++made}`;
  const [home, router] = [`chappe-home-${id}`, `chappe-nat-${id}`];
  const link = `cn${id}`;
  const folder = mkdtempSync(join(tmpdir(), 'chappe-nat-'));
  const close = (): void => {
    // Their links go with the namespaces.
    for (const name of [home, router]) run('ip', 'netns', 'del', name);
    rmSync(folder, { recursive: true, force: true });
  };
  try {
    for (const name of [home, router]) {
      run('ip', 'netns', 'add', name);
      run('ip', '-n', name, 'link', 'set', 'lo', 'up');
    }
    run('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'outside', 'netns', router);
    run('ip', 'link', 'add', 'inside', 'netns', router, 'type', 'veth', 'peer', 'name', 'home', 'netns', home);
    run('ip', 'address', 'add', `${OUTSIDE}.1/24`, 'dev', link);
    run('ip', '-n', router, 'address', 'add', `${OUTSIDE}.2/24`, 'dev', 'outside');
    run('ip', '-n', router, 'address', 'add', `${INSIDE}.1/24`, 'dev', 'inside');
    run('ip', '-n', home, 'address', 'add', `${INSIDE}.2/24`, 'dev', 'home');
    run('ip', 'link', 'set', link, 'up');
    run('ip', '-n', router, 'link', 'set', 'outside', 'up');
    run('ip', '-n', router, 'link', 'set', 'inside', 'up');
    run('ip', '-n', home, 'link', 'set', 'home', 'up');
    run('ip', '-n', home, 'route', 'add', 'default', 'via', `${INSIDE}.1`);
    run('ip', 'netns', 'exec', router, 'sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward');
    inRouter(router, '-t', 'nat', '-A', 'POSTROUTING', '-o', 'outside', '-j', 'MASQUERADE', '--random-fully');
    inRouter(router, '-P', 'FORWARD', 'DROP');
    inRouter(router, '-A', 'FORWARD', '-i', 'inside', '-j', 'ACCEPT');
    inRouter(router, '-A', 'FORWARD', '-m', 'conntrack', '--ctstate', 'ESTABLISHED,RELATED', '-j', 'ACCEPT');
  } catch (error) {
    close();
    throw error;
  }
  return {
    address: `${OUTSIDE}.1`,
    close,
    udp(fate) {
      inRouter(router, fate === 'dropped' ? '-I' : '-D', 'FORWARD', '-p', 'udp', '-j', 'DROP');
    },
    wrap(program) {
      const file = join(folder, 'start.sh');
      writeFileSync(file, `#!/bin/sh\nexec ${peerPath('ip')} netns exec ${home} ${program} "$@"\n`);
      chmodSync(file, 0o755);
      return file;
    },
  };
}

/** What this machine lacks for it: nothing where one can be made. */
export function nattedNetworkMissing(): string[] {
  if (!findPeer('ip') || !findPeer('iptables')) return []; // told as peers
  try {
    nattedNetwork().close();
    return [];
  } catch {
    return ['the right to make network namespaces'];
  }
}

function inRouter(router: string, ...rule: string[]): void {
  run('ip', 'netns', 'exec', router, peerPath('iptables'), '-w', ...rule);
}

function run(command: 'ip', ...args: string[]): void {
  execFileSync(peerPath(command), args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
