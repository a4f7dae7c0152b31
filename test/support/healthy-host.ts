// A host with nothing wrong, for the doctor to look at; each test breaks what it is about.
import { loadConfiguration } from '../../src/server/config.ts';
import { configuredPorts, type Examination } from '../../src/server/doctor/examination.ts';
import type { System } from '../../src/server/doctor/system.ts';

export const NOON = Date.UTC(2026, 10, 23, 12);

export function healthySystem(more: Partial<System> = {}): System {
  const files: Record<string, string> = {
    '/proc/self/limits': 'Limit  Soft Limit  Hard Limit  Units\nMax open files            65536   65536   files\n',
    '/proc/sys/net/core/somaxconn': '4096\n',
    '/proc/sys/net/core/rmem_max': '4194304\n',
  };
  return {
    now: () => NOON,
    nodeVersion: '24.1.0',
    read: (path) => files[path],
    postgresVersion: async () => '15.8',
    folder: async () => ({
      mode: 0o40700,
      writable: true,
      free: 1e12,
      files: [{ name: 'seal.key', mode: 0o600, modified: NOON }],
    }),
    interfaces: () => [
      { address: '127.0.0.1', internal: true },
      { address: '203.0.113.7', internal: false },
    ],
    lookup: async (name) => (name === 'rtc.example.test' ? ['203.0.113.7'] : []),
    services: async () => [],
    bind: async () => undefined,
    timerDelay: async () => 1,
    open: async () => {
      throw new Error('nobody listens');
    },
    pingRtpengine: async () => true,
    ...more,
  };
}

/** `config` as in the file, without one. */
export function healthyHost(config: Record<string, unknown> = {}, more: Partial<System> = {}): Examination {
  const environment = Object.fromEntries(
    Object.entries(config).map(([key, value]) => [key, typeof value === 'string' ? value : JSON.stringify(value)]),
  );
  const { configuration } = loadConfiguration({ environment, directory: '/' });
  return {
    configuration,
    warnings: [],
    system: healthySystem(more),
    ports: configuredPorts(configuration),
    running: false,
    inside: false,
  };
}

/** Everything where the world can reach it. */
export const OUTWARD = {
  CHAPPE_PUBLIC_HOST: 'rtc.example.test',
  CHAPPE_WEB_LISTEN: '0.0.0.0:443',
  CHAPPE_SIP_LISTEN: ['udp:0.0.0.0:5060', 'tcp:0.0.0.0:5060'],
  CHAPPE_TURN_LISTEN: ['udp:0.0.0.0:3478', 'tcp:0.0.0.0:3478'],
  CHAPPE_MEDIA_LISTEN: '0.0.0.0:3478',
};
